"""CSV and TSV with a text in a row: with spans as JSON in a column, with a label, or with a column for each category."""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NoReturn

from spanwright.data.checks import Finding
from spanwright.data.readers.layout import SEPARATORS, ColumnOptions
from spanwright.data.readers.shape import Shape, ShapeError
from spanwright.data.readers.shapes import shapes_of
from spanwright.data.readers.texts import Located
from spanwright.data.sources import Source
from spanwright.errors import Errors, SpanwrightError

MAX_FIELD_LENGTH = 16_777_216
# The most that csv takes on every platform.
_MOST = 2**31 - 1

_TEXT_NAMES = frozenset(
    (
        "text",
        "sentence",
        "review",
        "content",
        "comment",
        "document",
        "body",
        "question",
        "message",
        "comment_text",
        "tweet",
    )
)
_LABEL_NAMES = frozenset(("label", "labels", "category", "class", "sentiment", "target", "tag", "intent", "topic"))
_SAMPLE = 200
_SAMPLE_LINES = 500
_QUOTED = re.compile(r'"(?:[^"]|"")*"')
_SCORES = {"0": 0.0, "1": 1.0, "0.0": 0.0, "1.0": 1.0, "false": 0.0, "true": 1.0}
_NAME_WORDS = 3


@dataclass(frozen=True)
class Table:
    """How a table is laid out; columns count from 0. `spans` says that the label column holds spans as JSON.

    `scores` are the columns that hold 0 or 1 for a category each; `rivals` those that could be the label's as well.
    """

    delimiter: str
    header: bool
    text: int
    label: int
    spans: bool
    columns: int
    names: tuple[str, ...] = ()
    scores: tuple[int, ...] = ()
    rivals: tuple[int, ...] = ()

    @property
    def reason(self) -> str:
        """The layout in words."""
        if self.scores:
            holds = f"a category in each of columns {', '.join(str(column + 1) for column in self.scores)}"
        else:
            holds = f"{'spans as JSON' if self.spans else 'labels'} in column {self.label + 1}"
        read = {self.text, self.label, *self.scores}
        others = [self.names[column] or str(column + 1) for column in range(len(self.names)) if column not in read]
        header = "the first row is a header, " if self.header else ""
        return f"{header}text in column {self.text + 1}, {holds}" + (
            f"; not read: {', '.join(others)}" if others else ""
        )

    def doubts(self, file: str) -> tuple[Finding, ...]:
        """Findings about the choice of columns."""
        if not self.rivals:
            return ()
        numbers = " and ".join(str(column + 1) for column in sorted((self.label, *self.rivals)))
        found = f"columns {numbers} may hold the labels, {self.label + 1} is taken"
        return (Finding("ambiguous-column", file, 1, found, f"take column {self.label + 1}", True),)


