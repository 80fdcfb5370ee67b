"""Tables of a Markdown page, made from the results of benchmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLOCK = re.compile(
    r"(?P<start><!-- (?P<kind>RESULTS|LABELS) (?P<name>\w[\w-]*)(?: (?P<row>[^>]+?))? -->\n).*?(?P<end><!-- END OF RESULTS -->)",
    re.DOTALL,
)
SUMMARY = re.compile(
    r"(?P<start><!-- SUMMARY\n(?P<rows>(?:[^\n]+\n)+)-->\n).*?(?P<end><!-- END OF RESULTS -->)",
    re.DOTALL,
)
OURS = "ours"
PEERS = {"stock": "stock spaCy", "trainer": "Hugging Face's Trainer"}  # by their names in results


def with_results(page: str, folder: Path) -> str:
    """Return `page` with a table in each block, from `folder/NAME.json`.

    A block ends with `<!-- END OF RESULTS -->` and begins with `<!-- RESULTS NAME -->`, for all rows, or with
    `<!-- LABELS NAME ROW -->`, for the labels of one row. One that begins with `<!-- SUMMARY`, lines of a name, a column and
    a title, and `-->` has a row for each of these lines, which compares ours with its peers.
    """

    def fill(block: re.Match[str]) -> str:
        content = json.loads((folder / f"{block['name']}.json").read_text("utf-8"))
        rows = content["results"] if block["kind"] == "RESULTS" else content["results"][block["row"]]["labels"]
        return f"{block['start']}\n{results_table(content, rows)}\n{block['end']}"

    def summarise(block: re.Match[str]) -> str:
        rows = [_compare(folder, *line.split(maxsplit=2)) for line in block["rows"].splitlines()]
        head = ["| | " + " | ".join([OURS, *PEERS.values()]) + " |", "|---|" + "---|" * (1 + len(PEERS))]
        return "\n".join([block["start"], *head, *rows, "", block["end"]])

    return SUMMARY.sub(summarise, BLOCK.sub(fill, page))


def _compare(folder: Path, name: str, column: str, title: str) -> str:
    """Return a row of a summary: a score of ours, and of each peer the best that its variants (`trainer`, `trainer sorted`, ...)
    reach, and their times and memory as multiples of ours.
    """
    results = json.loads((folder / f"{name}.json").read_text("utf-8"))["results"]
    ours = results[OURS]
    cells = [title, f"**{ours[column]:.3f}**"]
    for peer in PEERS:
        rows = [row for variant, row in results.items() if variant.split()[0] == peer]
        times = [row["times_as_long"] for row in rows if "times_as_long" in row]  # none without a shared seed
        multiples = {"time": times, "memory": [row["peak_mb"] / ours["peak_mb"] for row in rows]}
        parts = [f"{max(row[column] for row in rows):.3f}"] if rows else []
        cells.append(", ".join(parts + [f"{_range(found)} × {what}" for what, found in multiples.items() if found]))
    return f"| {' | '.join(cells)} |"


def _range(numbers: list[float]) -> str:
    """Return the least and the greatest, or the one that both are when rounded."""
    return " to ".join(dict.fromkeys(f"{number:.1f}" for number in (min(numbers), max(numbers))))


def results_table(content: Mapping[str, Any], rows: Mapping[str, Mapping[str, Any]]) -> str:
    """Return rows of the results as a table, with a column for each number of the first, and where they come from."""
    columns = [key for key, value in next(iter(rows.values())).items() if isinstance(value, int | float)]
    lines = [
        "| | " + " | ".join(column.replace("_", " ") for column in columns) + " |",
        "|---|" + "---:|" * len(columns),
        *(
            "| ".join([f"| {name} ", *(_cell(row.get(column)) for column in columns)]) + "|"
            for name, row in rows.items()
        ),
    ]
    note = f" {content['note']}" if "note" in content else ""
    return "\n".join(lines) + f"\n\n`{content['command']}`, {content['machine']}, {content['date']}.{note}\n"


def _cell(value: float | None) -> str:
    """What a row does not have stays blank."""
    return "" if value is None else f"{value:,} "
