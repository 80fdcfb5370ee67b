"""What benchmarks share: alternating runs, their medians, and results that say how they came about."""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
PACKAGES = ("spanwright", "spacy", "numpy", "torch")
# runs in a process of its own: the peak of a command's memory is that of this process's only child
PEAK = (
    "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
    "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
)


def alternate(commands: Mapping[str, Sequence[str]], runs: int) -> dict[str, dict[str, Any]]:
    """Run commands in turn, `runs` times (A B A B): by name the median seconds and peak megabytes, and all seconds."""
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for _ in range(runs):
        for name, command in commands.items():
            measured[name].append(measure(command))
    return {
        name: {
            "seconds": round(statistics.median(seconds for seconds, _ in pairs), 2),
            "peak_mb": round(statistics.median(peak for _, peak in pairs)),
            "all_seconds": [round(seconds, 2) for seconds, _ in pairs],
        }
        for name, pairs in measured.items()
    }


def measure(command: Sequence[str]) -> tuple[float, float]:
    """Seconds and peak megabytes of a command."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", PEAK, *command], check=True, capture_output=True, text=True)
    return time.perf_counter() - start, int(done.stdout) / (1 << 10 if sys.platform != "darwin" else 1 << 20)


def write_results(name: str, results: Mapping[str, Any]) -> Path:
    """Write `results/NAME.json`: the results, with the command, the versions and the machine they come from."""
    context = {
        "command": " ".join(["python", str(Path(sys.argv[0]).resolve().relative_to(ROOT)), *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GB, {platform.system()}",
        "versions": {"python": platform.python_version(), **{package: version(package) for package in PACKAGES}},
    }
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**context, "results": results}, indent=2) + "\n", encoding="utf-8")
    return path


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
