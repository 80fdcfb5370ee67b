"""What is kept of what was computed last."""

import copy
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from spanwright.qa.last_used import LastUsed


def lengths_of(words: list[str]) -> list[int]:
    return [len(word) for word in words]


@pytest.fixture
def lengths() -> LastUsed[str, int]:
    return LastUsed(limit=10, size=lambda _, length: length)


def test_values_are_made_once(lengths):
    asked = []
    assert lengths(["aa", "bbb", "aa"], lambda new: asked.append(new) or lengths_of(new)) == {"aa": 2, "bbb": 3}
    assert lengths(["bbb", "c"], lambda new: asked.append(new) or lengths_of(new)) == {"bbb": 3, "c": 1}
    assert asked == [["aa", "bbb"], ["c"]]


def test_what_was_used_last_stays(lengths):
    lengths(["aaaa", "bbbb"], lengths_of)
    lengths(["aaaa"], lengths_of)
    lengths(["cccc"], lengths_of)
    assert list(lengths) == ["aaaa", "cccc"]
    lengths(["d" * 11], lengths_of)  # more than there is room for
    assert list(lengths) == []
    lengths(["e" * 9, "f"], lengths_of)
    assert list(lengths) == ["e" * 9, "f"]


def test_a_copy_goes_its_own_way(lengths):
    lengths(["aaaa"], lengths_of)
    other = copy.deepcopy(lengths)
    other(["b" * 9], lengths_of)
    assert (list(lengths), list(other)) == (["aaaa"], ["b" * 9])


def test_threads_may_share_one():
    """Sizes are Python code, in which another thread gets its turn."""
    lengths: LastUsed[str, int] = LastUsed(limit=2000, size=lambda _, length: sum(1 for _ in range(length)))
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)

    def ask(thread: int) -> bool:
        batches = [[f"{thread} {n} {m}" for m in range(20)] for n in range(30)]
        return all(lengths(batch, lengths_of) == dict(zip(batch, lengths_of(batch), strict=True)) for batch in batches)

    try:
        with ThreadPoolExecutor(8) as threads:
            assert all(threads.map(ask, range(40)))
    finally:
        sys.setswitchinterval(interval)
    assert sum(len(key) for key in lengths) <= 2000
