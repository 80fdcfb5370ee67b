"""What a text classifier learns from: losses and their gradients, weights of labels, probabilities. Pure functions.

In gold labels (texts, labels), 1 = has the label, 0 = has it not, NaN = nobody said; what nobody said teaches nothing.
"""

from __future__ import annotations

import numpy as np

from spanwright.types import Doubles1d, Doubles2d, Ints1d


def probabilities(scores: Doubles2d, *, exclusive: bool, temperature: float = 1.0) -> Doubles2d:
    """Turn scores (texts, labels) into probabilities: each row sums to 1 if `exclusive`, else each value is on its own."""
    scores = scores.astype(np.float64) / temperature
    return np.exp(_log_softmax(scores)) if exclusive else _sigmoid(scores)


def exclusive_loss(
    scores: Doubles2d, gold: Doubles2d, *, weights: Doubles1d, label_smoothing: float
) -> tuple[float, Doubles2d]:
    """Return the weighted cross-entropy per text with a gold label, and its gradient (texts, labels).

    weights: (labels,), how much a text counts, by its gold label. The sum is divided by the number of texts and not by
        their weights, or a batch of one text would be deaf to its weight.
    label_smoothing: the share of the target that is spread over all labels (Szegedy et al., 2016).
    """
    known = np.logical_not(np.isnan(gold).any(axis=1))
    n_texts = max(int(known.sum()), 1)
    scores, gold = scores.astype(np.float64), np.where(known[:, None], gold, 0.0)
    target = gold * (1 - label_smoothing) + label_smoothing / gold.shape[1]
    share = (gold @ weights / n_texts)[:, None]  # 0 where gold is not known
    log_chances = _log_softmax(scores)
    return float(-(share * target * log_chances).sum()), share * (np.exp(log_chances) - target)


def multilabel_loss(
    scores: Doubles2d, gold: Doubles2d, *, weights: Doubles1d, label_smoothing: float
) -> tuple[float, Doubles2d]:
    """Return the weighted binary cross-entropy per known gold value, and its gradient (texts, labels).

    weights: (labels,), how much a text that has the label counts; one that has it not counts 1.
    label_smoothing: the share of each target that is spread over yes and no.
    """
    known = ~np.isnan(gold)
    n_values = max(int(known.sum()), 1)
    scores, gold = scores.astype(np.float64), np.where(known, gold, 0.0)
    target = gold * (1 - label_smoothing) + label_smoothing / 2
    share = np.where(gold == 1, weights, 1.0) * known / n_values
    loss = share * (np.logaddexp(0, scores) - target * scores)
    return float(loss.sum()), share * (_sigmoid(scores) - target)


def balanced_weights(n_positive: Ints1d, n_negative: Ints1d, *, exclusive: bool) -> Doubles1d:
    """Return the weights (labels,) under which every label counts alike; 1 for a label that no text has.

    n_positive, n_negative: (labels,), texts that have the label, and that have it not.

    Exclusive labels weigh texts / (labels * texts with the label), whose mean over texts is 1 (King and Zeng, "Logistic
    regression in rare events data", 2001); others texts without the label / texts with it.
    """
    seen = n_positive > 0
    divisor = np.where(seen, n_positive, 1)
    ratio = n_positive.sum() / (max(int(seen.sum()), 1) * divisor) if exclusive else n_negative / divisor
    return np.where(seen & (ratio > 0), ratio, 1.0)


def _sigmoid(scores: Doubles2d) -> Doubles2d:
    return np.exp(-np.logaddexp(0, -scores))


def _log_softmax(scores: Doubles2d) -> Doubles2d:
    shifted = scores - scores.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
