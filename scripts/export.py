"""Write the annotations of a .spacy corpus to a file that people and annotation tools read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli import run, say
from spanwright.data.exporting.export import FORMATS, export
from spanwright.data.readers.formats import TASKS


def main(
    corpus: Annotated[Path, typer.Argument(help=".spacy file, or folder of shards", show_default=False)],
    out: Annotated[Path, typer.Option(help="file to write")],
    format: Annotated[str, typer.Option(help=", ".join(FORMATS))],
    task: Annotated[str | None, typer.Option(help="ner or textcat, where the corpus has both")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace an output that exists")] = False,
) -> None:
    """Write the annotations of CORPUS to a file; scripts/convert.py reads it back as the same annotations."""
    if format not in FORMATS:
        raise typer.BadParameter(f"--format {format}: none of {', '.join(FORMATS)}")
    if task is not None and (task not in TASKS or task not in FORMATS[format]):
        raise typer.BadParameter(f"--task {task}: --format {format} holds {' and '.join(FORMATS[format])}")
    result = export(corpus, out, format, task=task, force=force)
    for reason, count in sorted(result.left_out.items()):
        say.warn(f"left out: {count} {reason}")
    say.good(f"{result.docs} documents, {result.labels.total()} annotations ({result.task})", out)


if __name__ == "__main__":
    run(main)
