"""How a file in columns is laid out: its separator, its columns, and which of them hold the token and the tag."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass, field

from spanwright.data.schemes import OUTSIDE, OUTSIDE_ALIASES, looks_like_tag, parse_tags
from spanwright.errors import Errors, SpanwrightError

SEPARATORS = {"tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}
DOCSTART = "-DOCSTART-"

_SPACES = re.compile(r"[ \t]+")
_LABEL = re.compile(r"\w[\w.&+-]*")
_TOKEN_NAMES = frozenset(("token", "tokens", "word", "words", "form"))
_TAG_NAMES = frozenset(("tag", "tags", "label", "labels", "ner", "iob", "bio", "entity", "ner_tag", "ner_tags"))
_SENTENCE_NAME = re.compile(r"sent(?:ence)?[ _]?(?:#|id|idx|index|no|nr|number)", re.IGNORECASE)
_SENTENCE = re.compile(r"sent(?:ence)?\W*\d+", re.IGNORECASE)
# The chunks of CoNLL-2000 and CoNLL-2003, English and German, tagged as entities are.
_CHUNKS = frozenset("NP VP PP ADVP ADJP SBAR PRT CONJP INTJ LST UCP NC VC PC".split())
_SAMPLE_ROWS = 20_000
# A column of bare labels has few values; a column of words has many.
_MOST_LABELS = 200


@dataclass(frozen=True)
class ColumnOptions:
    """Settings of the reader; None leaves a choice to the evidence in the file. Columns count from 1."""

    separator: str | None = None
    columns: tuple[int, int] | None = None
    header: bool | None = None
    scheme: str | None = None
    outside: tuple[str, ...] = ()
    label_pattern: str | None = None
    docs: str = "sentence"

    def pair(self, width: int, file: str) -> tuple[int, int] | None:
        """The columns that are set, counted from 0.

        RAISES (SpanwrightError): Columns that `width` of them do not have.
        """
        if self.columns is None:
            return None
        first, second = (number - 1 if number > 0 else width + number for number in self.columns)
        if not (0 <= first < width and 0 <= second < width and first != second):
            raise SpanwrightError(Errors.S113.format(file=file, columns=self.columns, width=width))
        return first, second


@dataclass(frozen=True)
class Layout:
    """The layout of one file. Columns count from 0; `inline` means one sentence a line, `token|TAG token|TAG`.

    `numbered`: column 0 counts the words, as in CoNLL-U. `sentence`: the column whose value changes where a sentence
    starts. `prefixes`: the letters before the labels, as written.
    """

    separator: str
    columns: int
    token: int
    tag: int
    inline: bool = False
    header: bool = False
    numbered: bool = False
    sentence: int | None = None
    labels: frozenset[str] = frozenset()
    prefixes: frozenset[str] = frozenset()
    reasons: tuple[str, ...] = ()
    doubts: tuple[str, ...] = field(default=())

    def split(self, line: str) -> list[str]:
        """Split a row into its cells, white space around them kept."""
        return split_row(line, self.separator, self.columns)


def split_row(line: str, separator: str, columns: int | None = None) -> list[str]:
    """Split a row; spaces count as one separator however many they are, and commas obey the quotes of CSV.

    columns (int | None): How many cells a row should have, where that is known.
    """
    if separator == "tab":
        return line.split("\t")
    if separator == "space":
        return _SPACES.split(line.strip(" \t"))
    if separator in ("comma", "semicolon"):
        # a line is as long as its source allows, which is more than csv does
        csv.field_size_limit(max(csv.field_size_limit(), len(line)))
        cells = next(csv.reader([line], delimiter=SEPARATORS[separator], strict=False), [""])
        if columns is None or len(cells) == columns:
            return cells
        # an unquoted `,,O` is a comma and its tag
        return line.rsplit(SEPARATORS[separator], columns - 1)
    return line.split(SEPARATORS[separator])


def is_boundary(line: str) -> bool:
    """Whether the row marks the start of a document."""
    return line.lstrip().startswith(DOCSTART) and (_SPACES.split(line.strip())[0] == DOCSTART)


def sniff(lines: Sequence[str], file: str, options: ColumnOptions) -> Layout:
    """Find the layout from the first lines of a file.

    RAISES (SpanwrightError): No column looks like tags.
    """
    rows = [line for line in lines[:_SAMPLE_ROWS] if line.strip() and not is_boundary(line)]
    rows = [line for line in rows if not line.startswith("#")] or rows
    if not rows:
        raise SpanwrightError(Errors.S105.format(file=file))
    if any(line.startswith("#FORMAT=WebAnno TSV") for line in lines[:10]):
        raise SpanwrightError(Errors.S134.format(file=file))
    if not options.separator and (columns := _inline_columns(rows)):
        why = f"one sentence a line, each item token|TAG ({columns} parts)"
        return Layout("pipe", columns, 0, columns - 1, inline=True, reasons=(why,))
    separator = options.separator or _separator_of(rows)
    columns = Counter(len(split_row(row, separator)) for row in rows).most_common(1)[0][0]
    if columns < 2:
        raise SpanwrightError(Errors.S106.format(file=file, separator=separator))
    tables = [split_row(row, separator, columns) for row in rows]
    whole = [[cell.strip() for cell in cells] for cells in tables if len(cells) == columns]
    sentence = _sentence_column(whole)
    token, tag, why, doubts = _choose_columns(whole, file, separator, options, sentence)
    header = options.header if options.header is not None else _has_header(whole, token, tag, tables[0])
    values = {cells[tag] for cells in whole[int(header) :]}
    parsed, place = parse_tags(values, options.outside, bare=options.scheme == "bare")
    reasons: tuple[str, ...] = (
        f"{columns} columns separated by {separator}; token in column {token + 1}, tag in column {tag + 1}: {why}",
    )
    if header:
        reasons += (f"the first row is a header ({' '.join(whole[0])}), passed over",)
    if sentence is not None:
        reasons += (f"a new value in column {sentence + 1} starts a sentence",)
    return Layout(
        separator,
        columns,
        token,
        tag,
        header=header,
        numbered=columns > 2 and token > 0 and sum(cells[0].isdigit() for cells in whole) * 2 > len(whole),
        sentence=sentence,
        labels=frozenset(part.label for part in parsed.values()),
        prefixes=frozenset(raw[0] for raw, part in parsed.items() if part.label and place == "prefix"),
        reasons=reasons,
        doubts=doubts,
    )


def _inline_columns(rows: Sequence[str]) -> int:
    """How many parts the items of a one-line file have, or 0 where it is none."""
    items = [item for row in rows[:200] for item in row[:20_000].split(" ") if item][:20_000]
    if len(rows) and sum("\t" in row for row in rows[:200]) * 2 > len(rows[:200]):
        return 0
    # one item a line is a file in columns whose separator is a pipe
    if len(items) < 2 * len(rows[:200]):
        return 0
    tagged = [item for item in items if "|" in item and looks_like_tag(item.rsplit("|", 1)[1])]
    if len(tagged) < 0.5 * len(items):
        return 0
    parts = Counter(item.count("|") + 1 for item in tagged).most_common(1)[0][0]
    return min(parts, 3)


def _separator_of(rows: Sequence[str]) -> str:
    half = len(rows) / 2
    for name in ("tab", "space", "comma", "semicolon", "pipe"):
        if sum(SEPARATORS[name] in row.strip(" ") for row in rows) >= half:
            return name
    return "tab"


def _sentence_column(rows: Sequence[Sequence[str]]) -> int | None:
    """The column that numbers the sentences, by its name or its values."""
    for column, name in enumerate(rows[0]):
        filled = [row[column] for row in rows[1:] if row[column]]
        if _SENTENCE_NAME.fullmatch(name) or (filled and all(map(_SENTENCE.fullmatch, filled))):
            return column
    return None


def _choose_columns(
    rows: Sequence[Sequence[str]], file: str, separator: str, options: ColumnOptions, sentence: int | None
) -> tuple[int, int, str, tuple[str, ...]]:
    width = len(rows[0])
    if (pair := options.pair(width, file)) is not None:
        return *pair, "as set", ()
    values = [[row[column] for row in rows if row[column]] for column in range(width)]
    names = _header_names(rows[0])
    likely = [column for column in range(width) if _tag_share(values[column], options) >= 0.5]
    entities = [column for column in likely if not _holds_chunks(values[column])]
    why = "its values look like tags"
    if entities and len(entities) < len(likely):
        likely, why = entities, "its values look like tags, and the others are chunks"
    doubts: tuple[str, ...] = ()
    if not likely:
        likely = [column for column in range(width) if _looks_bare(values[column], options)]
        why = "its values look like labels without a prefix"
    if not likely:
        raise SpanwrightError(Errors.S106.format(file=file, separator=separator))
    likely = [column for column in likely if names[column] in _TAG_NAMES] or likely
    tag = likely[-1]
    if len(likely) > 1:
        numbers = " and ".join(str(column + 1) for column in likely)
        why = f"columns {numbers} look like tags, the last is taken"
        only = f"; it holds {values[tag][0]} only" if len(set(values[tag])) == 1 else ""
        doubts = (f"columns {numbers} look like tags, the last is taken{only}",)
    words = [column for column in range(width) if names[column] in _TOKEN_NAMES and column != tag]
    token = words[0] if words else _token_column(values, {tag, tag if sentence is None else sentence})
    return token, tag, why, doubts


def _header_names(cells: Sequence[str]) -> list[str]:
    """The names of the columns where the first row has names; "" for each where it has not."""
    names = [cell.casefold() for cell in cells]
    usual = not (_TOKEN_NAMES | _TAG_NAMES).isdisjoint(names) and not any(map(looks_like_tag, cells))
    return names if usual else [""] * len(names)


def _holds_chunks(values: Sequence[str]) -> bool:
    labels = {tag.label for tag in parse_tags(set(values))[0].values()} - {""}
    return bool(labels) and labels <= _CHUNKS


def _tag_share(values: Sequence[str], options: ColumnOptions) -> float:
    """The share of tags among all values but the commonest, which is the outside tag, however it is written."""
    if not values:
        return 0.0
    counts = Counter(values)
    common, most = counts.most_common(1)[0]
    rest = len(values) - most
    out = OUTSIDE.union(options.outside)
    if not rest:
        return float(common in out or looks_like_tag(common))
    return sum(count for value, count in counts.items() if value != common and looks_like_tag(value)) / rest


def _looks_bare(values: Sequence[str], options: ColumnOptions) -> bool:
    counts = Counter(values)
    out = OUTSIDE.union(OUTSIDE_ALIASES, options.outside)
    labels = [value for value in counts if value not in out]
    return 0 < len(labels) < len(counts) and len(labels) <= _MOST_LABELS and all(map(_LABEL.fullmatch, labels))


def _token_column(values: Sequence[Sequence[str]], exclude: Set[int]) -> int:
    """The first column of words: seldom empty, not numbers, and about as varied as the most varied column."""
    filled = 0.5 * max(map(len, values))
    others = [column for column in range(len(values)) if column not in exclude and len(values[column]) > filled]
    others = others or [column for column in range(len(values)) if column not in exclude]
    words = [c for c in others if sum(v[:1].isdigit() for v in values[c]) < 0.9 * len(values[c])] or others
    most = max(len(set(values[column])) for column in words)
    return next(column for column in words if len(set(values[column])) >= 0.3 * most)


def _has_header(rows: Sequence[Sequence[str]], token: int, tag: int, first: Sequence[str]) -> bool:
    """The first row names its columns: its tag is none, stands nowhere else, and a cell has a usual name."""
    if [cell.strip() for cell in first] != list(rows[0]):
        return False
    head, others = rows[0], {row[tag] for row in rows[1:]}
    known = head[token].casefold() in _TOKEN_NAMES | _TAG_NAMES or head[tag].casefold() in _TOKEN_NAMES | _TAG_NAMES
    return known and not looks_like_tag(head[tag]) and head[tag] not in others and bool(others)
