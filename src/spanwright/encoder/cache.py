"""What a frozen encoder gave before, so that it need not be asked again."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading

import numpy as np

from spanwright.types import Singles2d


class OutputCache:
    """Keep arrays `(pieces, width)` by key: in memory up to `memory` bytes, the later ones in a temporary file.

    The file has no name and goes with the cache. It takes `disk` bytes at most (None = half of what is free where temporary
    files are); what comes after that is not kept.
    """

    def __init__(self, *, memory: int, disk: int | None = None) -> None:
        self._free = memory
        self._free_on_disk = shutil.disk_usage(tempfile.gettempdir()).free // 2 if disk is None else disk
        self._arrays: dict[bytes, Singles2d] = {}
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 -- open as long as the cache lives
        self._places: dict[bytes, tuple[int, tuple[int, ...]]] = {}
        self._process = os.getpid()
        self._lock = threading.Lock()  # threads share one position in the file

    def __contains__(self, key: bytes) -> bool:
        # forked processes share one position in the file, and would read what another one looks for
        return self._process == os.getpid() and (key in self._arrays or key in self._places)

    def __len__(self) -> int:
        return len(self._arrays) + len(self._places)

    def __getitem__(self, key: bytes) -> Singles2d:
        if key in self._arrays:
            return self._arrays[key]
        offset, shape = self._places[key]
        with self._lock:
            self._file.seek(offset)
            content = self._file.read(4 * int(np.prod(shape)))
        return np.frombuffer(content, dtype=np.float32).reshape(shape)

    def add(self, key: bytes, array: Singles2d) -> None:
        """Keep a copy of an array, where there is room and its key is new."""
        if key in self or self._process != os.getpid():
            return
        if array.nbytes <= self._free:
            self._free -= array.nbytes
            self._arrays[key] = array.copy()
        elif array.nbytes <= self._free_on_disk:
            self._free_on_disk -= array.nbytes
            with self._lock:
                place = (self._file.seek(0, 2), array.shape)
                self._file.write(np.ascontiguousarray(array, dtype=np.float32).data)
            self._places[key] = place
