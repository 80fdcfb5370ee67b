"""Convert annotation files into .spacy corpora: checked, repaired where that is safe, nothing lost in silence."""

from __future__ import annotations

import gc
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.data.convert import Converted, ConvertSettings, convert
from spanwright.data.corpus import SHARD_TOKENS
from spanwright.data.labels import LABEL_PATTERN
from spanwright.data.readers.formats import FORMATS, TASKS, ReadOptions
from spanwright.data.readers.layout import SEPARATORS, ColumnOptions
from spanwright.data.schemes import SCHEMES
from spanwright.data.sources import Limits
from spanwright.data.spacing import SPACINGS
from spanwright.data.splitting import parse_shares
from spanwright.errors import SpanwrightError


def _choice(names: Iterable[str], help: str = "") -> Any:
    """An option with a value out of `names`."""
    allowed = list(names)

    def check(value: str | None) -> str | None:
        if value is not None and value not in allowed:
            raise typer.BadParameter(f"{value} is none of {', '.join(allowed)}")
        return value

    return typer.Option(callback=check, help=f"{', '.join(allowed)}{help and ': '}{help}")


def main(
    inputs: Annotated[list[Path], typer.Argument(help="annotation files", show_default=False)],
    out: Annotated[Path, typer.Option(help="folder to write to")],
    task: Annotated[str | None, _choice(TASKS, "by content if not given")] = None,
    format: Annotated[str, _choice(FORMATS)] = "auto",
    name: Annotated[str | None, typer.Option(help="name of the output, for a single input")] = None,
    lang: Annotated[str, typer.Option(help="language whose tokenizer splits raw text")] = "en",
    strict: Annotated[bool, typer.Option("--strict", help="refuse what would have to be repaired")] = False,
    report: Annotated[Path | None, typer.Option(help="JSON file for every finding")] = None,
    dedupe: Annotated[bool, typer.Option("--dedupe", help="drop records that come again, annotated the same")] = False,
    force: Annotated[bool, typer.Option("--force", help="replace outputs that exist")] = False,
    encoding: Annotated[str | None, typer.Option(help="encoding of the files; UTF-8 if not given")] = None,
    separator: Annotated[str | None, _choice(SEPARATORS, "between columns")] = None,
    columns: Annotated[
        str | None, typer.Option(help="TOKEN,TAG, or TEXT,LABEL in a table, counted from 1, or -1 for the last")
    ] = None,
    header: Annotated[bool | None, typer.Option(help="whether the first row names the columns")] = None,
    scheme: Annotated[str | None, _choice(SCHEMES, "of the tags")] = None,
    outside: Annotated[list[str] | None, typer.Option(help="a further tag that means no entity")] = None,
    label_pattern: Annotated[
        str | None,
        typer.Option(help=f"regular expression for the labels allowed; {LABEL_PATTERN} for entities if not given"),
    ] = None,
    spaces: Annotated[str, _choice(SPACINGS, "how tokens in columns become text")] = "detokenise",
    docs: Annotated[str, _choice(("sentence", "document"), "what becomes a Doc")] = "sentence",
    expand: Annotated[bool, typer.Option("--expand", help="expand spans that do not align with tokens")] = False,
    contract: Annotated[bool, typer.Option("--contract", help="contract them; by default tokens are split")] = False,
    drop: Annotated[bool, typer.Option("--drop", help="drop them")] = False,
    split: Annotated[str | None, typer.Option(help="per cent for train, dev and test, such as 80/10/10")] = None,
    by_group: Annotated[bool, typer.Option("--by-group", help="keep documents, or groups in meta, whole")] = False,
    strip_html: Annotated[bool, typer.Option("--strip-html", help="remove markup from texts with categories")] = False,
    shard_tokens: Annotated[int, typer.Option(min=1, help="tokens beyond which a corpus is split")] = SHARD_TOKENS,
    max_line_length: Annotated[int | None, typer.Option(min=1, help="characters a line may have")] = None,
    max_expansion: Annotated[int, typer.Option(min=1, help="times its size a .gz may expand to")] = 200,
) -> None:
    """Convert annotation files into .spacy corpora, each with a ledger beside it."""
    _check_paths(inputs, out, name, report)
    layout = ColumnOptions(
        separator, _pair(columns), header, scheme, tuple(outside or ()), label_pattern and _pattern(label_pattern), docs
    )
    read = ReadOptions(task, format, encoding, Limits(max_line_length, max_expansion), layout, strip_html)
    alignment, shares = _alignment(expand=expand, contract=contract, drop=drop), _shares(split)
    settings = ConvertSettings(
        read, name, lang, force, strict, dedupe, alignment, spaces, shares, by_group, shard_tokens
    )
    for result in convert(inputs, out, settings, report=report):
        show(result)


def show(result: Converted) -> None:
    """Print what was decided, found and written."""
    msg.divider(result.file)
    for decision in result.decisions:
        say.info(decision)
    for code, entry in result.findings.summary().items():
        first = entry["first"][0]
        place = f"first at {first['file']}:{first['line']}: {first['found']}"
        say.warn(f"{code} ({entry['count']}): {entry['meaning']}", place)
    header = ("", "read", "written", "repaired", "dropped")
    msg.table(result.ledger.rows(), header=header, aligns=("l", "r", "r", "r", "l"))
    for path, count in result.docs.items():
        say.good(f"{count} documents", path)


def _check_paths(inputs: list[Path], out: Path, name: str | None, report: Path | None) -> None:
    """RAISES (typer.BadParameter): Paths that could not be written to."""
    if name is not None and len(inputs) != 1:
        raise typer.BadParameter("--name goes with a single input")
    if name is not None and (name in ("", ".", "..") or set(name) & set("/\\\0")):
        raise typer.BadParameter(f"--name {name}: a name without / or \\; --out names the folder")
    for option, folder in (("--out", out), ("--report", report and report.parent)):
        if folder and (file := next((path for path in (folder, *folder.parents) if path.is_file()), None)):
            raise typer.BadParameter(f"{option}: {file} is a file, where a folder is needed")
    if report is not None and (report.is_dir() or any(report.resolve() == path.resolve() for path in inputs)):
        raise typer.BadParameter(
            f"--report {report}: {'a folder' if report.is_dir() else 'an input'}; name a file to write"
        )


def _pair(columns: str | None) -> tuple[int, int] | None:
    if columns is None:
        return None
    if not re.fullmatch(r"-?[1-9]\d*,-?[1-9]\d*", columns):
        raise typer.BadParameter(f"--columns {columns}: two numbers, such as 1,2 or 1,-1")
    token, tag = columns.split(",")
    return int(token), int(tag)


def _alignment(**flags: bool) -> str:
    chosen = [name for name, flag in flags.items() if flag]
    if len(chosen) > 1:
        raise typer.BadParameter("--expand, --contract and --drop exclude each other")
    return chosen[0] if chosen else "split"


def _shares(split: str | None) -> tuple[int, ...] | None:
    try:
        return None if split is None else parse_shares(split)
    except SpanwrightError as error:
        raise typer.BadParameter(str(error)) from error


def _pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise typer.BadParameter(f"--label-pattern {pattern}: not a regular expression ({error})") from error
    return pattern


if __name__ == "__main__":
    # spaCy imports torch where it is installed; converting needs none of it, and it costs seconds and 200 MB
    sys.modules["torch"] = None  # type: ignore[assignment]
    # looking for cycles among millions of rows that make none costs a tenth of the time
    gc.set_threshold(200_000)
    run(main)
