"""Markdown that says what it was given, whatever that holds."""

from __future__ import annotations

import re

from spanwright.evaluation.report.content import Cell, Code, Number, Table, shortened

_SPECIAL = re.compile(r"([\\`*_{}\[\]#|~$])")


def table(given: Table) -> str:
    """A table of GitHub's kind, its note below it."""
    numeric = [any(isinstance(row[column], Number) for row in given.rows) for column in range(len(given.header))]
    lines = [
        _line([escaped(name) for name in given.header]),
        _line(["---:" if is_number else "---" for is_number in numeric]),
        *(_line([cell(value) for value in row]) for row in given.rows),
    ]
    note = f"\n\n{escaped(given.note)}" if given.note else ""
    return "\n".join(lines) + note


def cell(value: Cell) -> str:
    """A cell of a table; the interval of a number follows it in brackets."""
    if isinstance(value, Number):
        return f"{value.text} ({value.interval_text})" if value.interval_text else value.text
    return code(value.text).replace("|", "\\|") if isinstance(value, Code) else escaped(value)


def escaped(text: str) -> str:
    """Text on one line with nothing in it that Markdown or HTML gives a meaning to."""
    safe = shortened(text, 2000).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _SPECIAL.sub(r"\\\1", safe)


def code(text: str) -> str:
    """A code span; its fence is longer than any run of backticks in the text."""
    clean = shortened(text)
    if not clean.strip():
        return "(empty)"
    longest = max((len(run) for run in re.findall("`+", clean)), default=0)
    fence, pad = "`" * (longest + 1), " " if clean[0] == "`" or clean[-1] == "`" else ""
    return f"{fence}{pad}{clean}{pad}{fence}"


def _line(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
