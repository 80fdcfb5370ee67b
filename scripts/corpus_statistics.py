"""Print what a corpus holds, and what of a development corpus is new to it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import srsly
import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.data.statistics import statistics
from spanwright.files import atomic_file

_SHOWN = 3


def main(
    train: Annotated[Path, typer.Argument(help=".spacy file, or folder of shards", show_default=False)],
    dev: Annotated[Path | None, typer.Option(help="development corpus to compare with")] = None,
    output: Annotated[Path | None, typer.Option(help="JSON file for all of it")] = None,
) -> None:
    """Print the statistics of TRAIN, and of DEV beside it."""
    result = statistics(train, dev)
    show(result["train"])
    if result["dev"]:
        show(result["dev"])
        rows = [
            (
                label,
                new["strings"],
                f"{100 * new['unseen_strings_share']:.1f}%",
                f"{100 * new['unseen_entities_share']:.1f}%",
            )
            for label, new in result["dev"]["unseen"].items()
        ]
        if rows:
            header = ("label", "strings", "strings unseen in train", "entities unseen in train")
            msg.table(rows, header=header, divider=True, aligns=("l", "r", "r", "r"))
    if output is not None:
        with atomic_file(output) as partial:
            srsly.write_json(partial, result)
        say.good("statistics", output)


def show(part: dict[str, Any]) -> None:
    """Print the statistics of one corpus."""
    msg.divider(part["path"])
    print(f"{part['documents']} documents, {part['tokens']} tokens")
    if part["entities"]:
        rows = [
            (label, of["count"], of["documents"], of["strings"], *of["tokens"].values())
            for label, of in part["entities"].items()
        ]
        header = ("label", "entities", "documents", "strings", "shortest", "median", "p95", "longest")
        msg.table(rows, header=header, divider=True, aligns=("l", *"rrrrrrr"))
        _show_ambiguity(part["ambiguity"])
    if part["categories"]:
        rows = [(label, *of.values()) for label, of in part["categories"].items()]
        msg.table(rows, header=("category", "holds", "does not", "between"), divider=True, aligns=("l", "r", "r", "r"))
    if any(part["questions"].values()):
        counts = part["questions"]
        print(f"{counts['answered']} questions answered, {counts['impossible']} not, {counts['answers']} answers")


def _show_ambiguity(found: dict[str, Any]) -> None:
    labels, unannotated = found["labels"], found["unannotated"]
    if labels["strings"]:
        shown = "; ".join(f"{one['text']!r} {one['labels']}" for one in labels["examples"][:_SHOWN])
        say.info(f"{labels['strings']} strings have more than one label", shown)
    if unannotated["strings"]:
        shown = "; ".join(
            f"{one['text']!r} {one['annotated']} annotated, {one['unannotated']} not"
            for one in unannotated["examples"][:_SHOWN]
        )
        say.info(f"{unannotated['strings']} strings are entities in some places and not in others", shown)


if __name__ == "__main__":
    run(main)
