"""Tables of a Markdown page, made from the results of benchmarks."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

BLOCK = re.compile(r"(?P<start><!-- RESULTS (?P<name>[\w-]+) -->\n).*?(?P<end><!-- END OF RESULTS -->)", re.DOTALL)


def with_results(page: str, folder: Path) -> str:
    """Return `page` with a table between each `<!-- RESULTS name -->` and `<!-- END OF RESULTS -->`, from `folder/name.json`."""

    def fill(block: re.Match[str]) -> str:
        content = json.loads((folder / f"{block['name']}.json").read_text("utf-8"))
        return f"{block['start']}\n{results_table(content)}\n{block['end']}"

    return BLOCK.sub(fill, page)


def results_table(content: Mapping[str, Any]) -> str:
    """Return the results as a table, a row for each name and a column for each number of the first, with where they come from."""
    rows: Mapping[str, Mapping[str, Any]] = content["results"]
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
