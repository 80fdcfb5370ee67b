"""Which reader a file needs: by what the user says, else by what stands in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from spanwright.data.checks import Finding, Findings
from spanwright.data.ledger import Ledger
from spanwright.data.readers.columns import TaggedReader, columns_reader, sniff_layout
from spanwright.data.readers.datasets import Dataset
from spanwright.data.readers.folders import LabelFolders
from spanwright.data.readers.jsons import json_records
from spanwright.data.readers.layout import ColumnOptions
from spanwright.data.readers.rows import Block, check_block
from spanwright.data.readers.sentences import Lists, blocks_of, lists_of
from spanwright.data.readers.squad import QuestionsReader
from spanwright.data.readers.tables import Table, sniff_table, table_rows, table_shapes
from spanwright.data.readers.texts import TextOptions, TextsReader, json_shapes
from spanwright.data.records import Checked
from spanwright.data.sources import Limits, Source
from spanwright.errors import Errors, SpanwrightError

FORMATS = ("auto", "columns", "json", "csv", "squad", "folders", "datasets")
TASKS = ("ner", "textcat", "qa")


class Reader(Protocol):
    """What every reader offers; `task` is one of `TASKS`."""

    task: str
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
    strip_html: bool = False

    @property
    def texts(self) -> TextOptions:
        """The part that concerns texts with spans or categories."""
        return TextOptions(self.task, self.columns.label_pattern, self.strip_html)


class Format(NamedTuple):
    """The format of one file, and the reason in words."""

    name: str
    reason: str


def open_reader(path: Path, findings: Findings, ledger: Ledger, options: ReadOptions) -> Reader:
    """Open the reader that a file or folder needs.

    RAISES (SpanwrightError): A file that no reader takes, or that its reader refuses.
    """
    open_source = partial(Source, encoding=options.encoding, limits=options.limits)
    if not path.exists():
        raise SpanwrightError(Errors.S001.format(path=path))
    if options.format == "datasets" or (options.format == "auto" and _is_dataset(path)):
        return _dataset_reader(Dataset(path, options.columns), findings, ledger, options)
    if options.format != "auto" and path.is_dir() is not (options.format == "folders"):
        kinds = ("a folder", "a file") if path.is_dir() else ("a file", "a folder")
        raise SpanwrightError(Errors.S136.format(path=path, found=kinds[0], format=options.format, read=kinds[1]))
    texts = partial(TextsReader, findings=findings, ledger=ledger, options=options.texts)
    if path.is_dir():
        folders = LabelFolders(path, open_source)
        return texts(folders, file=str(path), notes=folders.notes)
    source = open_source(path)
    found = _format_of(source, options)
    reader: Reader
    if found.name == "columns":
        reader = columns_reader(source, findings, ledger, options.columns)
    elif found.name == "squad":
        reader = QuestionsReader(partial(json_records, source), findings, ledger, file=source.name)
    elif found.name == "json" and options.task in (None, "ner") and (lists := _lists(source, options)):
        reader = _sentences(source, lists, findings, ledger, options)
    elif found.name == "json":
        reader = texts(partial(json_shapes, source), file=source.name)
    else:
        table = _table(source, options)
        found = Format("csv", table.reason)
        reader = texts(partial(table_shapes, source, table), file=source.name, notes=table.doubts(source.name))
    reader.decisions.insert(0, f"format {found.name}, task {reader.task}: {found.reason}")
    return reader


def _format_of(source: Source, options: ReadOptions) -> Format:
    if options.format == "columns":
        return Format("columns", "as set")
    first = source.first_line(1)
    if not first:
        raise SpanwrightError(Errors.S105.format(file=source.name))
    if options.format in ("auto", "json", "squad") and (options.format != "auto" or first in ("{", "[")):
        value = _first_value(source)
        if value is not None or options.format != "auto":
            return _json_format(source, value, options)
    if options.format == "csv":
        return Format("csv", "as set")
    if options.task != "textcat":
        try:
            layout = sniff_layout(source, options.columns)
        except SpanwrightError:
            if (table := sniff_table(source, options.columns)) is None or (options.task == "ner" and not table.spans):
                raise
            return Format("csv", "rows of texts")
        if layout.inline or not _holds_texts(source, options):
            return Format("columns", "rows of tokens with tags")
    return Format("csv", "rows of texts")


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
        return Format("squad", "articles with paragraphs and questions" if nested else "questions and contexts")
    return Format("json", "records with a text")


def _holds_texts(source: Source, options: ReadOptions) -> bool:
    """Whether a row is a whole text with its label: read as a table, where commas within quotes part nothing."""
    try:
        table = sniff_table(source, options.columns)
    except SpanwrightError:
        return False
    if table is None:
        return False
    rows = [cells for _, cells in islice(table_rows(source, table.delimiter), 200)]
    texts = [cells[table.text].strip() for cells in rows if len(cells) == table.columns]
    return sum(" " in text for text in texts) * 2 > len(texts)


def _lists(source: Source, options: ReadOptions) -> Lists | None:
    return lists_of(_first_value(source), options.columns, source.name)


def _sentences(source: Source, lists: Lists, findings: Findings, ledger: Ledger, options: ReadOptions) -> TaggedReader:
    """A reader of lists of tokens and tags in JSON."""
    layout = lists.layout("a list of tokens and one of tags in each record")

    def read() -> Iterator[Block]:
        for block in blocks_of(((source.name, line, value) for line, value in json_records(source)), lists):
            check_block(block, source.name, layout.columns)
            yield block

    return TaggedReader(read, findings, ledger, options.columns, file=source.name, layout=layout)


def _table(source: Source, options: ReadOptions) -> Table:
    table = sniff_table(source, options.columns)
    if table is None:
        raise SpanwrightError(Errors.S118.format(file=source.name))
    return table


def _is_dataset(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob("*.arrow")) or any(path.glob("*.parquet")) or (path / "dataset_dict.json").is_file()
    return path.suffix in (".arrow", ".parquet")


def _dataset_reader(dataset: Dataset, findings: Findings, ledger: Ledger, options: ReadOptions) -> Reader:
    file, names = str(dataset.path), dataset.schema.names
    for other in dataset.others:
        findings.add(Finding("ignored-file", str(other), 1, other.name))
    if (lists := dataset.lists) is not None:
        layout = lists.layout(f"dataset of {len(dataset.files)} files")

        def read() -> Iterator[Block]:
            return blocks_of(dataset.rows(), lists)

        return TaggedReader(read, findings, ledger, options.columns, file=file, layout=layout)
    if options.task == "qa" or {"context", "question"} <= set(names):
        return QuestionsReader(dataset.values, findings, ledger, file=file)
    return TextsReader(dataset.shapes, findings, ledger, options.texts, file=file)
