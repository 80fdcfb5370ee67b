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


def test_summary_compares_with_each_peer_that_ran(tmp_path: Path) -> None:
    ours = {"f1": 0.8874, "peak_mb": 200.0, "times_as_long": 1.0}
    trainer = {"f1": 0.8, "peak_mb": 450.0, "times_as_long": 3.28}
    fast = {"trainer": trainer, "trainer sorted": {"f1": 0.79, "peak_mb": 446.0, "times_as_long": 2.3}}
    rows = {"x": {"trainer": trainer}, "y": {"stock": trainer}, "z": fast}
    for name, peers in rows.items():
        results = {"ours": ours, **peers}
        (tmp_path / f"{name}.json").write_text(json.dumps({**CONTENT, "results": results}))
    page = "<!-- SUMMARY\nx f1 Entities: F1\ny f1 Others\nz f1 More\n-->\nold\n<!-- END OF RESULTS -->\n"
    made = with_results(page, tmp_path)
    assert made.splitlines()[6:11] == [
        "| | ours | stock spaCy | Hugging Face's Trainer |",
        "|---|---|---|---|",
        "| Entities: F1 | **0.887** |  | 0.800, 3.3 × time, 2.2 × memory |",
        "| Others | **0.887** | 0.800, 3.3 × time, 2.2 × memory |  |",
        "| More | **0.887** |  | 0.800, 2.3 to 3.3 × time, 2.2 × memory |",
    ]
    assert with_results(made, tmp_path) == made


def test_missing_results_are_no_empty_table(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"x\.json"):
        with_results(PAGE, tmp_path)
