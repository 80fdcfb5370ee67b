"""Rows of a file in columns, each taken apart once however often it stands in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import NamedTuple

from spanwright.data.readers.layout import DOCSTART, Layout, is_boundary
from spanwright.data.schemes import OUTSIDE, OUTSIDE_ALIASES, looks_like_tag, parse_tags
from spanwright.data.sources import Source
from spanwright.data.spans import CONTROL, MOJIBAKE, SURROGATE
from spanwright.errors import Errors, SpanwrightError

MAX_ROW_LENGTH = 65_536
MAX_SENTENCE_LENGTH = 8_388_608

_CACHED_ROWS = 200_000
_SPACE = re.compile(r"[ \t]+")
_RANGE = re.compile(r"\d+[-.]\d+")
_NO_ENTITY = OUTSIDE | OUTSIDE_ALIASES | {""}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_ZERO_WIDTH = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff]")
_BREAKING_SPACE = re.compile(r"[^\S\u00a0\u202f]")
# Any character that one of the above can match: most tokens have none, and need one search instead of four.
_ODD = re.compile("[\\s\x00-\x1f\x7f-\x9f\ud800-\udfff\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeffÃÂâð]")

# A plain token is 0, so that one test tells it from all that needs a closer look.
TOKEN, NOTED, PASSED, REFUSED, BLANK, BOUNDARY = range(6)


class Row(NamedTuple):
    """A row taken apart; `notes` are findings as (code, what was found). For a refused row they are the error.

    `sentence` is what a column that numbers the sentences holds.
    """

    kind: int
    token: str = ""
    tag: str = ""
    notes: tuple[tuple[str, str], ...] = ()
    sentence: str = ""


class Block(NamedTuple):
    """The rows of one sentence, the line of each, whether any is no plain token, and the number of its document."""

    rows: list[Row]
    lines: Sequence[int]
    noted: bool
    document: int


class _Rows(dict[str, Row]):
    """Parsed rows by their text; emptied when it grows large."""

    def __init__(self, layout: Layout) -> None:
        super().__init__()
        self._parse = partial(parse_row, layout)

    def __missing__(self, line: str) -> Row:
        row = self._parse(line)
        if len(self) >= _CACHED_ROWS:
            self.clear()
        self[line] = row
        return row


def parse_row(layout: Layout, line: str) -> Row:
    """Take one row apart. Pure, so that equal rows can share the result."""
    if not line.strip():
        return Row(BLANK)
    if is_boundary(line):
        return Row(BOUNDARY)
    if found := _CONTROL.search(line):
        return Row(REFUSED, notes=(("S107", f"U+{ord(found[0]):04X}"),))
    cells, notes = _cells_of(layout, line)
    if line.startswith("#") and _is_comment(layout, line, cells):
        return Row(PASSED, notes=(("comment", line),))
    if cells is None:
        return Row(REFUSED, notes=(("S108", str(len(layout.split(line)))),))
    tag = cells[layout.tag].strip()
    if layout.numbered and tag in _NO_ENTITY and _RANGE.fullmatch(cells[0].strip()):
        return Row(PASSED, notes=(("range-row", line.strip()),))
    row = token_row(cells[layout.token], tag, notes)
    if layout.sentence is not None and (sentence := cells[layout.sentence].strip()):
        return row._replace(kind=NOTED, sentence=sentence)
    return row


def _cells_of(layout: Layout, line: str) -> tuple[list[str] | None, list[tuple[str, str]]]:
    """Split a row into as many cells as the layout has, with the findings; None where that cannot be."""
    cells = [line.strip()] if layout.inline and "|" not in line else layout.split(line)
    if layout.inline:
        cells = line.rsplit("|", layout.columns - 1)
    if len(cells) == layout.columns:
        return cells, []
    for other in ([cell for cell in cells if cell], _SPACE.split(line.strip())):
        if len(other) == layout.columns and other != cells and _is_tag(layout, other[layout.tag]):
            return other, [("other-separator", line.strip())]
    surplus = len(cells) > layout.columns == 2 and layout.separator == "space" and layout.tag == 1
    if surplus and not _known_tag(layout, cells[1]) and _is_tag(layout, cells[-1]):
        return [line.strip(" \t").removesuffix(cells[-1]), cells[-1]], []
    if len(cells) > layout.columns and (_known_tag(layout, cells[layout.tag]) or layout.columns == 2):
        return cells, [("extra-column", "\t".join(cells[layout.columns :]))]
    if len(cells) == 1 and layout.columns == 2:
        alone = cells[0].strip()
        missing = line[0].isspace() and _known_tag(layout, alone)
        return (["", alone] if missing and layout.tag == 1 else _with_tag(layout, alone)), []
    return None, []


def _with_tag(layout: Layout, token: str) -> list[str]:
    return [token, ""] if layout.tag else ["", token]


def _known_tag(layout: Layout, cell: str) -> bool:
    parsed, _ = parse_tags([cell.strip()])
    return cell.strip() in OUTSIDE or (looks_like_tag(cell) and {tag.label for tag in parsed.values()} <= layout.labels)


def _is_tag(layout: Layout, cell: str) -> bool:
    """A known tag, or one written as the tags of the file are, with a new label."""
    label = cell[2:]
    return _known_tag(layout, cell) or (
        cell[:1] in layout.prefixes
        and looks_like_tag(cell)
        and label[:1].isalpha()
        and any(label.isupper() == known.isupper() for known in layout.labels if known)
    )


def _is_comment(layout: Layout, line: str, cells: Sequence[str] | None) -> bool:
    """A row that starts with # and is no row of the table; a lone `#word` is a token without a tag."""
    if cells is not None and len(layout.split(line)) == layout.columns:
        tag = cells[layout.tag].strip()
        return not (looks_like_tag(tag) or tag in layout.labels or layout.separator == "tab")
    return bool(_SPACE.search(line.strip()))


