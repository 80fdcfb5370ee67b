"""Which reader a file needs: by what the user says, else by what stands in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from spanwright.data.checks import Findings
from spanwright.data.ledger import Ledger
from spanwright.data.readers.columns import TaggedReader, columns_reader, sniff_layout
from spanwright.data.readers.datasets import Dataset
from spanwright.data.readers.jsons import json_records
from spanwright.data.readers.layout import ColumnOptions
from spanwright.data.readers.shapes import ShapeError, shapes_of
from spanwright.data.readers.squad import QuestionsReader
from spanwright.data.readers.tables import Table, sniff_table, table_rows, table_shapes
from spanwright.data.readers.texts import Located, TextsReader, folder_shapes, json_shapes
from spanwright.data.records import Checked
from spanwright.data.sources import Limits, Source
from spanwright.errors import Errors, SpanwrightError

FORMATS = ("auto", "columns", "json", "csv", "squad", "folders", "datasets")
TASKS = ("ner", "textcat", "qa")


class Reader(Protocol):
    """What every reader offers."""

    decisions: list[str]

    def records(self) -> Iterator[Checked]:
        """Yield the records, each checked and repaired."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read a file; None leaves a choice to the evidence in it."""

    task: str | None = None
    format: str = "auto"
    encoding: str | None = None
    limits: Limits = field(default_factory=Limits)
    columns: ColumnOptions = field(default_factory=ColumnOptions)


@dataclass(frozen=True)
class Format:
    """The format of one file, its task, and the reason in words."""

    name: str
    task: str
    reason: str


def open_reader(path: Path, findings: Findings, ledger: Ledger, options: ReadOptions) -> tuple[Reader, str]:
    """Open the reader that a file or folder needs, and name its task.

    RAISES (SpanwrightError): A file that no reader takes, or that its reader refuses.
    """
    open_source = partial(Source, encoding=options.encoding, limits=options.limits)
    if not path.exists():
        raise SpanwrightError(Errors.S001.format(path=path))
    if options.format == "datasets" or (options.format == "auto" and _is_dataset(path)):
        return _dataset_reader(Dataset(path), findings, ledger, options)
    texts = partial(TextsReader, findings=findings, ledger=ledger, label_pattern=options.columns.label_pattern)
    if path.is_dir():
        if not any(path.glob("*/*.txt")):
            raise SpanwrightError(Errors.S117.format(path=path))
        shapes: Callable[[], Iterator[Located]] = partial(folder_shapes, path, open_source)
        return texts(shapes, file=str(path), task="textcat"), "textcat"
    source = open_source(path)
    found = _format_of(source, options)
    reader: Reader
    if found.name == "columns":
        reader = columns_reader(source, findings, ledger, options.columns)
    elif found.name == "squad":
        reader = QuestionsReader(partial(json_records, source), findings, ledger, file=source.name)
    elif found.name == "json":
        reader = texts(partial(json_shapes, source), file=source.name, task=found.task)
    else:
        table = _table(source)
        reader = texts(partial(table_shapes, source, table), file=source.name, task="ner" if table.spans else "textcat")
        found = Format(found.name, reader.task, found.reason)
    reader.decisions.insert(0, f"format {found.name}, task {found.task}: {found.reason}")
    return reader, found.task


def _format_of(source: Source, options: ReadOptions) -> Format:
    if options.format == "columns":
        return Format("columns", "ner", "as set")
    first = source.first_line(1)
    if not first:
        raise SpanwrightError(Errors.S105.format(file=source.name))
    if options.format in ("auto", "json", "squad") and (options.format != "auto" or first in ("{", "[")):
        value = _first_value(source)
        if value is not None or options.format != "auto":
            return _json_format(source, value, options)
    if options.format == "csv":
        return Format("csv", options.task or "textcat", "as set")
    if options.task != "textcat":
        try:
            layout = sniff_layout(source, options.columns)
        except SpanwrightError:
            if (table := sniff_table(source)) is None or (options.task == "ner" and not table.spans):
                raise
            return Format("csv", "ner" if table.spans else "textcat", _why_table(table))
        if layout.inline or not _holds_texts(source):
            return Format("columns", "ner", "rows of tokens with tags")
    return Format("csv", "textcat", _why_table(_table(source)))


def _first_value(source: Source) -> Any:
    """The first record, or None where the file is no JSON."""
    try:
        for _, value in json_records(source):
            return value
        raise SpanwrightError(Errors.S105.format(file=source.name))
    except SpanwrightError:
        if source.path.name.removesuffix(".gz").endswith((".json", ".jsonl")):
            raise
        return None


def _json_format(source: Source, value: Any, options: ReadOptions) -> Format:
    flat = isinstance(value, dict) and "question" in value and "context" in value
    paragraphs = value.get("paragraphs") if isinstance(value, dict) else None
    nested = isinstance(paragraphs, list) and any(isinstance(part, dict) and "qas" in part for part in paragraphs[:1])
    if options.format == "squad" or options.task == "qa" or flat or nested:
        return Format("squad", "qa", "articles with paragraphs and questions" if nested else "questions and contexts")
    try:
        shape = shapes_of(value)[0]
    except (ShapeError, IndexError) as error:
        raise SpanwrightError(Errors.S121.format(file=source.name, line=1, reason=error)) from error
    task = options.task or ("ner" if shape.spans else "textcat")
    if not options.task and not shape.spans and (shape.spans is not None or not shape.cats):
        task = _task_of(source)
    return Format("json", task, f"records with a text and {'categories' if task == 'textcat' else 'spans'}")


def _task_of(source: Source) -> str:
    """Spans where any record has one, else categories where any has those."""
    task = "ner"
    for located in json_shapes(source):
        if located.shape.spans:
            return "ner"
        if located.shape.cats:
            task = "textcat"
    return task


def _holds_texts(source: Source) -> bool:
    """Whether a row is a whole text with its label: read as a table, where commas within quotes part nothing."""
    table = sniff_table(source)
    if table is None:
        return False
    rows = [cells for _, cells in islice(table_rows(source, table.delimiter), 200)]
    texts = [cells[table.text].strip() for cells in rows if len(cells) == table.columns]
    return sum(" " in text for text in texts) * 2 > len(texts)


def _table(source: Source) -> Table:
    table = sniff_table(source)
    if table is None:
        raise SpanwrightError(Errors.S118.format(file=source.name))
    return table


def _why_table(table: Table) -> str:
    holds = "spans as JSON" if table.spans else "labels"
    return f"text in column {table.text + 1}, {holds} in column {table.label + 1}"


def _is_dataset(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob("*.arrow")) or any(path.glob("*.parquet")) or (path / "dataset_dict.json").is_file()
    return path.suffix in (".arrow", ".parquet")


def _dataset_reader(dataset: Dataset, findings: Findings, ledger: Ledger, options: ReadOptions) -> tuple[Reader, str]:
    file, names = str(dataset.path), dataset.schema.names
    if dataset.tags:
        layout = dataset.layout
        return TaggedReader(dataset.blocks, findings, ledger, options.columns, file=file, layout=layout), "ner"
    if options.task == "qa" or {"context", "question"} <= set(names):
        return QuestionsReader(dataset.values, findings, ledger, file=file), "qa"
    task = options.task or "textcat"
    pattern = options.columns.label_pattern
    return TextsReader(dataset.shapes, findings, ledger, file=file, task=task, label_pattern=pattern), task
