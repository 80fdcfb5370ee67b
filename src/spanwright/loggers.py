"""Training logs for files and for TensorBoard, beside spaCy's console logger.

Each evaluation makes one record, what `StepRecorder` returns: a number that is not known or not finite is None.
"""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any, Protocol

from spacy.language import Language
from spacy.training.loggers import console_logger_v3
from spacy.util import registry

from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.memory import peak_memory

Info = dict[str, Any]  # what spaCy's training loop tells its logger
Record = dict[str, Any]
LogStep = Callable[[Info | None], None]
Logger = Callable[[Language, IO[str], IO[str]], tuple[LogStep, Callable[[], None]]]


class Sink(Protocol):
    """Where records go."""

    def write(self, record: Record) -> None: ...

    def close(self) -> None: ...


def build_json_lines_logger(path: str = "training/log.jsonl", console: bool | Logger = True) -> Logger:
    """Build the logger `spanwright.JsonLinesLogger.v1`: a line of JSON for each evaluation, written at once.

    path: the file; the log of an earlier run is replaced.
    console: a logger to run besides. True = spaCy's ConsoleLogger.v3, False = none.
    """
    return _build_logger(lambda: JsonLines(Path(path)), console)


def build_tensorboard_logger(folder: str = "training/tensorboard", console: bool | Logger = True) -> Logger:
    """Build the logger `spanwright.TensorBoardLogger.v1`: a scalar for each number of a record, by its path in it.

    folder: what `tensorboard --logdir` is given; each run makes a folder in it, named by the time.
    console: a logger to run besides. True = spaCy's ConsoleLogger.v3, False = none.

    Raises SpanwrightError when tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise SpanwrightError(Errors.S650) from error
    return _build_logger(lambda: TensorBoard(SummaryWriter(Path(folder) / time.strftime("%Y-%m-%dT%H-%M-%S"))), console)


class JsonLines:
    """A file of records."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("w", encoding="utf-8")

    def write(self, record: Record) -> None:
        self._file.write(json.dumps(record, ensure_ascii=False, allow_nan=False) + "\n")
        self._file.flush()

    def close(self) -> None:
        self._file.close()


class TensorBoard:
    """TensorBoard's own writer of scalars."""

    def __init__(self, writer: Any) -> None:
        self._writer = writer

    def write(self, record: Record) -> None:
        for path, number in numbers_in(record):
            if path != ("step",):
                self._writer.add_scalar("/".join(path), number, record["step"])
        self._writer.flush()

    def close(self) -> None:
        self._writer.close()


def read_log(path: Path) -> list[Record]:
    """Return the records of a JSON-lines log. A last line that was cut off is passed over.

    Raises SpanwrightError for a file that is not there, and for any other line that is not a record.
    """
    if not path.exists():
        raise SpanwrightError(Errors.S001.format(path=path))
    *whole, _ = path.read_bytes().split(b"\n")
    return [_parse(line, f"{path}:{number}") for number, line in enumerate(whole, start=1)]


def numbers_in(record: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], float]]:
    """Yield each number of a record, with the keys that lead to it."""
    for key, value in record.items():
        if isinstance(value, Mapping):
            yield from (((key, *path), number) for path, number in numbers_in(value))
        elif value is not None:
            yield (key,), value


class StepRecorder:
    """Makes records of what the training loop tells, of the config and of the pipeline.

    Called once for each step, with None where nothing was evaluated, as spaCy calls its loggers.
    """

    def __init__(self, nlp: Language, clock: Callable[[], float] = time.perf_counter) -> None:
        self._nlp = nlp
        self._clock = clock
        # the loop keeps its optimizer to itself; one of the same settings goes through the same rates
        config = nlp.config.interpolate()["training"]["optimizer"]
        self._optimizer = registry.resolve({"optimizer": config})["optimizer"]
        self._steps, self._words = 0, 0
        self._since = self._until = clock()

    def __call__(self, info: Info | None) -> Record | None:
        """Return the record of a step that was evaluated.

        `losses` are means over the steps since the last evaluation, `gradient_norms` those of the step itself, before clipping.
        `words_per_second` leaves out the evaluation, and with it the step before it.
        """
        learn_rate = self._optimizer.learn_rate
        self._optimizer.step_schedules()
        self._steps += 1
        if info is None:
            self._until = self._clock()
            return None
        scores = info["other_scores"]
        record = {
            "step": info["step"],
            "epoch": info["epoch"],
            "seconds": info["seconds"],
            "words": info["words"],
            "learn_rate": _number(learn_rate),
            "losses": {name: _number(loss / self._steps) for name, loss in info["losses"].items()},
            "gradient_norms": gradient_norms(self._nlp),
            "score": _number(info["score"]),
            "scores": {name: _number(score) for name, score in scores.items() if not isinstance(score, dict)},
            "per_label": {name: _numbers(score) for name, score in scores.items() if isinstance(score, dict)},
            "words_per_second": self._speed(info["words"] - self._words),
            "peak_memory": peak_memory(),
        }
        self._steps, self._words = 0, info["words"]
        self._since = self._until = self._clock()
        return record

    def _speed(self, words: int) -> float | None:
        seconds = self._until - self._since
        return round(words * (self._steps - 1) / self._steps / seconds, 1) if seconds > 0 else None


def gradient_norms(nlp: Language) -> dict[str, float | None]:
    """Return the norm of the last gradient of each component with a torch module, where its optimizer told one."""
    norms: dict[str, float | None] = {}
    for name, component in nlp.pipeline:
        model = getattr(component, "model", None)
        shims = [shim for node in model.walk() for shim in node.shims] if model else []
        found = [float(norm) for shim in shims if (norm := getattr(shim, "gradient_norm", None)) is not None]
        if found:
            norms[name] = _number(math.hypot(*found))
    return norms


def _build_logger(open_sink: Callable[[], Sink], console: bool | Logger) -> Logger:
    beside = console_logger_v3(progress_bar="train") if console is True else console

    def setup(
        nlp: Language, stdout: IO[str] = sys.stdout, stderr: IO[str] = sys.stderr
    ) -> tuple[LogStep, Callable[[], None]]:
        log_beside, finalize_beside = beside(nlp, stdout, stderr) if beside else (lambda info: None, lambda: None)
        record_of = StepRecorder(nlp)
        sink = open_sink()

        def log_step(info: Info | None) -> None:
            record = record_of(info)
            if record is not None:
                sink.write(record)
            log_beside(info)

        def finalize() -> None:
            sink.close()
            finalize_beside()

        return log_step, finalize

    return setup


def _parse(line: bytes, place: str) -> Record:
    try:
        record = json.loads(line)
    except ValueError as error:
        raise SpanwrightError(Errors.S651.format(place=place, reason=error)) from error
    if not (isinstance(record, dict) and "step" in record):
        raise SpanwrightError(Errors.S651.format(place=place, reason="it has no step"))
    return record


def _numbers(scores: Mapping[str, Any]) -> dict[str, Any]:
    return {
        str(name): _numbers(value) if isinstance(value, Mapping) else _number(value) for name, value in scores.items()
    }


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
