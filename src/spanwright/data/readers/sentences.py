"""Sentences as lists of tokens and of tags, as Hugging Face `datasets` and JSON written from them hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from spanwright.data.readers.layout import Layout
from spanwright.data.readers.rows import TOKEN, Block, token_row
from spanwright.errors import Errors, SpanwrightError

_TOKENS = ("tokens", "words")


class Lists(NamedTuple):
    """The names of the two lists of a record."""

    tokens: str
    tags: str

    def layout(self, what: str) -> Layout:
        """What stands in for the layout of columns."""
        return Layout("tab", 2, 0, 1, reasons=(f"{what}; tokens in {self.tokens}, tags in {self.tags}",))


def lists_of(record: Any) -> Lists | None:
    """The lists of tokens and tags in a record, or None where it has none."""
    if not isinstance(record, dict):
        return None
    tokens = next((name for name in _TOKENS if _is_list_of(record.get(name), str)), None)
    if tokens is None:
        return None
    names = [str(name) for name in record if "ner" in str(name) or "tag" in str(name) or name == "labels"]
    fitting = [n for n in names if _is_list_of(record[n], str | int) and len(record[n]) == len(record[tokens])]
    named = [name for name in fitting if "ner" in name]
    return Lists(tokens, (named or fitting)[0]) if fitting else None


def _is_list_of(found: Any, kind: Any) -> bool:
    return isinstance(found, list) and all(isinstance(item, kind) for item in found)


def blocks_of(records: Iterable[tuple[str, int, Mapping[str, Any]]], lists: Lists) -> Iterator[Block]:
    """Yield records, each with its file and line, as sentences.

    RAISES (SpanwrightError): Lists of different lengths, or none.
    """
    for file, number, record in records:
        tokens, tags = (record.get(name) if isinstance(record, Mapping) else None for name in lists)
        if not isinstance(tokens, list) or not isinstance(tags, list) or len(tokens) != len(tags):
            raise SpanwrightError(Errors.S125.format(file=file, line=number, columns=", ".join(lists)))
        rows = [token_row(str(token), str(tag), []) for token, tag in zip(tokens, tags, strict=True)]
        yield Block(rows, [number] * len(rows), any(row.kind != TOKEN for row in rows), 0)
