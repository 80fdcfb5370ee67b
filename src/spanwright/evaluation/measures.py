"""The measures of a task as statistics of amounts by document, under the path that each has in docs/metrics.md."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import numpy as np

from spanwright.evaluation.significance import LEVEL, Amounts, Statistic, Sums, bootstrap, interval
from spanwright.types import Doubles1d, Doubles3d, DoublesXd

MeasurePath = tuple[str, ...]
Measures = Mapping[MeasurePath, Statistic]

HITS = 3  # columns of a label: true positives, false positives, false negatives
PRF = ("p", "r", "f")


class Tally(Protocol):
    """What the results of a task are gathered in."""

    @property
    def documents(self) -> int: ...

    @property
    def labels(self) -> Sequence[str]: ...

    def amounts(self, labels: Sequence[str]) -> Amounts:
        """What the measures for `labels` are made of, (documents, columns)."""
        ...

    def measures(self, labels: Sequence[str]) -> Measures: ...

    def section(self) -> dict[str, Any]:
        """The part of docs/metrics.md, without intervals."""
        ...


def label_measures(labels: Sequence[str]) -> dict[MeasurePath, Statistic]:
    """Return precision, recall and F1 of all and of each label, from columns tp, fp, fn for each of `labels`.

    macro is the mean over labels and weighted the mean by gold items, both without the labels that have no value.
    """
    measures: dict[MeasurePath, Statistic] = {}
    for column, name in enumerate(PRF):
        measures["micro", name] = partial(_micro, column=column)
    for kind, by_support in (("macro", False), ("weighted", True)):
        for column, name in enumerate(PRF):
            measures[kind, name] = partial(_mean, column=column, by_support=by_support)
    for number, label in enumerate(labels):
        for column, name in enumerate(PRF):
            measures["labels", label, name] = partial(_of_label, number=number, column=column)
    return measures


def share(sums: Sums, *, column: int, of: int) -> Doubles1d:
    """Return one column (samples,) as a share of another."""
    return _divide(sums[:, column], sums[:, of])


def values(measures: Measures, amounts: Amounts) -> dict[MeasurePath, float | None]:
    """Return the value of each measure over all documents; None where it cannot be computed."""
    total = amounts.sum(0, keepdims=True)
    found = {path: float(statistic(total)[0]) for path, statistic in measures.items()}
    return {path: None if np.isnan(value) else value for path, value in found.items()}


def add_intervals(section: dict[str, Any], measures: Measures, amounts: Amounts, *, resamples: int, seed: int) -> None:
    """Put `intervals` beside every measure of a section that has a value."""
    sums = bootstrap(amounts, resamples=resamples, seed=seed)
    for (*parents, name), statistic in measures.items():
        owner = section
        for parent in parents:
            owner = owner[parent]
        if owner[name] is not None:
            owner.setdefault("intervals", {})[name] = interval(statistic(sums), level=LEVEL)


def _scores(hits: DoublesXd) -> DoublesXd:
    """Precision, recall and F1 (..., 3) of tp, fp and fn (..., 3)."""
    tp, fp, fn = np.moveaxis(hits, -1, 0)
    return np.stack([_divide(tp, tp + fp), _divide(tp, tp + fn), _divide(2 * tp, 2 * tp + fp + fn)], axis=-1)


def _by_label(sums: Sums) -> Doubles3d:
    """(samples, labels, 3), without the columns that may follow those of the labels."""
    labels = sums.shape[1] // HITS
    return sums[:, : labels * HITS].reshape(len(sums), labels, HITS)


def _micro(sums: Sums, *, column: int) -> Doubles1d:
    return _scores(_by_label(sums).sum(1))[:, column]


def _of_label(sums: Sums, *, number: int, column: int) -> Doubles1d:
    return _scores(_by_label(sums)[:, number])[:, column]


def _mean(sums: Sums, *, column: int, by_support: bool) -> Doubles1d:
    hits = _by_label(sums)
    of_labels = _scores(hits)[..., column]
    support = hits[..., 0] + hits[..., 2]
    weights = np.where(np.isnan(of_labels), 0.0, support if by_support else 1.0)
    return _divide((np.nan_to_num(of_labels) * weights).sum(1), weights.sum(1))


def _divide(above: DoublesXd, below: DoublesXd) -> DoublesXd:
    return np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
