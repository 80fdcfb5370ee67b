"""Merge .spacy corpora of the same texts, annotated for different things, into one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli import run, say
from spanwright.data.merging import merge


def main(
    corpora: Annotated[
        list[Path],
        typer.Argument(help=".spacy files, or folders of shards; the first gives the tokens", show_default=False),
    ],
    out: Annotated[Path, typer.Option(help=".spacy file to write")],
    force: Annotated[bool, typer.Option("--force", help="replace an output that exists")] = False,
) -> None:
    """Write the documents of CORPORA to one corpus, with the entities, categories and spans that any of them has."""
    if len({path.resolve() for path in corpora}) < 2:
        raise typer.BadParameter("CORPORA: at least two different ones are needed")
    result = merge(corpora, out, force=force)
    for path, documents in result.inputs.items():
        say.info(f"{documents} documents", path)
    for path, texts in result.lacking.items():
        say.warn(f"{path} lacks {len(texts)} texts that are written without its annotations; the first", texts[0])
    for path, texts in result.other_tokens.items():
        say.info(f"{path} has other tokens in {len(texts)} texts, which are not taken over; the first", texts[0])
    for path, counts in result.left_out.items():
        for what, count in counts.items():
            say.warn(f"{path}: left out: {what} of {count} documents")
    say.good(f"{result.documents} documents", out)


if __name__ == "__main__":
    run(main)
