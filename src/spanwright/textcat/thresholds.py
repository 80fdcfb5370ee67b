"""Thresholds of labels, tuned on data that the model has not learnt from. Pure functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats1d = NDArray[np.float64]
Bools1d = NDArray[np.bool_]


def f1(tp: Floats1d, fp: Floats1d, fn: Floats1d, tn: Floats1d) -> Floats1d:
    """The harmonic mean of precision and recall; 0 where nothing is right."""
    return 2 * tp / np.maximum(2 * tp + fp + fn, 1)


def accuracy(tp: Floats1d, fp: Floats1d, fn: Floats1d, tn: Floats1d) -> Floats1d:
    return (tp + tn) / (tp + fp + fn + tn)


def balanced_accuracy(tp: Floats1d, fp: Floats1d, fn: Floats1d, tn: Floats1d) -> Floats1d:
    """The mean of the shares of positives and of negatives that are recognised."""
    return (tp / np.maximum(tp + fn, 1) + tn / np.maximum(tn + fp, 1)) / 2


METRICS: dict[str, Callable[[Floats1d, Floats1d, Floats1d, Floats1d], Floats1d]] = {
    "f1": f1,
    "accuracy": accuracy,
    "balanced_accuracy": balanced_accuracy,
}


def best_threshold(chances: Floats1d, has_label: Bools1d, *, metric: str) -> float:
    """Return the threshold at which `chances >= threshold` foretells `has_label` (texts,) best.

    metric: a key of METRICS.

    Thresholds lie half-way between neighbouring chances. Among equally good ones the nearest to 0.5 is taken.
    """
    order = np.argsort(-chances, kind="stable")
    chances, has_label = chances[order], has_label[order]
    # cut n accepts the first n texts; between equal chances there is no cut
    is_cut = np.concatenate([chances[:1] < 1, np.diff(chances) < 0, [True]])
    tp = np.concatenate([[0], np.cumsum(has_label)]).astype(np.float64)
    fp = np.arange(len(chances) + 1) - tp
    values = METRICS[metric](tp, fp, tp[-1] - tp, fp[-1] - fp)
    above, below = np.concatenate([[1.0], chances]), np.concatenate([chances, [0.0]])
    middle = (above + below) / 2
    thresholds = np.where(middle > below, middle, above)
    best = np.flatnonzero(is_cut & (values >= values[is_cut].max() - 1e-12))
    return float(thresholds[best[np.argmin(np.abs(thresholds[best] - 0.5))]])
