"""The sections of a report, in the order in which people ask."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from spanwright.evaluation.report import charts, run_tables
from spanwright.evaluation.report.collect import Data, ErrorSample, Run
from spanwright.evaluation.report.content import (
    Block,
    Cell,
    Code,
    Fold,
    Listing,
    Marked,
    Number,
    Prose,
    Section,
    Span,
    Table,
    Tiles,
    count,
    percent,
)
from spanwright.evaluation.report.tables import blocks, number, words

# The numbers to see first
_HEADLINES = {
    "entities": {"micro.f": "F1 of entities", "micro.p": "precision", "micro.r": "recall"},
    "categories": {"accuracy": "accuracy", "macro.f": "F1, mean of labels", "micro.f": "F1, all alike"},
    "answers": {"exact": "exact match", "f1": "F1 of answers"},
}

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Task:
    """A part of the metrics. `kind` is its key, `name` an anchor; `part` leaves the errors out."""

    kind: str
    name: str
    title: str
    part: Part


def tasks(metrics: Part) -> list[Task]:
    """The parts of the metrics with scores: of entities, of each component that sets categories, and of answers."""
    found = []
    if metrics["entities"]:
        part = {key: value for key, value in metrics["entities"].items() if key != "errors"}
        found.append(Task("entities", "entities", "Entities", part))
    for index, (component, part) in enumerate((metrics["categories"] or {}).items(), start=1):
        found.append(Task("categories", f"categories-{index}", f"Categories: {component}", part))
    if metrics["answers"]:
        found.append(Task("answers", "answers", "Answers to questions", metrics["answers"]))
    return found


def sections(run: Run) -> list[Section]:
    """All sections of the report on a run."""
    metrics = run.metrics
    found = [
        Section("summary", "Summary", list(_summary(metrics))),
        *(Section(task.name, task.title, blocks(task.name, task.part)) for task in tasks(metrics)),
        Section("errors", "Errors", list(_errors(metrics, run.errors))),
        Section("training", "Training", list(run_tables.training_blocks(run.log))),
        Section("learning-curve", "Would more annotation help?", list(_learning_curve(run.learning_curve))),
        Section("data", "Data", list(_data(run.data, metrics))),
        Section("speed", "Speed and memory", list(run_tables.speed_blocks(metrics, run.speed))),
        Section("repeat", "To repeat this run", list(_repeat(run))),
    ]
    return [section for section in found if section.blocks]


def headline(task: Task) -> list[tuple[str, Number]]:
    """The few numbers of a task to see first."""
    found = []
    for path, title in _HEADLINES[task.kind].items():
        outer, _, key = path.rpartition(".")
        owner = task.part[outer] if outer else task.part
        found.append((title, number(key, owner[key], owner)))
    return found


def reasons_table(metrics: Part) -> Table | None:
    """What could not be computed, by the reason; None where all could be."""
    by_reason: defaultdict[str, list[str]] = defaultdict(list)
    for path, reason in metrics["reasons"].items():
        by_reason[reason].append(path)
    rows: list[list[Cell]] = [
        [reason, count(len(paths)), Code(", ".join(paths))] for reason, paths in by_reason.items()
    ]
    return Table("What could not be computed", ["because", "numbers", "which"], rows) if rows else None


def interval_note(metrics: Part) -> str:
    """What the intervals of scores are."""
    made = metrics["intervals"]
    return (
        f"{100 * made['level']:.0f}% interval of the score on all documents of this kind "
        f"({made['resamples']:,} resamples of the documents, seed {made['seed']})"
    )


def _summary(metrics: Part) -> Iterator[Block]:
    yield Prose(
        f"{metrics['pipeline']} {metrics['version']} on {metrics['data']}: {metrics['documents']:,} documents, "
        f"{metrics['words']:,} words."
    )
    for task in tasks(metrics):
        yield Tiles(task.title, headline(task))
    yield Prose(f"Scores are in percent. The smaller numbers after a score are its {interval_note(metrics)}.")
    rows: list[list[Cell]] = [
        [Code(key), Code(value) if isinstance(value, str) else number(key, value, {})]
        for key, value in metrics["scores"].items()
        if not isinstance(value, Mapping | list)
    ]
    yield Table(
        "Scores as spaCy names them",
        ["", ""],
        rows,
        "The keys and values of meta.json's performance in the packaged pipeline.",
    )
    missing = reasons_table(metrics)
    if missing:
        yield missing


def _errors(metrics: Part, errors: Mapping[str, ErrorSample]) -> Iterator[Block]:
    found = (metrics.get("entities") or {}).get("errors")
    if found:
        yield from blocks("errors", found)
    for kind, sample in sorted(errors.items(), key=lambda item: -item[1].total):
        left_out = f", the first {len(sample.first)} of them here" if len(sample.first) < sample.total else ""
        marked = [_marked(error, record) for error, record in sample.first]
        yield Fold(f"{words(kind).capitalize()}: {sample.total:,}{left_out}", marked)


def _marked(error: Part, record: Part) -> Marked:
    """An error in its context; offsets of the record count in its whole text, those of the result in what is shown of it."""
    sides = [side for side in (error["gold"], error["predicted"]) if side]
    begin = min(side["start"] for side in sides) - len(error["left"])
    end = max(side["end"] for side in sides) + len(error["right"])
    before, after = "… " if begin else "", " …" if end < len(record["text"]) else ""
    shift = len(before) - begin

    def spans(side: Part | None) -> list[Span] | None:
        return None if side is None else [Span(side["start"] + shift, side["end"] + shift, side["label"])]

    confidence = (error["predicted"] or {}).get("confidence")
    sure = "" if confidence is None else f", confidence {percent(confidence).text}%"
    title = f"Document {record['document']:,}{sure}"
    text = f"{before}{record['text'][begin:end]}{after}"
    return Marked(title, text, spans(error["gold"]), spans(error["predicted"]))


def _learning_curve(found: Part | None) -> Iterator[Block]:
    if found is None:
        yield Prose("Not measured: scripts/learning_curve.py trains on growing parts of the data.")
        return
    yield Prose(found["answer"])
    measured = [(point["documents"], point["score"]) for point in found["points"]]
    curve = found["fit"]["curve"] if found["fit"] else []
    band = [(row["documents"], row["score"], row["low"], row["high"]) for row in curve]
    yield charts.growth("learning-curve", f"{found['metric']} by size of the training data", measured, band)
    keys = ("documents", "percent", "seed")
    rows: list[list[Cell]] = [[*(count(one[key]) for key in keys), percent(one["score"])] for one in found["points"]]
    yield Table("Trainings", [*keys, found["metric"]], rows)


def _data(data: Data, metrics: Part) -> Iterator[Block]:
    if data.statistics is None:
        named = ", ".join(path for path in (metrics["train"], metrics["data"]) if path)
        yield Prose(f"The corpora that the metrics name are not there: {named}.")
    else:
        yield from run_tables.statistics_blocks(data.statistics)
    for ledger in data.ledgers:
        yield run_tables.ledger_table(ledger)


def _repeat(run: Run) -> Iterator[Block]:
    yield run_tables.key_values("Environment", run.environment)
    yield run_tables.key_values("SHA-256 of the files", run.files)
    yield Prose("This config holds every setting, seed and path; `spacy train config.cfg` runs it again.")
    yield Fold("config.cfg", [Listing(run.config)])
