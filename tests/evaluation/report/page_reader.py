"""Reads a page back, as a browser would take it."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Page(HTMLParser):
    """What is in a page: elements with their attributes, numbers as (value, shown), the text outside of style sheets, and the
    numbers of each row of a table.
    """

    source: str
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    numbers: list[tuple[float, str]] = field(default_factory=list)
    rows: list[list[float]] = field(default_factory=list)
    missing: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        super().__init__()
        self._inside: str = ""
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.elements.append((tag, attributes))
        self._inside = tag
        self.missing += attributes.get("class") == "missing"
        if tag == "tr":
            self.rows.append([])
        if tag == "data":
            if self.rows:
                self.rows[-1].append(float(attributes["value"]))
            self.numbers.append((float(attributes["value"]), ""))

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "style":
            return
        self.text += data
        if self._inside == "data":
            self.numbers[-1] = (self.numbers[-1][0], data)

    def named(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]
