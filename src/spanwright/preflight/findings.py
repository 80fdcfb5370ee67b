"""What a check finds: one line with its cause and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import srsly

from spanwright.files import atomic_file

Level = Literal["error", "warning"]


@dataclass(frozen=True)
class Finding:
    """One line of a report. `message` is one of `Errors`, formatted; white space in it is folded."""

    level: Level
    message: str

    def __post_init__(self) -> None:
        # Messages quote what libraries raise, which may run over several lines
        object.__setattr__(self, "message", " ".join(self.message.split()))


def error(message: str) -> Finding:
    """A finding that stops training."""
    return Finding("error", message)


def warning(message: str) -> Finding:
    """A finding that stops training only under `--strict`."""
    return Finding("warning", message)


def nearest(name: str, candidates: Iterable[str]) -> str:
    """End a sentence about the unknown `name`: "; did you mean 'X'?" with the candidate most like it, or "."."""
    matches = difflib.get_close_matches(name, sorted(candidates), n=1, cutoff=0.6)
    return f"; did you mean '{matches[0]}'?" if matches else "."


def count(findings: Iterable[Finding], level: Level) -> int:
    """How many of `findings` are of this level."""
    return sum(finding.level == level for finding in findings)


def write_report(findings: list[Finding], overrides: Mapping[str, Any], path: Path) -> None:
    """Write the findings, their counts and the overrides in the environment as JSON to `path`: what trains again where the report
    has changed does so for another override too.
    """
    report = {
        "errors": count(findings, "error"),
        "warnings": count(findings, "warning"),
        "findings": [asdict(finding) for finding in findings],
        "overrides": dict(overrides),
    }
    with atomic_file(path) as partial:
        srsly.write_json(partial, report)
