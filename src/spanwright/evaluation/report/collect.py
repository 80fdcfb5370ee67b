"""What a report is made from: files of a run, read and checked."""

from __future__ import annotations

import importlib.metadata
import json
import platform
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import psutil
from pooch import file_hash

from spanwright.data.statistics import statistics
from spanwright.doctor.facts import names_of_gpus
from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.error_analysis import KINDS
from spanwright.evaluation.schema import METRICS
from spanwright.files import last_change
from spanwright.loggers import read_log

PACKAGES = ("spanwright", "spacy", "thinc", "spacy-transformers", "transformers", "tokenizers", "torch", "numpy")
SHOWN_ERRORS = 20  # of each kind
# what a report looks up first in each file; another file of JSON lacks some of it
KEYS_OF_METRICS = (
    "answers",
    "categories",
    "data",
    "documents",
    "entities",
    "pipeline",
    "reasons",
    "scores",
    "train",
    "version",
)
KEYS_OF_SPEED = ("batch_sizes", "best_batch_size", "device", "load_seconds", "peak_memory", "threads")
KEYS_OF_CURVE = ("answer", "fit", "metric", "points")
KEYS_OF_ERRORS = ("document", "errors", "text")

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Sources:
    """Files that a report may draw on; None where there is none."""

    errors: Path | None = None
    train: Path | None = None
    log: Path | None = None
    speed: Path | None = None
    learning_curve: Path | None = None


@dataclass
class ErrorSample:
    """How many errors of a kind there are, and the first of them, each with the record that it stands in."""

    total: int = 0
    first: list[tuple[Part, Part]] = field(default_factory=list)


@dataclass(frozen=True)
class Data:
    """The corpora that are there, what they hold (None where none is), and how they were converted."""

    corpora: Sequence[Path]
    statistics: Part | None
    ledgers: Sequence[Part]


@dataclass(frozen=True)
class Run:
    """A pipeline, how good it was found to be, and how it came about; None or empty is what nobody measured."""

    meta: Part
    config: str
    metrics: Part
    errors: Mapping[str, ErrorSample]
    data: Data
    log: Sequence[Part]
    speed: Part | None
    learning_curve: Part | None
    environment: Mapping[str, str]
    files: Mapping[str, str]


def usual_sources(pipeline: Path, metrics: Path, given: Sources) -> tuple[Sources, list[Path]]:
    """`given`, with the files that the project's commands write in place of None, where they are there; and those of them that
    were left out: measured by hand before this pipeline was trained, they tell of another one.
    """
    usual = {
        "errors": metrics.parent / "errors.jsonl",
        "log": pipeline.parent / "log.jsonl",
        "speed": metrics.parent / "speed.json",
        "learning_curve": metrics.parent / "learning_curve.json",
    }
    there = {name: path for name, path in usual.items() if getattr(given, name) is None and path.exists()}
    trained = last_change(pipeline / "meta.json")
    outdated = [name for name in ("speed", "learning_curve") if name in there and last_change(there[name]) < trained]
    left_out = [there.pop(name) for name in outdated]
    return replace(given, **there), left_out


def collect(pipeline: Path, metrics: Path, sources: Sources) -> Run:
    """Read all that a report on `pipeline` (its folder) is made from; `metrics` is what scripts/evaluate.py wrote.

    Raises SpanwrightError for a file that is missing or of another kind.
    """
    found = read_metrics(metrics)
    config = pipeline / "config.cfg"
    for path in (config, *vars(sources).values()):
        if path is not None and not path.exists():
            raise SpanwrightError(Errors.S001.format(path=path))
    data = data_of(found, sources.train)
    return Run(
        meta=_json(pipeline / "meta.json"),
        config=config.read_text("utf-8"),
        metrics=found,
        errors=errors_of(found, metrics, sources.errors) if sources.errors else {},
        data=data,
        log=read_log(sources.log) if sources.log else [],
        speed=_with_keys(_json(sources.speed), KEYS_OF_SPEED, sources.speed) if sources.speed else None,
        learning_curve=_with_keys(_json(sources.learning_curve), KEYS_OF_CURVE, sources.learning_curve)
        if sources.learning_curve
        else None,
        environment=environment(),
        files={str(path): file_hash(str(path), alg="sha256") for path in (metrics, *data.corpora) if path.is_file()},
    )


