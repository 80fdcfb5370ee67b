"""What was computed last, so that it need not be computed again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Any, Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LastUsed(Generic[K, V]):
    """Keeps the values used last, as long as their sizes add up to no more than `limit`. Threads may share one.

    size: of a key and its value, in the unit of `limit`.
    """

    def __init__(self, *, limit: int, size: Callable[[K, V], int]) -> None:
        self._limit = limit
        self._size = size
        self._values: OrderedDict[K, V] = OrderedDict()
        self._total = 0
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._values)

    def __iter__(self) -> Iterator[K]:
        """Yield the keys, the one used last at the end."""
        return iter(self._values)

    def __call__(self, keys: Iterable[K], make: Callable[[list[K]], Sequence[V]]) -> dict[K, V]:
        """Return the value of each key. `make` is called once, with the keys whose values are not kept."""
        unique = dict.fromkeys(keys)
        with self._lock:
            found = {key: self._values[key] for key in unique if key in self._values}
        new = [key for key in unique if key not in found]
        found.update(zip(new, make(new), strict=True))
        with self._lock:
            for key, value in found.items():
                self._drop(key)
                self._values[key] = value
                self._total += self._size(key, value)
            while self._total > self._limit:
                self._drop(next(iter(self._values)))
        return found

    def _drop(self, key: K) -> None:
        if key in self._values:
            self._total -= self._size(key, self._values.pop(key))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_lock"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())
