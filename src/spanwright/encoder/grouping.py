"""Which windows an encoder takes together, so that little is padding and memory stays bounded."""

from __future__ import annotations

import numpy as np

from spanwright.types import Ints1d


def group_by_length(lengths: Ints1d, *, overhead: int, limit: int) -> list[Ints1d]:
    """Part windows `(windows,)` of these lengths into groups that cost least; return the indices of each group.

    A group costs its size times its longest window, in pieces, and `overhead` pieces for being run at all. No group holds
    more than `limit` pieces, padding included, unless it is one window. The best partition of windows sorted by length
    is found by dynamic programming: `best[j]` is the least cost of the `j` shortest.
    """
    order = np.argsort(lengths, kind="stable")
    best = np.zeros(len(order) + 1)
    first_of = np.zeros(len(order) + 1, dtype=np.int64)
    for end, longest in enumerate(lengths[order], start=1):
        start = max(0, end - max(1, limit // int(longest)))
        costs = best[start:end] + longest * np.arange(end - start, 0, -1)
        first_of[end] = start + int(costs.argmin())
        best[end] = costs.min() + overhead
    groups, end = [], len(order)
    while end:
        groups.append(order[first_of[end] : end])
        end = int(first_of[end])
    return groups[::-1]
