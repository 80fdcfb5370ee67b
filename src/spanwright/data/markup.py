"""Markup taken out of texts."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_BREAKING = frozenset("p br div ul ol li hr pre blockquote table tr h1 h2 h3 h4 h5 h6".split())
_OTHERS = "span a b i u em strong code td th img script style"
TAG = re.compile(rf"</?(?:{'|'.join([*sorted(_BREAKING), *_OTHERS.split()])})\b[^<>]*>", re.IGNORECASE)
_UNSEEN = ("script", "style")
_LINES = re.compile(r"[ \t]*\n\s*")


class _Text(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[str] = []
        self._unseen = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._unseen = self._unseen or (tag if tag in _UNSEEN else "")
        self._break(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag == self._unseen:
            self._unseen = ""
        self._break(tag)

    def handle_data(self, data: str) -> None:
        if not self._unseen:
            self.pieces.append(data)

    def _break(self, tag: str) -> None:
        if tag in _BREAKING:
            self.pieces.append("\n")


def strip_html(text: str) -> str:
    """The text without tags, comments, scripts and styles; what starts a line in a browser starts one here."""
    parser = _Text()
    parser.feed(text)
    parser.close()
    return _LINES.sub("\n", "".join(parser.pieces)).strip()
