"""Linear-chain conditional random fields over padded batches: pure functions, with no loop over the batch.

Source: Lafferty, McCallum and Pereira, "Conditional random fields" (2001); scaling as in Rabiner, "A tutorial on hidden
Markov models" (1989). Tensors are float64: probabilities are kept unlogged, and float32 would underflow 90 nats below
the best tag.

Shapes: emissions (batch, words, tags); transitions (tags + 1, tags + 1), where [i, j] scores tag j after tag i, the
last row the tags that begin a Doc and the last column those that end one; mask (batch, words), True for words and False
for padding, which stands behind them. A score of -inf forbids; at least one sequence must remain for each Doc. Docs
have at least one word.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from spanwright.types import Bools2d, Ints1d, Ints2d


class Lattice(NamedTuple):
    """A batch after one pass forward and one back. Each (row, word) of the first three tensors has its own scale."""

    before: Tensor  # (batch, words, tags): mass of all sequences up to the word, its tag given
    after: Tensor  # (batch, words, tags): mass of all continuations behind the word
    emitted: Tensor  # (batch, words, tags): exponentials of the emissions
    moves: Tensor  # (tags + 1, tags + 1): exponentials of the transitions
    log_z: Tensor  # (batch,): logarithm of the mass of all sequences


class PathPosteriors(NamedTuple):
    """Logarithms of probabilities (batch, words) along one sequence of tags per Doc."""

    tag: Tensor  # the word has its tag
    step: Tensor  # it has it, given the tag of the word before; 0 for first words
    stop: Tensor  # the word behind does not continue its entity, given its tag


def pad_index(offsets: Ints1d, lengths: Ints1d) -> tuple[Ints2d, Bools2d]:
    """Return indices (batch, words) that gather Docs lying one after another into a padded batch, and the mask.

    offsets, lengths: (batch,), each Doc's first word and its number of words. Padding points at a Doc's first word.
    """
    columns = np.arange(lengths.max())[None, :]
    mask = columns < lengths[:, None]
    return offsets[:, None] + np.where(mask, columns, 0), mask


def forward_backward(emissions: Tensor, transitions: Tensor, mask: Tensor) -> Lattice:
    """Sum over all sequences of tags."""
    n_words = emissions.shape[1]
    peaks = emissions.amax(dim=2)
    emitted = (emissions - peaks[..., None]).exp()
    moves = transitions.exp()
    onward, backward = moves[:-1, :-1], moves[:-1, :-1].T.contiguous()
    first, last = moves[-1, :-1], moves[:-1, -1]
    before, after = torch.empty_like(emitted), torch.empty_like(emitted)
    scales = torch.empty_like(peaks)
    state = first * emitted[:, 0]
    for t in range(n_words):
        if t > 0:
            state = torch.where(mask[:, t, None], (state @ onward) * emitted[:, t], state)
        scale = state.sum(dim=1, keepdim=True)
        state = state / scale
        before[:, t] = state
        scales[:, t] = scale[:, 0]
    log_z = scales.log().sum(dim=1) + peaks.where(mask, 0.0).sum(dim=1) + (state @ last).log()
    state = last.expand_as(state)
    for t in reversed(range(n_words)):
        after[:, t] = state
        ahead = (emitted[:, t] * state) @ backward
        state = torch.where(mask[:, t, None], ahead / ahead.sum(dim=1, keepdim=True), last)
    return Lattice(before, after, emitted, moves, log_z)


def marginals(lattice: Lattice) -> Tensor:
    """Return the probability (batch, words, tags) of each tag at each word. Padding has no meaning."""
    joint = lattice.before * lattice.after
    return joint / joint.sum(dim=2, keepdim=True)


def expected_moves(lattice: Lattice, mask: Tensor) -> Tensor:
    """Return how often each Doc is expected to use each transition (batch, tags + 1, tags + 1)."""
    arriving = lattice.emitted * lattice.after
    joint = (lattice.before[:, :-1] @ lattice.moves[:-1, :-1]) * arriving[:, 1:]
    arriving = (arriving[:, 1:] / joint.sum(dim=2, keepdim=True)).where(mask[:, 1:, None], 0.0)
    tags = marginals(lattice)
    is_last = mask & ~torch.cat([mask[:, 1:], torch.zeros_like(mask[:, :1])], dim=1)
    expected = torch.zeros(len(mask), *lattice.moves.shape, dtype=tags.dtype, device=tags.device)
    expected[:, :-1, :-1] = (lattice.before[:, :-1].transpose(1, 2) @ arriving) * lattice.moves[:-1, :-1]
    expected[:, -1, :-1] = tags[:, 0]
    expected[:, :-1, -1] = tags[is_last]
    return expected


def viterbi(emissions: Tensor, transitions: Tensor, mask: Tensor) -> Tensor:
    """Return the best sequence of tags (batch, words) of each Doc. Padding repeats the last tag.

    Source: Viterbi, "Error bounds for convolutional codes" (1967).
    """
    n_words, n_tags = emissions.shape[1:]
    arrivals = transitions[:-1, :-1].T.contiguous()
    stay = torch.arange(n_tags, device=emissions.device)
    score = transitions[-1, :-1] + emissions[:, 0]
    origins = []
    for t in range(1, n_words):
        best, origin = (score[:, None, :] + arrivals).max(dim=2)
        score = torch.where(mask[:, t, None], best + emissions[:, t], score)
        origins.append(torch.where(mask[:, t, None], origin, stay))
    tag = (score + transitions[:-1, -1]).argmax(dim=1, keepdim=True)
    path = [tag]
    for origin in reversed(origins):
        tag = origin.gather(1, tag)
        path.append(tag)
    return torch.cat(path[::-1], dim=1)


def path_posteriors(lattice: Lattice, path: Tensor, continues: Tensor, mask: Tensor) -> PathPosteriors:
    """Return the probabilities along `path` (batch, words), from which that of any stretch of it follows.

    The tags behind a word depend on its own tag alone, so a stretch has the probability of its first tag times that of
    each next tag given the one before: exactly the mass of all sequences through it, over that of all sequences.
    continues: (tags, tags) bool, as in `TagSet`.
    """
    tag = marginals(lattice).gather(2, path[..., None])[..., 0]
    arriving = (lattice.emitted * lattice.after)[:, 1:]
    onward = lattice.moves[:-1, :-1][path[:, :-1]] * arriving
    onward = onward / onward.sum(dim=2, keepdim=True)
    step = torch.ones_like(tag)
    step[:, 1:] = onward.gather(2, path[:, 1:, None])[..., 0]
    stop = torch.ones_like(tag)
    stopping = onward.masked_fill(continues[path[:, :-1]], 0.0).sum(dim=2)
    stop[:, :-1] = stopping.where(mask[:, 1:], 1.0)
    return PathPosteriors(tag.log(), step.log(), stop.log())
