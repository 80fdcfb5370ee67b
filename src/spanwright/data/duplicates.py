"""Records that come again: in one file, or in two."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from spanwright.data.checks import Finding, Findings
from spanwright.data.records import CategoryRecord, QuestionRecord, Record, SpanRecord, TaggedRecord

# About 150 bytes a record; a file with more records is compared among its first ones, and says so.
MOST_RECORDS = 1_000_000


@dataclass
class Duplicates:
    """Remembers the records of one file by hashes of their content."""

    findings: Findings
    drop: bool = False
    _seen: dict[int, tuple[int, int]] = field(default_factory=dict)
    _full: bool = False

    def is_surplus(self, record: Record) -> bool:
        """Report a record that was seen before, and say whether to drop it. One with other annotations is kept."""
        text, annotations = content(record)
        key, value = hash(text), hash(annotations)
        if (before := self._seen.get(key)) is None:
            self._remember(key, value, record)
            return False
        line, annotated = before
        if annotated != value:
            found = f"the text of {record.file}:{line}, annotated otherwise"
            self.findings.add(Finding("conflict", record.file, record.line, found, record=record.id))
            return False
        repair = "drop it" if self.drop else ""
        found = f"the same as {record.file}:{line}"
        self.findings.add(Finding("duplicate", record.file, record.line, found, repair, self.drop, record.id))
        return self.drop

    @property
    def texts(self) -> dict[int, int]:
        """The line of each text, by the hash of the text."""
        return {key: line for key, (line, _) in self._seen.items()}

    def _remember(self, key: int, value: int, record: Record) -> None:
        if len(self._seen) < MOST_RECORDS:
            self._seen[key] = record.line, value
        elif not self._full:
            self._full = True
            found = f"{MOST_RECORDS} records remembered"
            self.findings.add(Finding("duplicates-limit", record.file, record.line, found))


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
