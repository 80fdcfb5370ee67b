"""How far to trust a score, and a difference of two: resampling of documents.

A score is a `Statistic`: a function of amounts (true positives, say) summed over documents.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import NamedTuple, TypeVar

import numpy as np

from spanwright.types import Doubles1d, Doubles2d

Amounts = Doubles2d  # (documents, columns)
Sums = Doubles2d  # (samples, columns)
Statistic = Callable[[Sums], Doubles1d]  # to (samples,); NaN where it cannot be computed
Interval = tuple[float, float] | None
Key = TypeVar("Key", bound=Hashable)

LEVEL = 0.95
RESAMPLES = 1000
_AT_ONCE = 2_000_000  # numbers drawn at a time: bounds the memory
_ROUNDING = 1e-12


def bootstrap(amounts: Amounts, *, resamples: int = RESAMPLES, seed: int = 0) -> Sums:
    """Return sums (resamples, columns) over as many documents as there are, drawn with replacement.

    Source: Efron, "Bootstrap methods: another look at the jackknife", 1979.
    """
    documents = len(amounts)
    rng = np.random.default_rng(seed)
    sums = [np.zeros((0, amounts.shape[1]))]
    for n in _portions(resamples, documents):
        times = [np.bincount(rng.integers(documents, size=documents), minlength=documents) for _ in range(n)]
        sums.append(np.array(times, dtype=np.float64) @ amounts)  # of whole numbers the product would be slow
    return np.concatenate(sums)


def interval(values: Doubles1d, *, level: float = LEVEL) -> Interval:
    """Return the bounds of the middle `level` of `values` (samples,) without NaN (percentile interval); None where all are."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None
    low, high = np.quantile(known, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


class Difference(NamedTuple):
    """The score of system `b` less that of `a`, with its interval and its p-value."""

    value: float
    interval: Interval
    p: float


def compare(
    a: Amounts, b: Amounts, statistics: Mapping[Key, Statistic], *, resamples: int = RESAMPLES, seed: int = 0
) -> dict[Key, Difference | None]:
    """Return the difference of two systems on the same documents in each statistic; None where it cannot be computed.

    For its interval both are resampled together, since a document that is hard for the one is often hard for the other. The
    p-value is the probability that a difference at least as large, either way, comes from chance alone; see `swap`.
    """
    sampled_a, sampled_b = np.hsplit(bootstrap(np.hstack([a, b]), resamples=resamples, seed=seed), 2)
    swapped_a, swapped_b = swap(a, b, trials=resamples, seed=seed)
    totals = a.sum(0, keepdims=True), b.sum(0, keepdims=True)
    found: dict[Key, Difference | None] = {}
    for key, statistic in statistics.items():
        value = float((statistic(totals[1]) - statistic(totals[0]))[0])
        by_chance = np.abs(statistic(swapped_b) - statistic(swapped_a))
        # NaN, which is neither, counts as large: a test should err on that side
        p = (np.sum(~(by_chance < abs(value) - _ROUNDING)) + 1) / (resamples + 1)
        bounds = interval(statistic(sampled_b) - statistic(sampled_a))
        found[key] = None if np.isnan(value) else Difference(value, bounds, float(p))
    return found


def swap(a: Amounts, b: Amounts, *, trials: int = RESAMPLES, seed: int = 0) -> tuple[Sums, Sums]:
    """Return the sums of two systems, each (trials, columns), after every document's results were swapped between them, or not,
    by the toss of a coin.

    Source: Noreen, "Computer-intensive methods for testing hypotheses", 1989 (approximate randomisation).
    """
    unlike = (b - a)[(b != a).any(1)]
    rng = np.random.default_rng(seed)
    moved = [np.zeros((0, a.shape[1]))]
    for n in _portions(trials, len(unlike)):
        is_swapped = rng.integers(2, size=(n, len(unlike)), dtype=np.uint8)
        moved.append(is_swapped.astype(np.float64) @ unlike)
    return a.sum(0) + np.concatenate(moved), b.sum(0) - np.concatenate(moved)


def _portions(rows: int, width: int) -> Iterator[int]:
    """Split `rows` rows of `width` numbers into portions that fit into memory."""
    step = max(1, _AT_ONCE // max(width, 1))
    for start in range(0, rows, step):
        yield min(step, rows - start)
