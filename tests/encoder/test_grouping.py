"""Groups of windows: the cheapest partition, found by trying all of them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from spanwright.encoder.grouping import group_by_length


def partitions(n: int) -> Iterator[list[range]]:
    """All ways to part `0..n` into runs."""
    if n == 0:
        yield []
    for start in range(n):
        for rest in partitions(start):
            yield [*rest, range(start, n)]


def cost(groups, lengths, overhead: int) -> int:
    return sum(len(group) * max(lengths[i] for i in group) + overhead for group in groups)


@pytest.mark.parametrize("overhead", [0, 1, 10, 1000])
@pytest.mark.parametrize("limit", [1, 12, 40, 10_000])
def test_no_partition_costs_less(overhead, limit):
    random = np.random.default_rng(overhead + limit)
    for _ in range(20):
        lengths = random.integers(1, 30, random.integers(1, 9))
        groups = group_by_length(lengths, overhead=overhead, limit=limit)
        assert sorted(np.concatenate(groups).tolist()) == list(range(len(lengths)))
        ascending = sorted(lengths.tolist())
        allowed = [
            parts
            for parts in partitions(len(lengths))
            if all(len(part) == 1 or len(part) * ascending[part[-1]] <= limit for part in parts)
        ]
        assert cost(groups, lengths, overhead) == min(cost(parts, ascending, overhead) for parts in allowed)


def test_no_windows_make_no_groups():
    assert group_by_length(np.zeros(0, dtype=np.int64), overhead=1, limit=10) == []
