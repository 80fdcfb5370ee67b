"""What a report consists of, before it is written as HTML or Markdown: numbers, tables, charts, marked texts, sections."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MISSING = "not computed"
_LONGEST = 200
_NO_XML = "\ufffe\uffff"

Interval = Sequence[float]  # low and high


@dataclass(frozen=True)
class Number:
    """A number as it was computed, and as it is shown. `value` is None where it could not be computed."""

    value: float | int | None
    text: str
    interval: Interval | None = None
    interval_text: str = ""


@dataclass(frozen=True)
class Code:
    """A name to be shown letter by letter: a label, a path, a setting."""

    text: str


Cell = str | Number | Code


@dataclass(frozen=True)
class Table:
    """Rows under a header; the first cell of a row names it."""

    caption: str
    header: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture of `size` inches (width, height), drawn anew for each format.

    `name` is that of its file, `alt` says in words what it shows.
    """

    name: str
    title: str
    alt: str
    size: tuple[float, float]
    draw: Callable[[Figure], None]


@dataclass(frozen=True)
class Span:
    """Characters of a text with a label."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class Marked:
    """A text with what is annotated in it and what was predicted; a side that is None is not shown."""

    title: str
    text: str
    gold: Sequence[Span] | None
    predicted: Sequence[Span] | None


@dataclass(frozen=True)
class Listing:
    """Lines of a file or commands, as they are."""

    text: str


@dataclass(frozen=True)
class Prose:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Tiles:
    """The few numbers to see first, each with its name."""

    title: str
    numbers: Sequence[tuple[str, Number]]


@dataclass(frozen=True)
class Fold:
    """Blocks below a line that opens and closes them."""

    title: str
    blocks: Sequence[Block]


Block = Table | Chart | Marked | Listing | Prose | Tiles | Fold


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it; `name` is its anchor."""

    name: str
    title: str
    blocks: Sequence[Block]


def percent(value: float | None, interval: Interval | None = None) -> Number:
    """A share in [0, 1] as percent with one decimal."""
    if value is None:
        return Number(None, MISSING)
    within = f"{100 * interval[0]:.1f}–{100 * interval[1]:.1f}" if interval else ""
    return Number(value, f"{100 * value:.1f}", interval, within)


def decimal(value: float | None, digits: int = 3) -> Number:
    """A number with a fixed count of decimals."""
    return Number(value, MISSING if value is None else f"{value:,.{digits}f}")


def count(value: int | None) -> Number:
    """A whole number, its thousands apart."""
    return Number(value, MISSING if value is None else f"{value:,}")


def shortened(text: str, longest: int = _LONGEST) -> str:
    """`text` on one line, without characters that nobody can see or XML cannot hold; where it is longer than `longest`,
    its length stands for its middle.
    """
    clean = "".join(_visible(character) for character in text)
    if len(clean) <= longest:
        return clean
    half = longest // 2
    return f"{clean[:half]} … ({len(clean):,} characters) … {clean[-half // 2 :]}"


def is_right_to_left(text: str) -> bool:
    """Whether the first letter of a direction of its own is written from right to left (rule P2 of Unicode's UAX 9)."""
    strong = (unicodedata.bidirectional(character) for character in text)
    return next((kind in ("R", "AL") for kind in strong if kind in ("L", "R", "AL")), False)


def _visible(character: str) -> str:
    if character in "\t\n\r":
        return " "
    is_hidden = unicodedata.category(character) in ("Cc", "Cs") or character in _NO_XML
    return "\ufffd" if is_hidden else character
