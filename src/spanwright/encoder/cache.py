"""What a frozen encoder gave before, so that it need not be asked again."""

from __future__ import annotations

import tempfile

import numpy as np
from numpy.typing import NDArray

Floats2d = NDArray[np.float32]


class OutputCache:
    """Keep arrays `(pieces, width)` by key: in memory up to `memory` bytes, the later ones in a temporary file.

    The file has no name and goes with the cache. All arrays must have the same width.
    """

    def __init__(self, *, memory: int) -> None:
        self._free = memory
        self._arrays: dict[bytes, Floats2d] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- open as long as the cache lives
        self._places: dict[bytes, tuple[int, tuple[int, ...]]] = {}

    def __contains__(self, key: bytes) -> bool:
        return key in self._arrays or key in self._places

    def __len__(self) -> int:
        return len(self._arrays) + len(self._places)

    def __getitem__(self, key: bytes) -> Floats2d:
        if key in self._arrays:
            return self._arrays[key]
        offset, shape = self._places[key]
        self._file.seek(offset)
        content = self._file.read(4 * int(np.prod(shape)))
        return np.frombuffer(content, dtype=np.float32).reshape(shape)

    def __setitem__(self, key: bytes, array: Floats2d) -> None:
        if array.nbytes <= self._free:
            self._free -= array.nbytes
            self._arrays[key] = array.copy()
            return
        self._places[key] = (self._file.seek(0, 2), array.shape)
        self._file.write(np.ascontiguousarray(array, dtype=np.float32).data)