def table_rows(source: Source, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that hold anything, each with the line it starts at.

    Between tabs, a quote is a character like others, unless it and a last one enclose a whole cell.

    RAISES (SpanwrightError): A quote that does not end where a cell does, or a cell beyond the limit, with its line.
    """
    yield from _rows(source, _lines(source), delimiter)


def _lines(source: Source) -> Iterator[str]:
    return (line for batch in source.batches(MAX_FIELD_LENGTH) for line in batch)


def _rows(source: Source, lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    csv.field_size_limit(min(source.limits.max_line_length or MAX_FIELD_LENGTH, _MOST))
    rows = _tab_rows(source, lines) if delimiter == "\t" else _quoted_rows(source, lines, delimiter)
    for start, cells in rows:
        if any(cell.strip() for cell in cells):
            yield start, cells


def _quoted_rows(source: Source, lines: Iterator[str], delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader((line + "\n" for line in lines), delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in reader:
            yield start, cells
            start = reader.line_num + 1
    except csv.Error as error:
        _refuse(source, start, error)


def _tab_rows(source: Source, lines: Iterator[str]) -> Iterator[tuple[int, list[str]]]:
    """A line is a row where it has as many cells as the first; a shorter one goes on while a cell's quote is open."""
    columns, held, start = 0, "", 0
    limit = source.limits.max_line_length or MAX_FIELD_LENGTH
    for number, line in enumerate(lines, start=1):
        cells = line.split("\t")
        columns = columns or len(cells) * bool(line.strip())
        if held:
            held = f"{held}\n{line}"
            if (joined := _enclosed(held)) is not None:
                yield start, joined
                held = ""
            elif len(cells) == columns or len(held) > limit:
                _refuse(source, start, "a quote that is not closed")
        elif len(cells) < columns and cells[-1].startswith('"') and not _QUOTED.fullmatch(cells[-1]):
            held, start = line, number
        elif len(cells) > columns and (joined := _enclosed(line)) is not None:
            yield number, joined
        else:
            yield number, [_unquoted(cell) for cell in cells]
    if held:
        _refuse(source, start, "a quote that is not closed")


def _enclosed(text: str) -> list[str] | None:
    """The cells of a row whose quotes are all closed, else None."""
    try:
        rows = list(csv.reader(io.StringIO(text, newline="\n"), delimiter="\t", strict=True))
    except csv.Error:
        return None
    return rows[0] if len(rows) == 1 else None


def _unquoted(cell: str) -> str:
    return cell[1:-1].replace('""', '"') if _QUOTED.fullmatch(cell) else cell


def _refuse(source: Source, line: int, reason: object) -> NoReturn:
    raise SpanwrightError(Errors.S123.format(file=source.name, line=line, reason=reason))


def sniff_table(source: Source, options: ColumnOptions) -> Table | None:
    """Find the columns of text and labels, or None where the file is no such table.

    RAISES (SpanwrightError): A first row of which it does not show whether it names the columns.
    """
    delimiter = SEPARATORS[options.separator] if options.separator else _delimiter(source)
    if delimiter is None:
        return None
    rows = [cells for _, cells in islice(table_rows(source, delimiter), _SAMPLE)]
    columns = Counter(map(len, rows)).most_common(1)[0][0] if rows else 0
    rows = [row for row in rows if len(row) == columns]
    if columns < 2 or not rows:
        return None
    body = rows[1:] or rows
    names = tuple(cell.strip().casefold() for cell in rows[0])
    if spans := [column for column in range(columns) if _are_span_lists([row[column] for row in body])]:
        text, label = options.pair(columns, source.name) or (_text_column(names, body, exclude=spans), spans[0])
        header = not _is_span_list(rows[0][label]) if options.header is None else options.header
        return Table(delimiter, header, text, label, True, columns, tuple(rows[0]))
    return _labelled(rows, names, delimiter, options, source)


def _delimiter(source: Source) -> str | None:
    """What most rows hold as often as each other, tabs before others; None where the first row holds none either."""
    line = next((line for line in _lines(source) if line.strip()), "")
    counts = {delimiter: line.count(delimiter) for delimiter in ("\t", ",", ";")}
    shares = {delimiter: _share_of_rows(source, delimiter) for delimiter in counts}
    if any(shares.values()):
        return max(counts, key=lambda one: (shares[one], one == "\t", counts[one]))
    return max(counts, key=counts.__getitem__) if any(counts.values()) else None


def _share_of_rows(source: Source, delimiter: str) -> float:
    """The share of rows that have the commonest number of cells; 0.0 where that is one, or most lines cannot be read."""
    widths: Counter[int] = Counter()
    read = last = 0

    def counted() -> Iterator[str]:
        nonlocal read
        for line in islice(_lines(source), _SAMPLE_LINES):
            read += 1
            yield line

    try:
        for line, cells in islice(_rows(source, counted(), delimiter), _SAMPLE):
            widths[len(cells)] += 1
            last = line
    except SpanwrightError:
        widths[0] = read - last
    width, count = widths.most_common(1)[0] if widths else (0, 0)
    return count / widths.total() if width > 1 else 0.0


def _labelled(
    rows: Sequence[Sequence[str]], names: Sequence[str], delimiter: str, options: ColumnOptions, source: Source
) -> Table | None:
    """The table of a text and its labels in each row."""
    columns, body = len(names), rows[1:] or rows
    scores = tuple(column for column in range(columns) if _are_scores([row[column] for row in body]))
    chosen = options.pair(columns, source.name)
    # without names there are no categories, and a label that is set is the only one
    apart = len(scores) > 1 and chosen is None and options.header is not False
    if apart and not set(scores) & {column for column in range(columns) if names[column] in _LABEL_NAMES}:
        text = _text_column(names, body, exclude=scores)
        if not any(name in _SCORES for name in names) and text not in scores:
            return Table(delimiter, True, text, scores[0], False, columns, tuple(rows[0]), scores)
    named = [column for column, name in enumerate(names) if name in _LABEL_NAMES]
    label = chosen[1] if chosen else named[0] if named else _label_column(body)
    text = chosen[0] if chosen else _text_column(names, body, exclude=[label])
    known = bool(named) or any(name in _TEXT_NAMES for name in names)
    prose = sum(" " in row[text].strip() for row in body) * 2 >= len(body)
    if not prose and not known and chosen is None:
        return None
    header = options.header
    if header is None:
        header = known or (len(rows) > 1 and _names_columns(rows, text, label, source))
    rivals = () if chosen else tuple(_rivals(body, text, label, named))
    return Table(delimiter, header, text, label, False, columns, tuple(rows[0]) if header else (), rivals=rivals)


def _names_columns(rows: Sequence[Sequence[str]], text: int, label: int, source: Source) -> bool:
    """Whether the first row, in which no usual name stands, names the columns.

    RAISES (SpanwrightError): It may, or may be a short text with a label of its own.
    """
    head, body = rows[0], rows[1:]
    labels = Counter(row[label].strip() for row in body)
    if head[label].strip() in labels:
        return False
    short = all(len(cell.split()) <= _NAME_WORDS and len(cell) <= 40 for cell in head)
    repeated = len(labels) < len(body)
    if short and repeated and sum(len(row[text].split()) > _NAME_WORDS for row in body) * 2 > len(body):
        return True
    evident = repeated and all(count > 1 for count in labels.values())
    if evident or (short and (repeated or " " not in head[text].strip())):
        raise SpanwrightError(Errors.S133.format(file=source.name, row=", ".join(head)[:200]))
    return False


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
        yield Located(source.name, line, _shape(source.name, line, cells, table))


def _shape(file: str, line: int, cells: Sequence[str], table: Table) -> Shape:
    text, label = cells[table.text], cells[table.label].strip()
    try:
        if table.scores:
            cats = {table.names[column].strip(): _SCORES[cells[column].strip().lower()] for column in table.scores}
            return Shape(text, None, cats, tool="a text and a column for each category a row")
        if not table.spans:
            return Shape(text, None, {label: 1.0} if label else None, True, tool="a text and its label a row")
        shape = shapes_of({"text": text, "spans": json.loads(label) if label else []})[0]
    except KeyError as error:
        reason = f"a score other than 0 and 1 ({error})"
        raise SpanwrightError(Errors.S121.format(file=file, line=line, reason=reason)) from error
    except (ShapeError, ValueError, RecursionError) as error:
        raise SpanwrightError(Errors.S121.format(file=file, line=line, reason=error)) from error
    if shape.spans is None:
        raise SpanwrightError(Errors.S121.format(file=file, line=line, reason="the cell holds no list of spans"))
    return shape._replace(tool="a text and its spans as JSON a row")


def _are_span_lists(cells: Sequence[str]) -> bool:
    return any(map(_is_span_list, cells)) and all(_is_span_list(cell) or not cell.strip() for cell in cells)


def _is_span_list(cell: str) -> bool:
    return cell.strip().startswith("[") and cell.strip().endswith("]")


def _are_scores(cells: Sequence[str]) -> bool:
    return all(cell.strip().lower() in _SCORES for cell in cells)


def _text_column(names: Sequence[str], rows: Sequence[Sequence[str]], *, exclude: Sequence[int]) -> int:
    columns = [column for column in range(len(rows[0])) if column not in exclude] or [0]
    named = [column for column in columns if names[column] in _TEXT_NAMES]
    return named[0] if named else max(columns, key=lambda column: sum(len(row[column]) for row in rows))


def _label_column(rows: Sequence[Sequence[str]]) -> int:
    """The column of the fewest distinct values that come again, more than one if that can be, and of the shortest ones."""
    columns = [[row[column] for row in rows] for column in range(len(rows[0]))]

    def rank(column: int) -> tuple[bool, bool, int, int]:
        distinct, empty = len(set(columns[column])), not any(columns[column])
        return empty or distinct * 2 > len(rows) > 4, distinct < 2, distinct, sum(map(len, columns[column]))

    return min(range(len(columns)), key=rank)


def _rivals(rows: Sequence[Sequence[str]], text: int, label: int, named: Sequence[int]) -> Iterator[int]:
    """Other columns with names of labels, and values of their own.

    Without any, those whose values come again as labels do; those of one value where the label's has no more.
    """
    if named:
        for column in named:
            values = [(row[column].strip(), row[label].strip()) for row in rows]
            if column != text and any(value not in ("", other) for value, other in values):
                yield column
        return
    least = min(2, len({row[label] for row in rows}))
    for column in range(len(rows[0])):
        distinct = {row[column].strip() for row in rows}
        if column not in (text, label) and any(distinct) and least <= len(distinct) and len(distinct) * 2 <= len(rows):
            yield column
