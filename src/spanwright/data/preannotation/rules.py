"""Lists of terms and of patterns, as their files have them, each with its line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import regex  # type: ignore[import-untyped]

from spanwright.data.readers.jsons import json_records
from spanwright.data.readers.tables import table_rows
from spanwright.data.sources import Source
from spanwright.errors import Errors, SpanwrightError

_TERM_COLUMNS = ("term", "label", "case")
_CASES = {"": None, "match": True, "ignore": False}
_PATTERN_COLUMNS = ("label", "pattern", "flags", "group")
_FLAGS = {"a": regex.ASCII, "i": regex.IGNORECASE, "m": regex.MULTILINE, "s": regex.DOTALL, "x": regex.VERBOSE}


@dataclass(frozen=True)
class Term:
    """A term and its label. `match_case` None leaves that to the settings."""

    text: str
    label: str
    match_case: bool | None = None


@dataclass(frozen=True)
class Pattern:
    """A regular expression; `group` is what of a match to label, `place` is file and line."""

    label: str
    expression: regex.Pattern[str]
    group: int | str
    place: str


def read_terms(path: Path) -> list[Term]:
    """Read rows of term, label and case; a header row of these names may come first.

    RAISES (SpanwrightError): A row without a term or a label, or with another case than "match", "ignore" or none.
    """
    terms = []
    for line, cells in _rows(path, _TERM_COLUMNS):
        term, label, case = (*cells, "", "")[:3]
        reason = ""
        if not 2 <= len(cells) <= 3 or not term or not label:
            reason = f"found {cells}"
        elif case.lower() not in _CASES:
            reason = f"the case is {case!r}"
        if reason:
            raise SpanwrightError(Errors.S160.format(file=path, line=line, reason=reason))
        terms.append(Term(term, label, _CASES[case.lower()]))
    return terms


def read_patterns(path: Path) -> list[Pattern]:
    """Read patterns from CSV, with or without a header row, or from JSON objects.

    RAISES (SpanwrightError): What is no such row, or no regular expression.
    """
    patterns = []
    for line, row in _pattern_rows(path):
        try:
            patterns.append(_pattern(row, f"{path}:{line}"))
        except (ValueError, regex.error) as error:
            raise SpanwrightError(Errors.S161.format(file=path, line=line, reason=error)) from error
    return patterns


def _pattern_rows(path: Path) -> Iterator[tuple[int, Any]]:
    if path.name.removesuffix(".gz").endswith((".json", ".jsonl")):
        yield from json_records(Source(path))
        return
    for line, cells in _rows(path, _PATTERN_COLUMNS):
        if len(cells) > len(_PATTERN_COLUMNS):
            reason = f"{len(cells)} columns; a pattern with commas needs quotes"
            raise SpanwrightError(Errors.S161.format(file=path, line=line, reason=reason))
        yield line, dict(zip(_PATTERN_COLUMNS, cells, strict=False))


def _pattern(row: Any, place: str) -> Pattern:
    """RAISES (ValueError, regex.error): The row is no pattern; the message says why."""
    if not isinstance(row, dict) or not set(row) <= set(_PATTERN_COLUMNS):
        raise ValueError(f"found {json.dumps(row, ensure_ascii=False):.100}")
    label, source, flags = (row.get(key) or "" for key in _PATTERN_COLUMNS[:3])
    if not all(isinstance(part, str) for part in (label, source, flags)) or not label or not source:
        raise ValueError("label and pattern must be texts, and not empty")
    if unknown := sorted(set(flags.lower()) - set(_FLAGS)):
        raise ValueError(f"unknown flags {', '.join(unknown)}")
    combined = 0
    for flag in flags.lower():
        combined |= _FLAGS[flag]
    expression = regex.compile(source, combined)
    group = row.get("group") or 0
    if isinstance(group, str) and group.isdecimal():
        group = int(group)
    if group not in expression.groupindex and not (type(group) is int and 0 <= group <= expression.groups):
        raise ValueError(f"the pattern has no group {group!r}")
    return Pattern(label, expression, group, place)


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows of a CSV file without white space around the cells, and without its header."""
    for index, (line, cells) in enumerate(table_rows(Source(path), ",")):
        stripped = [cell.strip() for cell in cells]
        if index or [cell.lower() for cell in stripped] != list(columns[: len(stripped)]):
            yield line, stripped
