"""CSV and TSV with a text in a row: with spans as JSON in a column, or with a label."""

from __future__ import annotations

import csv
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from spanwright.data.readers.shapes import Shape, ShapeError, shapes_of
from spanwright.data.readers.texts import Located
from spanwright.data.sources import Source
from spanwright.errors import Errors, SpanwrightError

MAX_FIELD_LENGTH = 16_777_216

_TEXT_NAMES = frozenset(("text", "sentence", "review", "content", "comment", "document", "body", "question", "message"))
_LABEL_NAMES = frozenset(("label", "labels", "category", "class", "sentiment", "target", "tag", "intent", "topic"))
_SAMPLE = 200


@dataclass(frozen=True)
class Table:
    """How a table is laid out; columns count from 0. `spans` says that the label column holds spans as JSON."""

    delimiter: str
    header: bool
    text: int
    label: int
    spans: bool
    columns: int
    names: tuple[str, ...] = ()


def table_rows(source: Source, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold anything, each with the line it starts at."""
    csv.field_size_limit(source.limits.max_line_length or MAX_FIELD_LENGTH)
    lines = (line + "\n" for batch in source.batches(MAX_FIELD_LENGTH) for line in batch)
    reader = csv.reader(lines, delimiter=delimiter)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        raise SpanwrightError(Errors.S123.format(file=source.name, line=start, reason=error)) from error


def sniff_table(source: Source) -> Table | None:
    """Find the columns of text and labels, or None where the file is no such table."""
    line = next((line for batch in source.batches(MAX_FIELD_LENGTH) for line in batch if line.strip()), "")
    counts = {delimiter: line.count(delimiter) for delimiter in ("\t", ",", ";")}
    delimiter = max(counts, key=lambda one: counts[one])
    if not counts[delimiter]:
        return None
    try:
        rows = [cells for _, cells in islice(table_rows(source, delimiter), _SAMPLE)]
    except SpanwrightError:
        return None
    columns = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    rows = [row for row in rows if len(row) == columns]
    if columns < 2 or not rows:
        return None
    body = rows[1:] or rows
    spans = [
        column
        for column in range(columns)
        if all(_is_span_list(row[column]) or not row[column].strip() for row in body)
        and any(_is_span_list(row[column]) for row in body)
    ]
    names = tuple(cell.strip().casefold() for cell in rows[0])
    if spans:
        text = _text_column(names, body, exclude=spans)
        return Table(delimiter, not _is_span_list(rows[0][spans[0]]), text, spans[0], True, columns, tuple(rows[0]))
    named = [column for column, name in enumerate(names) if name in _LABEL_NAMES]
    header = bool(named) or any(name in _TEXT_NAMES for name in names)
    label = named[0] if named else _label_column(body)
    text = _text_column(names, body, exclude=[label])
    if sum(" " in row[text].strip() for row in body) * 2 < len(body) and not header:
        return None
    return Table(delimiter, header, text, label, False, columns, tuple(rows[0]) if header else ())


def table_shapes(source: Source, table: Table) -> Iterator[Located]:
    """Yield the texts of a table.

    RAISES (SpanwrightError): A row with other columns, or with spans that cannot be read, with its line.
    """
    for index, (line, cells) in enumerate(table_rows(source, table.delimiter)):
        if table.header and not index:
            continue
        if len(cells) != table.columns:
            found = len(cells)
            raise SpanwrightError(Errors.S108.format(file=source.name, line=line, expected=table.columns, found=found))
        yield Located(source.name, line, _shape(source.name, line, cells[table.text], cells[table.label], table))


def _shape(file: str, line: int, text: str, label: str, table: Table) -> Shape:
    if not table.spans:
        cats = {label.strip(): 1.0} if label.strip() else {}
        return Shape(text, None, cats, True, "", "", False, "a text and its label a row")
    try:
        spans = json.loads(label) if label.strip() else []
        shape = shapes_of({"text": text, "spans": spans})[0]
    except (ShapeError, ValueError, RecursionError) as error:
        raise SpanwrightError(Errors.S121.format(file=file, line=line, reason=error)) from error
    if shape.spans is None:
        raise SpanwrightError(Errors.S121.format(file=file, line=line, reason="the cell holds no list of spans"))
    return shape._replace(tool="a text and its spans as JSON a row")


def _is_span_list(cell: str) -> bool:
    return cell.strip().startswith("[") and cell.strip().endswith("]")


def _text_column(names: Sequence[str], rows: Sequence[Sequence[str]], *, exclude: Sequence[int]) -> int:
    columns = [column for column in range(len(rows[0])) if column not in exclude]
    named = [column for column in columns if names[column] in _TEXT_NAMES]
    return named[0] if named else max(columns, key=lambda column: sum(len(row[column]) for row in rows))


def _label_column(rows: Sequence[Sequence[str]]) -> int:
    """The column of the fewest distinct values, and of the shortest ones among equals."""
    columns = [[row[column] for row in rows] for column in range(len(rows[0]))]
    return min(range(len(columns)), key=lambda column: (len(set(columns[column])), sum(map(len, columns[column]))))
