"""Thresholds of labels, tuned on data that the model has not learnt from. Pure functions.

Which threshold did best on a few hundred texts is mostly chance where a label is rare. So texts only correct how often a label is
expected, one number each; the threshold is the one that promises the best score if the corrected probabilities are true. For F1
it is half of that score (Lipton, Elkan and Naryanaswamy, "Optimal thresholding of classifiers to maximize F1 measure", 2014).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from spanwright.textcat.losses import probabilities
from spanwright.types import Bools1d, Doubles1d

LARGEST_SHIFT = 20.0  # of log-odds
SMALLEST = np.finfo(np.float64).tiny


def f1(tp: Doubles1d, fp: Doubles1d, fn: Doubles1d, tn: Doubles1d) -> Doubles1d:
    """The harmonic mean of precision and recall; 0 where nothing is right."""
    return 2 * tp / np.maximum(2 * tp + fp + fn, SMALLEST)


def accuracy(tp: Doubles1d, fp: Doubles1d, fn: Doubles1d, tn: Doubles1d) -> Doubles1d:
    return (tp + tn) / (tp + fp + fn + tn)


def balanced_accuracy(tp: Doubles1d, fp: Doubles1d, fn: Doubles1d, tn: Doubles1d) -> Doubles1d:
    """The mean of the shares of positives and of negatives that are recognised."""
    return (tp / np.maximum(tp + fn, SMALLEST) + tn / np.maximum(tn + fp, SMALLEST)) / 2


METRICS: dict[str, Callable[[Doubles1d, Doubles1d, Doubles1d, Doubles1d], Doubles1d]] = {
    "f1": f1,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
}


def correct(chances: Doubles1d, has_label: Bools1d) -> Doubles1d:
    """Shift the log-odds of `chances` (texts,) by what makes `has_label` likeliest, and return the probabilities.

    A shift of s is itself as likely as under a normal distribution of variance 1, so that a label of which few texts are
    seen keeps about its probabilities. It undoes weights of classes, which have a model say too often what is rare.
    """
    bounded = np.clip(chances, 1e-9, 1 - 1e-9)
    log_odds = np.log(bounded / (1 - bounded))

    def shifted(by: float) -> Doubles1d:
        return probabilities(log_odds + by, exclusive=False)

    low, high = -LARGEST_SHIFT, LARGEST_SHIFT
    while high - low > 1e-6:  # the slope of the negative log-likelihood grows with the shift
        middle = (low + high) / 2
        is_too_high = shifted(middle).sum() - has_label.sum() + middle > 0
        low, high = (low, middle) if is_too_high else (middle, high)
    return shifted(low)


def best_threshold(chances: Doubles1d, beliefs: Doubles1d | Bools1d, *, metric: str) -> float:
    """Return the threshold at which `chances >= threshold` promises the best score.

    chances: (texts,), what a model says.
    beliefs: (texts,), how probable it is that a text has the label; 0 and 1 (False and True) where that is known.
    metric: a key of METRICS.

    Thresholds lie half-way between neighbouring chances. Among equally good ones the nearest to 0.5 is taken.
    """
    order = np.argsort(-chances, kind="stable")
    chances, beliefs = chances[order], beliefs[order]
    # cut n accepts the first n texts; between equal chances there is no cut
    is_cut = np.concatenate([chances[:1] < 1, np.diff(chances) < 0, [True]])
    tp = np.concatenate([[0], np.cumsum(beliefs)]).astype(np.float64)
    fp = np.arange(len(chances) + 1) - tp
    values = METRICS[metric](tp, fp, tp[-1] - tp, fp[-1] - fp)
    above, below = np.concatenate([[1.0], chances]), np.concatenate([chances, [0.0]])
    middle = (above + below) / 2
    thresholds = np.where(middle > below, middle, above)
    best = np.flatnonzero(is_cut & (values >= values[is_cut].max() - 1e-12))
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - 0.5))]])
