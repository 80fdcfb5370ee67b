"""JSON as records: one object a line, a list, or a list inside of an object. No more than a record is held."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from spanwright.data.sources import Source
from spanwright.errors import Errors, SpanwrightError

MAX_RECORD_LENGTH = 16_777_216


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of JSON; of a key that stands there twice, the decoder would keep the last value alone."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = next(key for key, count in Counter(key for key, _ in pairs).items() if count > 1)
        raise ValueError(f"the key {twice[:60]!r} stands twice in an object")
    return found


_DECODER = json.JSONDecoder(object_pairs_hook=_object)
_BLANK = re.compile(r"\s*")
_LISTS = ("data", "items", "examples")


def json_records(source: Source) -> Iterator[tuple[int, Any]]:
    """Yield every record with the line it starts at.

    A file whose first line is a whole JSON value has one a line. Another holds a list where it starts with `[`, and an
    object with a list under `data`, `items` or `examples` where it starts with `{`.

    RAISES (SpanwrightError): Anything else, with its line.
    """
    first = source.first_line(MAX_RECORD_LENGTH).strip()
    try:
        value, end = json.JSONDecoder().raw_decode(first)
        one_a_line = end == len(first) and not _holds_list(value)
    except (ValueError, RecursionError):
        one_a_line = False
    if one_a_line:
        yield from _lines(source)
    else:
        yield from _Stream(source).items()


def _holds_list(value: Any) -> bool:
    """Whether a value is a list of records, or an object around one, on a single line."""
    if isinstance(value, dict):
        return any(isinstance(value.get(key), list) for key in _LISTS)
    return isinstance(value, list) and all(isinstance(item, dict | list) for item in value)


def _lines(source: Source) -> Iterator[tuple[int, Any]]:
    number = 0
    for batch in source.batches(MAX_RECORD_LENGTH):
        for line in batch:
            number += 1
            if not line.strip():
                continue
            try:
                yield number, _DECODER.decode(line)
            except (ValueError, RecursionError) as error:
                raise SpanwrightError(Errors.S120.format(file=source.name, line=number, reason=error)) from error


class _Stream:
    """Decodes the items of a list from pieces of text."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._texts = source.texts()
        self._limit = source.limits.max_line_length or MAX_RECORD_LENGTH
        self._text = ""
        self._at = 0
        self._line = 1

    def items(self) -> Iterator[tuple[int, Any]]:
        """Yield the items of every list in the file with the line of each."""
        while opening := self._peek():
            if opening == "{":
                self._advance(1)
                self._find_list()
            if self._peek() != "[":
                allowed = "neither one object a line, nor a list, nor an object with a list under "
                self._fail(allowed + " or ".join(_LISTS))
            yield from self._list()
            if opening == "{":
                self._close_object()

    def _list(self) -> Iterator[tuple[int, Any]]:
        self._advance(1)
        if self._peek() == "]":
            self._advance(1)
            return
        while True:
            self._peek()
            line = self._line
            yield line, self._value()
            follows = self._peek()
            if follows not in (",", "]"):
                self._fail("expected , or ] after an item")
            self._advance(1)
            if follows == "]":
                return

    def _close_object(self) -> None:
        """Pass over what an object holds after its list."""
        while (follows := self._peek()) == ",":
            self._advance(1)
            key = self._value()
            if self._peek() != ":":
                self._fail("expected : after a key")
            self._advance(1)
            if key in _LISTS and self._peek() == "[":
                self._fail(f"a second list, under {key}: write it to a file of its own")
            self._value()
        if follows != "}":
            self._fail("expected , or } after a list")
        self._advance(1)

    def _find_list(self) -> None:
        """Stop before the value of the first key in `_LISTS`."""
        while self._peek() == '"':
            key = self._value()
            if self._peek() != ":":
                self._fail("expected : after a key")
            self._advance(1)
            if key in _LISTS and self._peek() == "[":
                return
            self._value()
            if self._peek() == ",":
                self._advance(1)
        self._fail("an object without a list under " + " or ".join(_LISTS))

    def _peek(self) -> str:
        """The next character that is no white space; "" at the end."""
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._advance(blank.end() - self._at if blank else 0)
            if self._at < len(self._text) or not self._more():
                return self._text[self._at : self._at + 1]

    def _value(self) -> Any:
        self._peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except RecursionError:
                self._fail("nested too deeply")
            except json.JSONDecodeError as error:
                # what was cut off by the end of the piece looks broken too
                cut = error.msg.startswith("Unterminated") or error.pos >= len(self._text) - 16
                if not (cut and self._more()):
                    self._fail(error.msg)
            except ValueError as error:
                self._fail(str(error))
            else:
                # a number may go on in the next piece
                if end < len(self._text) or not self._more():
                    self._advance(end - self._at)
                    return value

    def _more(self) -> bool:
        """Read on, by as much again as is held, so that long values are not decoded too many times."""
        held = len(self._text) - self._at
        if held > self._limit:
            raise SpanwrightError(Errors.S102.format(file=self._source.name, line=self._line, limit=self._limit))
        pieces = [self._text[self._at :]]
        wanted = max(held, 1)
        while wanted > 0 and (piece := next(self._texts, "")):
            pieces.append(piece)
            wanted -= len(piece)
        self._text, self._at = "".join(pieces), 0
        return len(pieces) > 1

    def _advance(self, count: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + count)
        self._at += count

    def _fail(self, reason: str) -> None:
        raise SpanwrightError(Errors.S120.format(file=self._source.name, line=self._line, reason=reason))
