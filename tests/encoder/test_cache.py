"""The cache of a frozen encoder's outputs."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from spanwright.encoder.cache import OutputCache


@pytest.mark.parametrize("memory", [0, 100, 10_000])
def test_arrays_come_back_from_memory_and_from_the_file(memory):
    cache = OutputCache(memory=memory)
    arrays = {bytes([i]): np.random.default_rng(i).random((i, 3), dtype=np.float32) for i in range(1, 9)}
    for key, array in arrays.items():
        assert key not in cache
        cache.add(key, array)
        assert key in cache
    assert len(cache) == len(arrays)
    for key, array in arrays.items():
        np.testing.assert_array_equal(cache[key], array)


def test_threads_read_the_file_one_at_a_time():
    cache = OutputCache(memory=0)
    keys = [bytes([i]) for i in range(50)]
    for i, key in enumerate(keys):
        cache.add(key, np.full((20, 300), i, dtype=np.float32))
    with ThreadPoolExecutor(4) as threads:
        found = list(threads.map(lambda i: bool((cache[keys[i % 50]] == i % 50).all()), range(4000)))
    assert all(found)


def test_what_the_caller_changes_later_is_not_changed_in_the_cache():
    cache = OutputCache(memory=100)
    array = np.ones((2, 2), dtype=np.float32)
    cache.add(b"a", array)
    array[:] = 0
    assert cache[b"a"].all()


def test_what_has_no_room_is_not_kept():
    cache = OutputCache(memory=20, disk=40)
    arrays = {key: np.full((2, 2), i, dtype=np.float32) for i, key in enumerate((b"a", b"b", b"c", b"d"))}
    for key, array in arrays.items():
        cache.add(key, array)
        cache.add(key, -array)
    assert [key in cache for key in arrays] == [True, True, True, False]
    for key in (b"a", b"b", b"c"):
        np.testing.assert_array_equal(cache[key], arrays[key])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are not forked here")
@pytest.mark.parametrize("memory", [0, 100])
def test_another_process_has_no_part_in_it(memory):
    cache = OutputCache(memory=memory)
    cache.add(b"a", np.ones((2, 2), dtype=np.float32))
    child = os.fork()
    if not child:
        cache.add(b"b", np.zeros((2, 2), dtype=np.float32))
        os._exit(int(b"a" in cache or b"b" in cache))
    assert os.waitpid(child, 0)[1] == 0
    assert b"a" in cache