def token_row(cell: str, tag: str, notes: list[tuple[str, str]]) -> Row:
    """Make the row of a token, with what is odd about it."""
    token = cell.strip()
    if found := SURROGATE.search(token):
        return Row(REFUSED, notes=(("S129", f"U+{ord(found[0]):04X}"),))
    if not token:
        notes = [*notes, ("empty-token", repr(cell))]
    elif token != cell and cell.strip(" ") != token:
        notes = [*notes, ("token-edge", repr(cell))]
    if _ODD.search(token):
        notes = [*notes, *_odd_characters(token)]
    if not tag:
        notes, tag = [*notes, ("missing-tag", token)], "O"
    return Row(NOTED if notes else TOKEN, token, tag, tuple(notes))


def _odd_characters(token: str) -> list[tuple[str, str]]:
    mojibake = MOJIBAKE.search(token)
    notes = [
        ("token-white-space", _BREAKING_SPACE.search(token)),
        ("zero-width", _ZERO_WIDTH.search(token)),
        ("control-character", not mojibake and CONTROL.search(token)),
        ("mojibake", mojibake),
    ]
    return [(code, token if code == "mojibake" else ascii(token)) for code, found in notes if found]


def blocks(source: Source, layout: Layout) -> Iterator[Block]:
    """Yield the sentences of a file.

    RAISES (SpanwrightError): A row that cannot be read, with its line.
    """
    read = _inline_blocks if layout.inline else _column_blocks
    for block in read(source, layout, _Rows(layout)):
        check_block(block, source.name, layout.columns)
        yield block


def _column_blocks(source: Source, layout: Layout, parsed: _Rows) -> Iterator[Block]:
    rows: list[Row] = []
    noted, header, document, number, sentence = False, layout.header, 0, 0, ""
    for batch in source.batches(MAX_ROW_LENGTH):
        read = list(map(parsed.__getitem__, batch))
        if header and (at := next((i for i, row in enumerate(read) if row.kind <= NOTED), None)) is not None:
            read[at], header = Row(PASSED, notes=(("header", batch[at]),)), False
        start = 0
        for at in [i for i, row in enumerate(read) if row[0]]:
            rows += read[start:at]
            start = at + 1
            row, line = read[at], number + at + 1
            if rows and (row.kind >= BLANK or row.sentence not in ("", sentence)):
                yield Block(rows, range(line - len(rows), line), noted, document)
                rows, noted = [], False
            sentence = row.sentence or sentence
            if row.kind < BLANK:
                rows.append(row)
                noted = True
            document += row.kind == BOUNDARY
        rows += read[start:]
        number += len(batch)
    if rows:
        yield Block(rows, range(number + 1 - len(rows), number + 1), noted, document)


def _inline_blocks(source: Source, layout: Layout, parsed: _Rows) -> Iterator[Block]:
    number, document = 0, 0
    for batch in source.batches(MAX_SENTENCE_LENGTH):
        for line in batch:
            number += 1
            if line.startswith("# ") and "|" not in line:
                yield Block([Row(PASSED, notes=(("comment", line),))], [number], True, document)
                continue
            for new_document, items in _inline_sentences(line):
                document += new_document
                rows = list(map(parsed.__getitem__, items))
                if rows:
                    yield Block(rows, [number] * len(rows), any(row.kind for row in rows), document)


def _inline_sentences(line: str) -> Iterator[tuple[bool, list[str]]]:
    """Yield the items of a line, parted where a document starts; the first value says whether one does."""
    items = line.split()
    if not all("|" in item for item in items):
        items = [piece for item in _SPACE.split(line) for piece in _pieces(item)]
    if DOCSTART not in line:
        yield False, items
        return
    if items[0] == DOCSTART and "|" not in line:
        yield True, []
        return
    starts = [index for index, item in enumerate(items) if item.partition("|")[0] == DOCSTART]
    yield False, items[: starts[0]] if starts else items
    for start, end in pairwise([*starts, len(items)]):
        yield True, items[start + 1 : end]


def _pieces(item: str) -> list[str]:
    """Other white space than blanks and tabs parts items only where all the parts have tags."""
    pieces = item.split()
    return pieces if all("|" in piece for piece in pieces) else [item]


def check_block(block: Block, file: str, columns: int) -> None:
    """RAISES (SpanwrightError): A row that cannot be read, with its line."""
    if not block.noted or all(row.kind != REFUSED for row in block.rows):
        return
    row, line = next((row, line) for row, line in zip(block.rows, block.lines, strict=True) if row.kind == REFUSED)
    code, found = row.notes[0]
    raise SpanwrightError(getattr(Errors, code).format(file=file, line=line, found=found, expected=columns))
