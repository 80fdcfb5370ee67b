"""Files as lines of text: compressed or not, in any Unicode encoding, with limits on what a hostile file can cost."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, NoReturn, cast

from spanwright.errors import Errors, SpanwrightError

_CHUNK = 1 << 20
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# Below this size a gzip file may expand by any factor.
_EXPANSION_FLOOR = 64 << 20


@dataclass(frozen=True)
class Limits:
    """What a file may cost. Lengths are in characters; None leaves the limit to the format."""

    max_line_length: int | None = None
    max_expansion: int = 200


class Source:
    r"""A text file that can be read many times, in batches of lines without their ends.

    Lines end at `\n`, `\r\n` or `\r` and nowhere else. `encoding` None means what a byte order mark says, else
    UTF-8. After a whole reading `ends_open` tells whether the last line lacked its end.
    """

    def __init__(self, path: Path, *, encoding: str | None = None, limits: Limits | None = None) -> None:
        if not path.is_file():
            raise SpanwrightError(Errors.S001.format(path=path))
        self.path = path
        self.limits = limits or Limits()
        self.ends_open = False
        with self._open() as file:
            head = self._read(file, 4096)
        self.encoding, self._mark = _encoding_of(head, encoding)
        if self.encoding in ("utf-16", "utf-32"):
            self._fail("no byte order mark tells its two byte orders apart")

    @property
    def name(self) -> str:
        """The path as the user gave it."""
        return str(self.path)

    def batches(self, max_line_length: int) -> Iterator[list[str]]:
        """Yield lists of whole lines in order.

        RAISES (SpanwrightError): A line beyond the limit, bytes that are not text, a damaged or exploding gzip file.
        """
        limit = self.limits.max_line_length or max_line_length
        number, rest, last = 1, "", ""
        for text in self.texts():
            lines = (rest + text).split("\n")
            rest = lines.pop()
            if max(map(len, lines), default=0) > limit or len(rest) > limit:
                line = number + next((i for i, line in enumerate(lines) if len(line) > limit), len(lines))
                raise SpanwrightError(Errors.S102.format(file=self.name, line=line, limit=limit))
            last = text[-1:] or last
            if lines:
                number += len(lines)
                yield lines
        self.ends_open = bool(rest)
        if rest:
            yield [rest]

    def first_line(self, limit: int) -> str:
        """The first line that holds anything, cut to about `limit` characters; "" where there is none."""
        text = ""
        for piece in self.texts():
            text = (text + piece).lstrip()
            if "\n" in text or len(text) > limit:
                break
        return text.split("\n", 1)[0][:limit]

    def texts(self) -> Iterator[str]:
        r"""Yield the text in pieces of about a megabyte, every line end as `\n`."""
        decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(self.encoding)("strict"), translate=True)
        number, total = 1, 0
        with self._open() as file:
            self._read(file, self._mark)
            while chunk := self._read(file, _CHUNK):
                total += len(chunk)
                self._check_expansion(total)
                text = self._decode(decoder, chunk, number)
                number += text.count("\n")
                yield text
            if tail := self._decode(decoder, b"", number, final=True):
                yield tail

    def _open(self) -> IO[bytes]:
        if self.path.suffix.lower() == ".gz":
            return cast(IO[bytes], gzip.open(self.path, "rb"))
        return self.path.open("rb")

    def _read(self, file: IO[bytes], size: int) -> bytes:
        try:
            return file.read(size)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise SpanwrightError(Errors.S104.format(file=self.name, reason=error)) from error

    def _check_expansion(self, total: int) -> None:
        allowed = max(self.path.stat().st_size * self.limits.max_expansion, _EXPANSION_FLOOR)
        if self.path.suffix.lower() == ".gz" and total > allowed:
            raise SpanwrightError(Errors.S103.format(file=self.name, limit=self.limits.max_expansion))

    def _decode(self, decoder: io.IncrementalNewlineDecoder, chunk: bytes, number: int, *, final: bool = False) -> str:
        try:
            return decoder.decode(chunk, final=final)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].decode(self.encoding, "replace")
            line = number + len(before.replace("\r\n", "\n").replace("\r", "\n").split("\n")) - 1
            shown = f"0x{error.object[error.start]:02X}"
            encoding = self.encoding.upper()
            message = Errors.S101.format(file=self.name, line=line, byte=shown, encoding=encoding)
            raise SpanwrightError(message) from error
        except UnicodeError as error:
            self._fail(error)

    def _fail(self, reason: object) -> NoReturn:
        raise SpanwrightError(Errors.S140.format(file=self.name, encoding=self.encoding, reason=reason))


def _encoding_of(head: bytes, asked: str | None) -> tuple[str, int]:
    """Name the encoding and the length of the byte order mark."""
    name = "" if asked is None else _codec(asked)
    for mark, codec in _MARKS:
        if head.startswith(mark) and codec.startswith(name):
            return codec, len(mark)
    if name not in ("", "utf-16"):
        return name, 0
    # Latin text in UTF-16 without a mark has a zero in every other byte
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > len(head) // 4 and not even:
        return "utf-16-le", 0
    if even > len(head) // 4 and not odd:
        return "utf-16-be", 0
    return name or "utf-8", 0


def _codec(asked: str) -> str:
    """RAISES (SpanwrightError): No encoding of texts has this name."""
    try:
        "".encode(asked)
        return codecs.lookup(asked).name
    except (LookupError, UnicodeError) as error:
        raise SpanwrightError(Errors.S100.format(encoding=asked)) from error
