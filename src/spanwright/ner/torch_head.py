"""The torch module that scores tags, and the losses that train it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 -- its usual name
from torch import Tensor, nn

from spanwright.dropout import drop
from spanwright.ner.crf import expected_moves, forward_backward, marginals, pad_index
from spanwright.ner.recurrence import read_both_ways
from spanwright.ner.tags import ANY, TagIds, TagSet, permitted_tags
from spanwright.types import BoolsXd, Ints1d, Singles1d


class TagScores(NamedTuple):
    """Scores of a batch's tags, or the gradients of these scores."""

    emissions: Tensor  # (words, tags), the words of all Docs one after another
    transitions: Tensor  # (tags + 1, tags + 1), as in `spanwright.ner.crf`; zeros in a linear head
    lengths: Ints1d  # (docs,), in words


class TagHead(nn.Module):
    """Word vectors to tag scores: perhaps an LSTM in both directions, a linear layer, and perhaps a CRF's transitions.

    The stack is that of Huang et al., "Bidirectional LSTM-CRF models for sequence tagging", 2015.
    """

    def __init__(self, *, width: int, n_tags: int, lstm_width: int | None, has_transitions: bool) -> None:
        super().__init__()
        self.lstm = nn.LSTM(width, lstm_width, bidirectional=True) if lstm_width is not None else None
        self.output = nn.Linear(2 * lstm_width if lstm_width is not None else width, n_tags)
        transitions = torch.zeros(n_tags + 1, n_tags + 1)
        if has_transitions:
            self.transitions = nn.Parameter(transitions)
        else:
            self.register_buffer("transitions", transitions, persistent=False)

    def forward(self, words: Tensor, lengths: list[int], *, dropout: float = 0.0) -> tuple[Tensor, Tensor]:
        """Score `words` (words, width), of Docs of these lengths, none of them 0: emissions (words, tags) and transitions
        (tags + 1, tags + 1).
        """
        rate = dropout if self.training else 0.0
        words = drop(words, rate)
        if self.lstm is not None and lengths:
            words = drop(read_both_ways(self.lstm, words, lengths), rate)
        elif self.lstm is not None:
            words = words.new_zeros(0, self.output.in_features)
        return self.output(words), self.transitions


def token_loss(
    scores: TagScores, gold: TagIds, *, weights: Singles1d, label_smoothing: float
) -> tuple[float, TagScores]:
    """Return the mean cross-entropy of the words whose gold tag (words,) is known, and its gradients.

    weights: (tags,), how much a word counts, by its gold tag.
    """
    if not weights[gold[gold != ANY]].any():
        return 0.0, _no_gradient(scores)
    emissions = scores.emissions.detach().float().requires_grad_()
    target = torch.from_numpy(gold).to(emissions.device)
    weight = torch.from_numpy(weights).to(emissions.device)
    losses = F.cross_entropy(emissions, target, ignore_index=ANY, label_smoothing=label_smoothing, reduction="none")
    # torch's own weights would weigh what smoothing adds by each tag, not by the word's
    counts = weight[target.clamp(min=0)] * (target != ANY)
    loss = (counts * losses).sum() / counts.sum()
    (gradient,) = torch.autograd.grad(loss, emissions)
    return loss.item(), scores._replace(emissions=gradient, transitions=torch.zeros_like(scores.transitions))


def sequence_loss(scores: TagScores, gold: TagIds, tagset: TagSet) -> tuple[float, TagScores]:
    """Return the CRF's negative log-likelihood per word whose gold tag (words,) is known, and its gradients.

    Words whose tag is not known are summed over: the likelihood is that of all valid sequences that agree with the
    rest.
    """
    n_known = int((gold != ANY).sum())
    if n_known == 0:
        return 0.0, _no_gradient(scores)
    lengths = scores.lengths[scores.lengths > 0]
    index, mask = pad_index(np.cumsum(lengths) - lengths, lengths)
    emissions, transitions = to_float64(scores.emissions), forbid(to_float64(scores.transitions), tagset.allowed)
    agreeing = forbid(emissions, permitted_tags(gold, lengths, tagset))
    # one pass for both sums: the first half of the rows are all sequences, the second those that agree with gold
    rows, words = torch.from_numpy(index).to(emissions.device), torch.from_numpy(mask).to(emissions.device)
    both = words.repeat(2, 1)
    lattice = forward_backward(torch.cat([emissions[rows], agreeing[rows]]), transitions, both)
    log_z, log_gold = lattice.log_z.chunk(2)
    all_tags, gold_tags = marginals(lattice).chunk(2)
    all_moves, gold_moves = expected_moves(lattice, both).chunk(2)
    d_emissions = torch.zeros_like(emissions)
    d_emissions[rows[words]] = (all_tags - gold_tags)[words]
    d_transitions = (all_moves - gold_moves).sum(dim=0)
    gradients = scores._replace(
        emissions=(d_emissions / n_known).to(scores.emissions),
        transitions=(d_transitions / n_known).to(scores.transitions),
    )
    return (log_z - log_gold).sum().item() / n_known, gradients


def to_float64(tensor: Tensor) -> Tensor:
    """Return the tensor in the type that `spanwright.ner.crf` needs; on the CPU where a Mac's GPU does not have it."""
    return tensor.detach().cpu().double() if tensor.device.type == "mps" else tensor.detach().double()


def forbid(scores: Tensor, allowed: BoolsXd) -> Tensor:
    """Return the scores with -inf where `allowed`, of the same shape, is False."""
    return scores.masked_fill(~torch.from_numpy(allowed).to(scores.device), -torch.inf)


def _no_gradient(scores: TagScores) -> TagScores:
    return scores._replace(
        emissions=torch.zeros_like(scores.emissions), transitions=torch.zeros_like(scores.transitions)
    )
