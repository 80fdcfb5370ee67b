"""Records that come again: in one file, or in two."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import NamedTuple

from spanwright.data.checks import Finding, Findings
from spanwright.data.records import CategoryRecord, QuestionRecord, Record, SpanRecord, TaggedRecord, text_of

# About 330 bytes a record; a file with more records is compared among its first ones, and says so.
MOST_RECORDS = 1_000_000


class Place(NamedTuple):
    """Where a record stands; in a `.spacy` corpus the line is the number of the document."""

    file: str
    line: int


@dataclass
class Duplicates:
    """Remembers the records of one file by hashes of their content; `texts` has the first place of each text, by `text_key`."""

    findings: Findings
    drop: bool = False
    texts: dict[int, Place] = field(default_factory=dict)
    _first: dict[int, tuple[int, Place]] = field(default_factory=dict)
    _others: dict[tuple[int, int], Place] = field(default_factory=dict)
    _full: bool = False

    def is_surplus(self, record: Record) -> bool:
        """Report a record that was seen before, and say whether to drop it. One with other annotations is kept."""
        text, annotations = content(record)
        key, value = hash(text), hash(annotations)
        if key not in self._first:
            if self._has_room(record):
                self._first[key] = value, Place(record.file, record.line)
                self.texts.setdefault(text_key(text_of(record)), self._first[key][1])
            return False
        annotated, first = self._first[key]
        same = first if annotated == value else self._others.get((key, value))
        if same is None:
            found = f"the text of {first.file}:{first.line}, annotated otherwise"
            self.findings.add(Finding("conflict", record.file, record.line, found, record=record.id))
            if self._has_room(record):
                self._others[key, value] = Place(record.file, record.line)
            return False
        repair = "drop it" if self.drop else ""
        found = f"the same as {same.file}:{same.line}"
        self.findings.add(Finding("duplicate", record.file, record.line, found, repair, self.drop, record.id))
        return self.drop

    def _has_room(self, record: Record) -> bool:
        """Whether one more is remembered; reported once where none is."""
        if len(self._first) + len(self._others) < MOST_RECORDS:
            return True
        if not self._full:
            self._full = True
            found = f"{MOST_RECORDS} records remembered"
            self.findings.add(Finding("duplicates-limit", record.file, record.line, found))
        return False


def text_key(text: str) -> int:
    """A hash of a text without its white space: of tokens in columns, that is not known."""
    return hash("".join(text.split()))


def content(record: Record) -> tuple[Hashable, Hashable]:
    """What a record says, and how it is annotated."""
    if isinstance(record, TaggedRecord):
        return record.tokens, record.tags
    if isinstance(record, SpanRecord):
        spans = frozenset((span.start, span.end, span.label) for span in record.spans)
        return record.text, (spans, frozenset(record.cats.items()))
    if isinstance(record, CategoryRecord):
        return record.text, frozenset(record.cats.items())
    if isinstance(record, QuestionRecord):
        return (record.context, record.question), frozenset((answer.start, answer.text) for answer in record.answers)
    raise TypeError(type(record))
