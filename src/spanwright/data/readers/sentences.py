"""Sentences as lists of tokens and of tags, as Hugging Face `datasets` and JSON written from them hold them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from spanwright.data.readers.layout import ColumnOptions, Layout
from spanwright.data.readers.rows import TOKEN, Block, token_row
from spanwright.errors import Errors, SpanwrightError

_TOKENS = ("tokens", "words")
# Tags that many sources have beside those of entities.
_OTHER_TAGS = ("pos", "chunk")


class Lists(NamedTuple):
    """The names of the two lists of a record, and of further ones that could be the tags as well."""

    tokens: str
    tags: str
    rivals: tuple[str, ...] = ()

    def layout(self, what: str) -> Layout:
        """What stands in for the layout of columns."""
        doubt = f"{' and '.join((self.tags, *self.rivals))} look like tags, {self.tags} is taken"
        why = f"{what}; tokens in {self.tokens}, tags in {self.tags}"
        return Layout("tab", 2, 0, 1, reasons=(why,), doubts=(doubt,) if self.rivals else ())


def lists_of(record: Any, options: ColumnOptions, file: str) -> Lists | None:
    """The lists of tokens and tags in a record, or None where it has none.

    RAISES (SpanwrightError): Columns that are set, and that the record does not have.
    """
    if not isinstance(record, dict):
        return None
    tokens = next((name for name in _TOKENS if _is_list_of(record.get(name), str)), None)
    if tokens is None:
        return None
    names = [str(name) for name in record if "ner" in str(name) or "tag" in str(name) or name == "labels"]
    fitting = [n for n in names if _is_list_of(record[n], str | int | None) and len(record[n]) == len(record[tokens])]
    if fitting and (pair := options.pair(len(record), file)) is not None:
        keys = list(map(str, record))
        return Lists(keys[pair[0]], keys[pair[1]])
    best = [name for name in fitting if _rank(name) == max(map(_rank, fitting))]
    return Lists(tokens, best[0], tuple(best[1:])) if best else None


def _rank(name: str) -> int:
    """How well a list of tags is named for those of entities."""
    return 2 if "ner" in name else int(not any(other in name for other in _OTHER_TAGS))


def _is_list_of(found: Any, kind: Any) -> bool:
    return isinstance(found, list) and all(isinstance(item, kind) for item in found)


def blocks_of(records: Iterable[tuple[str, int, Mapping[str, Any]]], lists: Lists) -> Iterator[Block]:
    """Yield records, each with its file and line, as sentences.

    RAISES (SpanwrightError): Lists of different lengths, or none, or nothing in one.
    """
    names = (lists.tokens, lists.tags)
    for file, number, record in records:
        tokens, tags = (record.get(name) if isinstance(record, Mapping) else None for name in names)
        if (
            not isinstance(tokens, list)
            or not isinstance(tags, list)
            or len(tokens) != len(tags)
            or None in tokens + tags
        ):
            raise SpanwrightError(Errors.S125.format(file=file, line=number, columns=", ".join(names)))
        rows = [token_row(str(token), str(tag), []) for token, tag in zip(tokens, tags, strict=True)]
        # where there is no row, the line is that of the record
        yield Block(rows, [number] * max(len(rows), 1), any(row.kind != TOKEN for row in rows), 0)
