"""Annotate texts by lists of terms, by patterns and by a trained pipeline, for people to review."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.data.preannotation.preannotate import FORMATS, PreannotateSettings, preannotate

_SUFFIXES = {".spacy": "spacy", ".tsv": "iob", ".iob": "iob", ".jsonl": "prodigy"}
_SHOWN = 5


def main(
    inputs: Annotated[list[Path], typer.Argument(help=".txt, .jsonl, .json or .spacy", show_default=False)],
    out: Annotated[Path, typer.Option(help="file to write")],
    terms: Annotated[Path | None, typer.Option(help="CSV: term,label and, if wanted, case (match or ignore)")] = None,
    patterns: Annotated[Path | None, typer.Option(help="CSV or JSONL: label,pattern,flags,group")] = None,
    pipeline: Annotated[Path | None, typer.Option(help="folder of a trained pipeline")] = None,
    format: Annotated[str | None, typer.Option(help=f"{', '.join(FORMATS)}; by the ending of --out")] = None,
    lang: Annotated[str, typer.Option(help="language whose tokenizer splits the texts, without --pipeline")] = "en",
    match_case: Annotated[bool, typer.Option("--match-case", help="tell upper from lower case in terms")] = False,
    plurals: Annotated[bool, typer.Option("--plurals", help="find the regular English plurals of terms too")] = False,
    expand: Annotated[bool, typer.Option("--expand", help="expand hits of patterns to whole tokens")] = False,
    per_file: Annotated[bool, typer.Option("--per-file", help="a .txt file is one text, not one a line")] = False,
    timeout: Annotated[float, typer.Option(min=0.01, help="seconds that a pattern may take for a text")] = 5.0,
    report: Annotated[Path | None, typer.Option(help="JSON file for every overlap and misaligned hit")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace an output that exists")] = False,
) -> None:
    """Annotate texts; with --pipeline, those that it is least certain of come first."""
    if not (terms or patterns or pipeline):
        raise typer.BadParameter("nothing to annotate by: name --terms, --patterns or --pipeline")
    chosen = format or _SUFFIXES.get(out.suffix)
    if chosen not in FORMATS:
        raise typer.BadParameter(f"--format {chosen}: one of {', '.join(FORMATS)}")
    settings = PreannotateSettings(
        terms, patterns, pipeline, lang, match_case, plurals, expand, per_file, timeout, force
    )
    result = preannotate(inputs, out, chosen, settings, report=report)
    rows = [(label, origin, count) for (label, origin), count in sorted(result.kept.items())]
    msg.table(rows, header=("label", "by", "entities"), divider=True, aligns=("l", "l", "r"))
    if result.moved:
        say.warn(f"{result.moved} entities of the input had offsets in UTF-16 units or bytes: moved")
    if result.misaligned:
        done = "expanded to tokens" if expand else "left out; --expand keeps them"
        say.warn(f"{len(result.misaligned)} hits begin or end inside a token: {done}")
        for hit in result.misaligned[:_SHOWN]:
            say.info(f"{hit['source']} {hit['start']}-{hit['end']}", f"{hit['label']} {hit['text']!r} by {hit['by']}")
    if result.overlaps:
        say.warn(f"{len(result.overlaps)} overlap an entity that comes first: left out")
    for reason, count in sorted(result.left_out.items()):
        say.warn(f"left out: {count} {reason}")
    say.good(f"{result.docs} texts, {result.kept.total()} entities", out)


if __name__ == "__main__":
    run(main)
