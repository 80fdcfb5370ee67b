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


def with_results(page: str, folder: Path) -> str:
    """Return `page` with a table in each block, from `folder/NAME.json`.

    A block ends with `<!-- END OF RESULTS -->` and begins with `<!-- RESULTS NAME -->`, for all rows, or with
    `<!-- LABELS NAME ROW -->`, for the labels of one row.
    """

    def fill(block: re.Match[str]) -> str:
        content = json.loads((folder / f"{block['name']}.json").read_text("utf-8"))
        rows = content["results"] if block["kind"] == "RESULTS" else content["results"][block["row"]]["labels"]
        return f"{block['start']}\n{results_table(content, rows)}\n{block['end']}"

    return BLOCK.sub(fill, page)


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
