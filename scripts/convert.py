"""Convert annotation files into spaCy's binary format: checked, repaired where that is safe, nothing lost in silence."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Optional

import typer
from wasabi import msg

from spanwright.cli import run
from spanwright.data.convert import Converted, ConvertSettings, convert, ledger_path
from spanwright.data.corpus import SHARD_TOKENS
from spanwright.data.labels import LABEL_PATTERN
from spanwright.data.readers.layout import SEPARATORS, ColumnOptions
from spanwright.data.schemes import SCHEMES
from spanwright.data.sources import Limits
from spanwright.data.spacing import SPACINGS


def main(
    inputs: Annotated[list[Path], typer.Argument(help="annotation files", show_default=False)],
    out: Annotated[Path, typer.Option(help="folder to write to")],
    name: Annotated[Optional[str], typer.Option(help="name of the output, for a single input")] = None,
    lang: Annotated[str, typer.Option(help="language whose tokenizer splits raw text")] = "en",
    strict: Annotated[bool, typer.Option("--strict", help="refuse what would have to be repaired")] = False,
    report: Annotated[Optional[Path], typer.Option(help="JSON file for every finding")] = None,
    force: Annotated[bool, typer.Option("--force", help="replace outputs that exist")] = False,
    encoding: Annotated[Optional[str], typer.Option(help="encoding of the files; UTF-8 if not given")] = None,
    separator: Annotated[Optional[str], typer.Option(help=f"columns: {', '.join(SEPARATORS)}")] = None,
    columns: Annotated[Optional[str], typer.Option(help="columns: TOKEN,TAG counted from 1, or -1 for the last")] = None,
    header: Annotated[Optional[bool], typer.Option(help="columns: whether the first row names them")] = None,
    scheme: Annotated[Optional[str], typer.Option(help=f"tags: {', '.join(SCHEMES)}")] = None,
    outside: Annotated[Optional[list[str]], typer.Option(help="a further tag that means no entity")] = None,
    label_pattern: Annotated[str, typer.Option(help="regular expression for the labels allowed")] = LABEL_PATTERN,
    spaces: Annotated[str, typer.Option(help=f"columns: text from tokens: {', '.join(SPACINGS)}")] = "detokenise",
    docs: Annotated[str, typer.Option(help="columns: one Doc per sentence or document")] = "sentence",
    shard_tokens: Annotated[int, typer.Option(min=1, help="tokens beyond which a corpus is split")] = SHARD_TOKENS,
    max_line_length: Annotated[Optional[int], typer.Option(min=1, help="characters a line may have")] = None,
    max_expansion: Annotated[int, typer.Option(min=1, help="times its size a .gz may expand to")] = 200,
) -> None:
    """Convert annotation files into .spacy corpora, each with a ledger beside it."""
    if name is not None and len(inputs) != 1:
        raise typer.BadParameter("--name goes with a single input")
    _one_of("--separator", separator, SEPARATORS)
    _one_of("--scheme", scheme, SCHEMES)
    _one_of("--spaces", spaces, SPACINGS)
    _one_of("--docs", docs, ("sentence", "document"))
    column_options = ColumnOptions(
        separator=separator,
        columns=_pair(columns),
        header=header,
        scheme=scheme,
        outside=tuple(outside or ()),
        label_pattern=_pattern(label_pattern),
        spaces=spaces,
        docs=docs,
    )
    settings = ConvertSettings(
        name=name,
        lang=lang,
        encoding=encoding,
        force=force,
        strict=strict,
        limits=Limits(max_line_length, max_expansion),
        columns=column_options,
        shard_tokens=shard_tokens,
    )
    for result in convert(inputs, out, settings, report=report):
        show(result)


def show(result: Converted) -> None:
    """Print what was decided, found and written."""
    msg.divider(result.file)
    for decision in result.decisions:
        msg.info(decision)
    for code, entry in result.findings.summary().items():
        first = entry["first"][0]
        msg.warn(f"{code} ({entry['count']}): {entry['meaning']}", f"first at {first['file']}:{first['line']}: {first['found']}")
    header = ("", "read", "written", "repaired", "dropped")
    msg.table(result.ledger.rows(), header=header, aligns=("l", "r", "r", "r", "l"))
    msg.good(f"{result.docs} documents: {result.path} ({ledger_path(result.path).name})")


def _one_of(option: str, value: str | None, allowed: object) -> None:
    names = list(allowed)  # type: ignore[call-overload]
    if value is not None and value not in names:
        raise typer.BadParameter(f"{option} {value}: one of {', '.join(names)}")


def _pair(columns: str | None) -> tuple[int, int] | None:
    if columns is None:
        return None
    if not re.fullmatch(r"-?[1-9]\d*,-?[1-9]\d*", columns):
        raise typer.BadParameter(f"--columns {columns}: two numbers, such as 1,2 or 1,-1")
    token, tag = columns.split(",")
    return int(token), int(tag)


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise typer.BadParameter(f"--label-pattern {pattern}: not a regular expression ({error})") from error
    return pattern


if __name__ == "__main__":
    run(main)
