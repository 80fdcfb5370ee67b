"""Offsets that count UTF-16 units, as JavaScript does, or bytes of UTF-8: told from characters, and turned into them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import accumulate

from spanwright.data.records import CharSpan

UNITS = ("UTF-16 units", "bytes")
_SEVERAL = 3


def to_characters(text: str, spans: Iterable[CharSpan], unit: str) -> list[CharSpan]:
    """Spans whose offsets count characters; one that begins or ends inside of a character, or outside of the text, stays."""
    characters = {offset: index for index, offset in enumerate(_offsets(text, unit))}
    return [
        replace(span, start=characters[span.start], end=characters[span.end])
        if span.start in characters and span.end in characters
        else span
        for span in spans
    ]


def inside_characters(text: str, spans: Iterable[CharSpan], unit: str) -> list[CharSpan]:
    """The spans within the text that `to_characters` leaves as they are, for they begin or end inside of a character."""
    offsets = _offsets(text, unit)
    known, end = set(offsets), offsets[-1]
    return [span for span in spans if 0 <= span.start <= span.end <= end and not {span.start, span.end} <= known]


class UnitEvidence:
    """Counts, over the texts of a file, in which unit its offsets name what an annotator would mark.

    Only spans count whose place differs between the units: they follow a character that takes more than one.
    """

    def __init__(self) -> None:
        self._fits: Counter[str] = Counter()
        self._as_characters: Counter[str] = Counter()
        self._differing: Counter[str] = Counter()
        self._quoted: Counter[str] = Counter()

    def add(self, text: str, spans: Sequence[CharSpan]) -> None:
        """Take the spans of a text in."""
        if not spans or text.isascii():
            return
        for unit in UNITS:
            for given, span in zip(spans, to_characters(text, spans, unit), strict=True):
                if given != span:
                    self._differing[unit] += 1
                    self._fits[unit] += _fits(text, span)
                    self._as_characters[unit] += _fits(text, given)
                    self._quoted[unit] += span.text is not None

    @property
    def unit(self) -> str:
        """The unit that nearly all spans fit in, where fewer fit as characters; "" for characters."""
        for unit in UNITS:
            fits = self._fits[unit]
            if fits > self._as_characters[unit] and fits >= 0.9 * self._differing[unit]:
                return unit
        return ""

    @property
    def certain(self) -> bool:
        """Whether the unit is beyond doubt: the source says what stands there, or several spans fit in no other."""
        several = self._fits[self.unit] >= _SEVERAL and not self._as_characters[self.unit]
        return several or self._quoted[self.unit] >= self._fits[self.unit] > 0


def _fits(text: str, span: CharSpan) -> bool:
    """Whether a span is what its source says, or, where that does not say, is whole words."""
    if not 0 <= span.start < span.end <= len(text):
        return False
    found = text[span.start : span.end]
    if span.text is not None:
        return span.text == found
    before, after = text[span.start - 1 : span.start], text[span.end : span.end + 1]
    cut = (before.isalnum() and found[0].isalnum()) or (after.isalnum() and found[-1].isalnum())
    return found == found.strip() and not cut


def _offsets(text: str, unit: str) -> list[int]:
    """The offset in a unit of each character, and of the end."""
    if unit == "bytes":
        return [0, *accumulate(len(character.encode("utf-8", "surrogatepass")) for character in text)]
    return [0, *accumulate(1 + (character > "\uffff") for character in text)]
