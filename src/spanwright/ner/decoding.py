"""From tag scores to entities with a confidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch

from spanwright.ner.crf import PathPosteriors, forward_backward, pad_index, path_posteriors, viterbi
from spanwright.ner.tags import ANY, OUTSIDE, SpanTable, TagIds, TagSet, find_spans, permitted_tags
from spanwright.ner.torch_head import TagScores, forbid, to_float64
from spanwright.types import Doubles1d, Ints1d

LARGEST_BATCH = 1 << 16  # in words, padding included


class Entities(NamedTuple):
    """Entities of a batch, a row each, in order of their start."""

    spans: SpanTable
    confidences: Doubles1d  # (spans,), from 0 to 1


NO_ENTITIES = Entities(SpanTable(*np.zeros((3, 0), dtype=np.int64)), np.zeros(0))


def decode(
    scores: TagScores,
    tagset: TagSet,
    *,
    preset: TagIds | None = None,
    temperature: float = 1.0,
    entity_bonus: float = 0.0,
) -> Entities:
    """Return the entities of the best valid sequence of tags of each Doc.

    An entity's confidence is its posterior: the probability, among valid sequences, that exactly this span has this
    label. With a linear head transitions score zero, and the posterior is that of independent words on condition that
    their tags are valid.
    preset: (words,), tags that are settled, and ANY elsewhere; their entities are not returned.
    temperature: divides the scores before they become confidences. It does not change which entities there are.
    entity_bonus: added to a sequence's score for each entity in it, in choosing the best one; confidences are without it.
    """
    emissions, transitions = to_float64(scores.emissions), forbid(to_float64(scores.transitions), tagset.allowed)
    if preset is not None:
        emissions = forbid(emissions, permitted_tags(preset, scores.lengths, tagset))
    continues = torch.from_numpy(tagset.continues).to(emissions.device)
    bonus = entity_bonus * torch.from_numpy(tagset.begins).to(emissions)
    offsets = np.cumsum(scores.lengths) - scores.lengths
    tags = np.empty(len(emissions), dtype=np.int64)
    posteriors = np.empty((len(PathPosteriors._fields), len(emissions)))
    for docs in _batches_of_like_length(scores.lengths):
        index, is_word = pad_index(offsets[docs], scores.lengths[docs])
        mask = torch.from_numpy(is_word).to(emissions.device)
        padded = emissions[torch.from_numpy(index).to(emissions.device)]
        path = viterbi(padded + bonus, transitions, mask)
        lattice = forward_backward(padded / temperature, transitions / temperature, mask)
        found = torch.stack(path_posteriors(lattice, path, continues, mask))
        tags[index[is_word]] = path.cpu().numpy()[is_word]
        posteriors[:, index[is_word]] = found.cpu().numpy()[:, is_word]
    if preset is not None:
        tags = np.where(preset == ANY, tags, OUTSIDE)
    spans = find_spans(tags, tagset)
    return Entities(spans, _confidences(spans, PathPosteriors(*posteriors)))


def _batches_of_like_length(lengths: Ints1d) -> Iterator[Ints1d]:
    """Yield the Docs that have words, the longest first: one long Doc must not pad hundreds to its length."""
    docs = np.argsort(-lengths, kind="stable")
    docs = docs[lengths[docs] > 0]
    while len(docs):
        n_docs = max(1, LARGEST_BATCH // lengths[docs[0]])
        yield docs[:n_docs]
        docs = docs[n_docs:]


def _confidences(spans: SpanTable, posteriors: PathPosteriors) -> Doubles1d:
    steps = np.cumsum(posteriors.step)
    last = spans.ends - 1
    within = steps[last] - steps[spans.starts]
    return np.minimum(np.exp(posteriors.tag[spans.starts] + within + posteriors.stop[last]), 1.0)