def read_metrics(path: Path) -> dict[str, Any]:
    """Return what scripts/evaluate.py wrote. Raises SpanwrightError for a file that is missing or of another kind."""
    metrics = _json(path)
    schema = metrics.get("schema") if isinstance(metrics, dict) else None
    if schema != METRICS:
        raise SpanwrightError(Errors.S631.format(path=path, schema=METRICS, found=schema))
    return _with_keys(metrics, KEYS_OF_METRICS, path)


def errors_of(metrics: Part, metrics_path: Path, path: Path) -> dict[str, ErrorSample]:
    """Return the errors in a file. Raises SpanwrightError where `metrics` count others."""
    samples = sample_errors(path)
    kinds = metrics["entities"]["errors"]["kinds"].values() if metrics["entities"] else ()
    counted = {kind: sum(of_label[kind] for of_label in kinds) for kind in KINDS if kind != "correct"}
    found = {kind: samples[kind].total if kind in samples else 0 for kind in counted}
    if found != counted:
        of_kinds = [", ".join(f"{n} {kind}" for kind, n in totals.items()) for totals in (found, counted)]
        raise SpanwrightError(
            Errors.S634.format(path=path, found=of_kinds[0], metrics=metrics_path, counted=of_kinds[1])
        )
    return samples


def sample_errors(path: Path) -> dict[str, ErrorSample]:
    """Return the errors that scripts/evaluate.py wrote, by kind; one line is in memory at a time.

    Raises SpanwrightError for a line that is no JSON, or no such record.
    """
    samples: defaultdict[str, ErrorSample] = defaultdict(ErrorSample)
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            place = f"{path}:{number}"
            record = _with_keys(_parsed(line, place), KEYS_OF_ERRORS, place)
            for error in record["errors"]:
                sample = samples[error["kind"]]
                sample.total += 1
                if sample.total <= SHOWN_ERRORS:
                    sample.first.append((error, record))
    return samples


def data_of(metrics: Part, train: Path | None = None) -> Data:
    """Read what the metrics were made from: the corpus they name, and `train` or else the training corpus they name."""
    named = (train or metrics["train"], metrics["data"])
    first, second = (Path(path) if path and Path(path).exists() else None for path in named)
    corpora = [path for path in (first, second) if path is not None]
    ledgers = [path.with_suffix(".ledger.json") for path in corpora]
    return Data(corpora, _statistics(first, second), [_json(ledger) for ledger in ledgers if ledger.exists()])


def environment() -> dict[str, str]:
    """The machine and the packages that matter to a result."""
    gpus = names_of_gpus()
    return {
        "Python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
        "system": platform.platform(),
        "processor": f"{platform.machine()}, {psutil.cpu_count(logical=False)} cores, {psutil.cpu_count()} threads",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "GPU": "; ".join(gpus) or "none",
    }


def _statistics(train: Path | None, data: Path | None) -> dict[str, Any] | None:
    if train is not None:
        return statistics(train, data)
    return None if data is None else {"train": None, "dev": statistics(data)["train"]}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _json(path: Path) -> Any:
    if not path.exists():
        raise SpanwrightError(Errors.S001.format(path=path))
    return _parsed(path.read_bytes(), str(path))


def _parsed(content: bytes, place: str) -> Any:
    # srsly's parser loses the last digits of a number
    try:
        return json.loads(content)
    except ValueError as error:
        raise SpanwrightError(Errors.S630.format(place=place, reason=error)) from error


def _with_keys(found: Any, keys: Sequence[str], place: object) -> dict[str, Any]:
    missing = [key for key in keys if not (isinstance(found, dict) and key in found)]
    if missing:
        raise SpanwrightError(Errors.S633.format(place=place, missing=", ".join(missing)))
    return found
