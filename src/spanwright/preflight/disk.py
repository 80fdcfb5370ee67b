"""The output folder: it can be written, and the disk has room for what training saves there."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from spanwright.errors import Errors
from spanwright.preflight.findings import Finding, error

# model-best, model-last, the copy that one of them is while it is replaced, and what is beside the weights
COPIES = 4


def check_output(output: Path, size: int) -> list[Finding]:
    """Find that the folder `output` cannot be written, or has no room for pipelines with `size` bytes of weights."""
    place = output
    while not (place.exists() or place.is_symlink() or place == place.parent):
        place = place.parent
    if not place.is_dir():
        return [error(Errors.S047.format(path=output, reason=f"{place} is not a folder"))]
    try:
        # As root, permissions say nothing of a file system that is read-only
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as reason:
        return [error(Errors.S047.format(path=output, reason=reason))]
    free, needed = shutil.disk_usage(place).free, COPIES * size
    if free < needed:
        return [error(Errors.S048.format(path=output, free=_megabytes(free), needed=_megabytes(needed), copies=COPIES))]
    return []


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
