"""Tables made of measured results."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from spanwright.project.results import with_results

CONTENT = {
    "command": "python benchmarks/x.py",
    "machine": "2 cores",
    "date": "2026-01-02",
    "results": {
        "ours": {"seconds": 1.5, "all_seconds": [1.5], "words_per_second": 12000},
        "theirs": {"seconds": 3, "words_per_second": 6},
        "failed": {"seconds": 4},
    },
}
PAGE = "before\n<!-- RESULTS x -->\nold\n<!-- END OF RESULTS -->\nafter\n"


def test_table_replaces_the_old_one(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text(json.dumps(CONTENT))
    page = with_results(PAGE, tmp_path)
    rows = [
        "| | seconds | words per second |",
        "|---|---:|---:|",
        "| ours | 1.5 | 12,000 |",
        "| theirs | 3 | 6 |",
        "| failed | 4 | |",
    ]
    assert page == (
        "before\n<!-- RESULTS x -->\n\n" + "\n".join(rows) + "\n\n`python benchmarks/x.py`, 2 cores, 2026-01-02.\n\n"
        "<!-- END OF RESULTS -->\nafter\n"
    )
    assert with_results(page, tmp_path) == page


def test_table_of_labels(tmp_path: Path) -> None:
    results = {"ours 2": {"seconds": 1, "labels": {"a": {"p": 0.5, "support": 3}, "b": {"p": 0.25, "support": 1}}}}
    (tmp_path / "x.json").write_text(json.dumps({**CONTENT, "results": results}))
    page = with_results(PAGE.replace("RESULTS x", "LABELS x ours 2"), tmp_path)
    assert "<!-- LABELS x ours 2 -->\n\n| | p | support |\n|---|---:|---:|\n| a | 0.5 | 3 |\n| b | 0.25 | 1 |\n" in page


def test_missing_results_are_no_empty_table(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"x\.json"):
        with_results(PAGE, tmp_path)
