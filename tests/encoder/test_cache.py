"""The cache of a frozen encoder's outputs."""

from __future__ import annotations

import numpy as np
import pytest

from spanwright.encoder.cache import OutputCache


@pytest.mark.parametrize("memory", [0, 100, 10_000])
def test_arrays_come_back_from_memory_and_from_the_file(memory):
    cache = OutputCache(memory=memory)
    arrays = {bytes([i]): np.random.default_rng(i).random((i, 3), dtype=np.float32) for i in range(1, 9)}
    for key, array in arrays.items():
        assert key not in cache
        cache[key] = array
        assert key in cache
    assert len(cache) == len(arrays)
    for key, array in arrays.items():
        np.testing.assert_array_equal(cache[key], array)


def test_what_the_caller_changes_later_is_not_changed_in_the_cache():
    cache = OutputCache(memory=100)
    array = np.ones((2, 2), dtype=np.float32)
    cache[b"a"] = array
    array[:] = 0
    assert cache[b"a"].all()
