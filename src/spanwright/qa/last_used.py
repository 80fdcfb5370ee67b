"""What was computed last, so that it need not be computed again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LastUsed(Generic[K, V]):
    """Keeps the values used last, as long as their sizes add up to no more than `limit`.

    size: of a value, in the unit of `limit`.
    """

    def __init__(self, *, limit: int, size: Callable[[V], int]) -> None:
        self._limit = limit
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[K]:
        """Yield the keys, the one used last at the end."""
        return iter(self._values)

    def __call__(self, keys: Iterable[K], make: Callable[[list[K]], Sequence[V]]) -> dict[K, V]:
        """Return the value of each key. `make` is called once, with the keys whose values are not kept."""
        unique = dict.fromkeys(keys)
        # in one step each: another thread may drop a value between a look and a grasp
        kept = {key: self._values.pop(key, None) for key in unique}
        found = {key: value for key, value in kept.items() if value is not None}
        new = [key for key in unique if key not in found]
        found.update(zip(new, make(new), strict=True))
        self._values.update(found)
        total = sum(map(self._size, self._values.values()))
        while total > self._limit and self._values:
            _, dropped = self._values.popitem(last=False)
            total -= self._size(dropped)
        return found

    def clear(self) -> None:
        self._values.clear()
