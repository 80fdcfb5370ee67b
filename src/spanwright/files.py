"""Files that are whole or absent: written beside their place, then renamed into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; it replaces `path` when the block ends well and vanishes when it does not."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    partial = Path(name)
    try:
        yield partial
        _give_default_permissions(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """Yield an empty temporary folder beside `path`; it replaces `path` when the block ends well and vanishes when it does not.

    What stood at `path` is deleted only after its replacement stands there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", dir=path.parent))
    try:
        yield partial
        partial.chmod(0o777 & ~_umask())
        replace_folder(partial, path)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def replace_folder(source: Path, target: Path) -> None:
    """Rename the folder `source` to `target` (same file system); delete what stood there afterwards, or put it back."""
    if not (target.exists() or target.is_symlink()):
        source.rename(target)
        return
    grave = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    old = grave / target.name
    try:
        target.rename(old)
        source.rename(target)
    except BaseException:
        if old.exists() or old.is_symlink():
            old.rename(target)
        raise
    finally:
        shutil.rmtree(grave, ignore_errors=True)


def last_change(path: Path) -> int:
    """Return when a file last changed, in nanoseconds; 0 where there is none."""
    return path.stat().st_mtime_ns if path.exists() else 0


def _give_default_permissions(path: Path) -> None:
    # mkstemp makes files that only their owner can read
    path.chmod(0o666 & ~_umask())


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
