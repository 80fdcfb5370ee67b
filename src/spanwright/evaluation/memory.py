"""How much memory this process has needed at most."""

from __future__ import annotations

import sys

import psutil
import torch


def peak_memory() -> dict[str, int | None]:
    """Return the peak in bytes, of the process since it started (None where the system does not tell) and of torch's on the
    GPU (None without one).
    """
    gpu = torch.cuda.max_memory_allocated() if torch.cuda.is_available() else None
    return {"process": _peak_of_process(), "gpu": gpu}


def _peak_of_process() -> int | None:
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset
    import resource  # Unix only

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
