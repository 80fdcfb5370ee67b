"""The torch module that scores the labels of whole texts."""

from __future__ import annotations

from typing import Literal

import torch
import torch.nn.functional as F  # noqa: N812 -- its usual name
from torch import Tensor, nn

Pooling = Literal["first", "mean", "attention", "logsumexp"]


class TextHead(nn.Module):
    """Vectors of a text's parts (tokens, or windows) to the scores of its labels.

    pooling: how parts become one text. "first" = the first part alone; "mean" = their mean; "attention" = their mean with
        learnt weights (Lin et al., "A structured self-attentive sentence embedding", 2017); "logsumexp" = each part is
        scored on its own, and a label's score is the log of the mean of the parts' exponentiated scores, so that one part
        can speak for the whole text (Pinheiro and Collobert, "From image-level to pixel-level labeling", 2015).
    """

    def __init__(self, *, width: int, n_labels: int, pooling: Pooling, hidden_width: int | None) -> None:
        super().__init__()
        self.pooling = pooling
        self.attention = nn.Linear(width, 1) if pooling == "attention" else None
        self.hidden = nn.Linear(width, hidden_width) if hidden_width is not None else None
        self.output = nn.Linear(hidden_width or width, n_labels)

    def forward(self, parts: Tensor, lengths: Tensor, *, dropout: float = 0.0) -> Tensor:
        """Score the labels of texts: (texts, labels).

        parts: (parts, width), those of all texts one after another.
        lengths: (texts,), in parts. A text without parts is pooled to zeros.
        """
        if self.pooling == "logsumexp":
            return _log_mean_exp(self._classify(parts, dropout), lengths)
        return self._classify(self._pool(parts, lengths), dropout)

    def _classify(self, vectors: Tensor, dropout: float) -> Tensor:
        vectors = F.dropout(vectors, dropout, self.training)
        if self.hidden is not None:
            vectors = F.dropout(F.gelu(self.hidden(vectors)), dropout, self.training)
        return self.output(vectors)

    def _pool(self, parts: Tensor, lengths: Tensor) -> Tensor:
        if self.pooling == "first":
            has_parts = lengths > 0
            pooled = parts.new_zeros(len(lengths), parts.shape[1])
            pooled[has_parts] = parts[(lengths.cumsum(0) - lengths)[has_parts]]
            return pooled
        if self.attention is None:
            return _sum(parts, lengths) / lengths.clamp(min=1)[:, None]
        relevance = self.attention(parts)
        weights = (relevance - _spread(_max(relevance, lengths), lengths)).exp()
        return _sum(parts * weights, lengths) / _sum(weights, lengths).clamp(min=torch.finfo(weights.dtype).tiny)


def _log_mean_exp(scores: Tensor, lengths: Tensor) -> Tensor:
    highest = _max(scores, lengths)
    sums = _sum((scores - _spread(highest, lengths)).exp(), lengths)
    means = sums / lengths.clamp(min=1)[:, None]
    # a text without parts has means of 0, whose logarithm would turn every gradient into NaN
    return highest + torch.where(lengths[:, None] > 0, means, torch.ones_like(means)).log()


def _sum(parts: Tensor, lengths: Tensor) -> Tensor:
    return parts.new_zeros(len(lengths), parts.shape[1]).index_add(0, _text_of_part(lengths), parts)


def _max(parts: Tensor, lengths: Tensor) -> Tensor:
    """The greatest values (texts, width), without gradients; 0 for a text without parts."""
    text_of_part = _text_of_part(lengths)[:, None].expand_as(parts)
    zeros = parts.new_zeros(len(lengths), parts.shape[1])
    return zeros.scatter_reduce(0, text_of_part, parts.detach(), "amax", include_self=False)


def _spread(texts: Tensor, lengths: Tensor) -> Tensor:
    return texts[_text_of_part(lengths)]


def _text_of_part(lengths: Tensor) -> Tensor:
    return torch.repeat_interleave(lengths)
