"""What benchmarks share: alternating runs, their medians, and results that say how they came about."""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import distributions
from pathlib import Path
from typing import Any

import psutil
from wasabi import msg

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
SCORE = re.compile(r"(^|_)(f1|em|accuracy)(_|$)")
PACKAGES = ("spanwright", "spacy", "spacy-transformers", "transformers", "accelerate", "numpy", "torch")
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


def alternate_peers(
    commands: Mapping[str, Sequence[str]], seeds: Sequence[int], *, threads: int
) -> dict[str, list[dict[str, float]]]:
    """Run peers in turn for each seed (A B A B); by name what each run measured."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in commands}
    for seed in seeds:
        for name, command in commands.items():
            runs[name].append(run_peer([*command, "--seed", str(seed), "--threads", str(threads)], threads=threads))
    return runs


def run_peer(command: Sequence[str], *, threads: int) -> dict[str, float]:
    """Run a peer in a process of its own; return the numbers of the JSON line that it prints last.

    Raises RuntimeError with the end of what it printed when it fails.
    """
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "TOKENIZERS_PARALLELISM": "false"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1])


def summarise(runs: Mapping[str, Sequence[Mapping[str, float]]], *, base: str) -> dict[str, dict[str, Any]]:
    """Return by name the medians of all columns, of scores the means and standard deviations, how many times as long as
    `base` it took, and all runs.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, measured in runs.items():
        columns = {column: [run[column] for run in measured] for column in measured[0]}
        row: dict[str, float] = {}
        for column, values in columns.items():
            is_score = SCORE.search(column)
            row[column] = statistics.fmean(values) if is_score else statistics.median(values)
            if is_score and len(values) > 1:
                row[f"{column} sd"] = statistics.stdev(values)
        rows[name] = {column: round(value, 1 if value >= 10 else 4) for column, value in row.items()}
        rows[name]["all"] = columns
    for row in rows.values():
        row["times_as_long"] = round(row["seconds"] / rows[base]["seconds"], 2)
    return rows


def show(results: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the numbers of the rows as one table; what a row lacks stays blank."""
    numbers = [column for row in results.values() for column, value in row.items() if isinstance(value, int | float)]
    columns = list(dict.fromkeys(numbers))
    body = [
        (name, *(f"{row[column]:,}" if column in row else "" for column in columns)) for name, row in results.items()
    ]
    msg.table(body, header=("", *columns), aligns=("l", *("r" for _ in columns)), max_col=40)


def finish(name: str, results: Mapping[str, Mapping[str, Any]], *, limit: int | None) -> None:
    """Print the table and write `results/NAME.json`; what ran on limited data is only printed."""
    show(results)
    if limit is None:
        msg.good(str(write_results(name, results)))
    else:
        msg.info("Not written: --limit is for trying the command")


def write_results(name: str, results: Mapping[str, Any]) -> Path:
    """Write `results/NAME.json`: the results, with the command, the versions and the machine they come from."""
    context = {
        "command": " ".join(["python", str(Path(sys.argv[0]).resolve().relative_to(ROOT)), *sys.argv[1:]]),
        "date": time.strftime("%Y-%m-%d"),
        "machine": f"{processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GB, {platform.system()}",
        "versions": {"python": platform.python_version(), **versions()},
    }
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**context, "results": results}, indent=2) + "\n", encoding="utf-8")
    return path


def versions() -> dict[str, str]:
    """The versions of the packages that are installed."""
    installed = {distribution.name: distribution.version for distribution in distributions()}
    return {package: installed[package] for package in PACKAGES if package in installed}


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
