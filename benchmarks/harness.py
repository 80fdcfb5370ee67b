"""What benchmarks share: alternating runs, their medians, and results that say how they came about."""

from __future__ import annotations

import json
import os
import platform
import re
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import psutil
from wasabi import msg

from spanwright.doctor.facts import installed_packages

ROOT = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).parent / "results"
SCORE = re.compile(r"(^|_)(f1|em|accuracy)(_|$)")
PACKAGES = ("spanwright", "spacy", "spacy-transformers", "transformers", "accelerate", "numpy", "torch")
Run = dict[str, Any]  # what it measured
Runs = dict[str, list[Run]]  # by the name of a peer
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


def alternate_peers(commands: Mapping[str, Sequence[str]], seeds: Sequence[int], *, threads: int) -> Runs:
    """Run peers in turn for each seed (A B A B); by name the seed of each run, and what it measured."""
    runs: Runs = {name: [] for name in commands}
    for seed in seeds:
        for name, command in commands.items():
            measured = run_peer([*command, "--seed", str(seed), "--threads", str(threads)], threads=threads)
            runs[name].append({"seed": seed, **measured})
            msg.text(f"{name}: {json.dumps(runs[name][-1])}")  # hours may follow, and fail
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


def summarise(runs: Runs, *, base: str) -> dict[str, dict[str, Any]]:
    """Return by name the medians of the columns that all its runs have, of scores the means and standard deviations, how many
    times as long as `base` it took with the same seeds, and all runs.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, measured in runs.items():
        shared = [column for column in measured[0] if all(column in run for run in measured)]
        columns = {column: [run[column] for run in measured] for column in shared}
        row: dict[str, Any] = {}
        for column, values in columns.items():
            if column in ("seed", "labels"):
                continue
            is_score = SCORE.search(column)
            row[column] = rounded(statistics.fmean(values) if is_score else statistics.median(values))
            if is_score and len(values) > 1:
                row[f"{column} sd"] = rounded(statistics.stdev(values))
        own, others = ({run["seed"]: run["seconds"] for run in of} for of in (measured, runs[base]))
        if seeds := own.keys() & others.keys():
            medians = [statistics.median(seconds[seed] for seed in seeds) for seconds in (own, others)]
            row["times_as_long"] = round(medians[0] / medians[1], 2)
        rows[name] = {**row, "all": columns}
        if "labels" in columns:
            rows[name]["labels"] = median_table(columns["labels"])
    return rows


def rounded(value: float) -> float:
    return round(value, 1 if value >= 10 else 4)


def median_table(tables: Sequence[Mapping[str, Mapping[str, float]]]) -> dict[str, dict[str, float]]:
    """Return the medians over runs, by label."""
    return {
        label: {column: round(statistics.median(table[label][column] for table in tables), 4) for column in columns}
        for label, columns in tables[0].items()
    }


def show(results: Mapping[str, Mapping[str, Any]]) -> None:
    """Print the numbers of the rows as one table; what a row lacks stays blank."""
    numbers = [column for row in results.values() for column, value in row.items() if isinstance(value, int | float)]
    columns = list(dict.fromkeys(numbers))
    body = [
        (name, *(f"{row[column]:,}" if column in row else "" for column in columns)) for name, row in results.items()
    ]
    msg.table(body, header=("", *columns), aligns=("l", *("r" for _ in columns)), max_col=40)


def plain(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings as JSON holds them; of a path its last part, which is the same on every machine."""
    return {name: value.resolve().name if isinstance(value, Path) else value for name, value in settings.items()}


def finish(
    name: str,
    runs: Runs,
    *,
    limit: int | None,
    base: str | None = None,
    earlier: Mapping[str, Any] | None = None,
    **settings: Any,
) -> None:
    """Print the table and write `results/NAME.json`; what ran on limited data is only printed.

    base: the row whose times are compared with; None = the first.
    earlier: what the file held, whose runs are kept, but for those of the same seeds.
    settings: of the runs, which runs that are added must share.
    """
    if earlier is not None:
        runs = merge(earlier["results"], runs)
    results = summarise(runs, base=base or next(iter(runs)))
    show(results)
    if limit is None:
        msg.good(str(write_results(name, results, earlier=earlier, settings=settings)))
    else:
        msg.info("Not written: --limit is for trying the command")


def read_earlier(name: str, *, add: bool, **settings: Any) -> dict[str, Any] | None:
    """Return what `results/NAME.json` holds, for runs with these settings to be added to it.

    Exits where there is no such file, and where what it holds does not compare with what runs here.
    """
    if not add:
        return None
    path = RESULTS / f"{name}.json"
    if not path.exists():
        raise SystemExit(f"--add: {path} does not exist; leave it out for the first runs")
    earlier = json.loads(path.read_text(encoding="utf-8"))
    for part, own in (("machine", machine()), ("versions", versions()), ("settings", plain(settings))):
        if (found := earlier.get(part, {})) != own:
            raise SystemExit(f"--add: {path} has {part} {found}, here they are {own}; run all of it again")
    if any("seed" not in row["all"] for row in earlier["results"].values()):
        raise SystemExit(f"--add: {path} does not tell the seeds of its runs; run all of it again")
    return earlier


def merge(earlier: Mapping[str, Mapping[str, Any]], runs: Runs) -> Runs:
    """Return the runs of results, and those that came since, which replace runs of the same seed."""
    merged: Runs = {}
    for name, row in earlier.items():
        columns: Mapping[str, list[Any]] = row["all"]
        before = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        replaced = {run["seed"] for run in runs.get(name, [])}
        merged[name] = [run for run in before if run["seed"] not in replaced]
    for name, measured in runs.items():
        merged[name] = [*merged.get(name, []), *measured]
    return merged


def write_results(
    name: str,
    results: Mapping[str, Any],
    *,
    earlier: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
) -> Path:
    """Write `results/NAME.json`: the results, with the command, the settings, the versions and the machine.

    earlier: what the file held, whose command and note are kept.
    """
    command = shlex.join(["python", str(Path(sys.argv[0]).resolve().relative_to(ROOT)), *sys.argv[1:]])
    context = {
        "command": command if earlier is None else f"{earlier['command']} && {command}",
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": versions(),
        **({"settings": plain(settings)} if settings else {}),
    }
    if earlier is not None and "note" in earlier:
        context["note"] = earlier["note"]
    path = RESULTS / f"{name}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({**context, "results": results}, indent=2) + "\n", encoding="utf-8")
    return path


def machine() -> str:
    return f"{processor()}, {os.cpu_count()} cores, {psutil.virtual_memory().total >> 30} GB, {platform.system()}"


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that are installed."""
    installed = installed_packages()
    return {"python": platform.python_version()} | {name: installed[name] for name in PACKAGES if name in installed}


def processor() -> str:
    """The processor's name, where the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()
