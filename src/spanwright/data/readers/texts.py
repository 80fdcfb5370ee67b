"""Texts with spans or categories: JSON from annotation tools, CSV, and a folder for each category.

A file is read twice: the first reading tells what there is, in which unit offsets count, and which categories there are at all.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from spanwright.data.checks import Finding, Findings
from spanwright.data.labels import CATEGORY_PATTERN, LABEL_PATTERN, labels_refused, refused_labels, similar_labels
from spanwright.data.ledger import Ledger
from spanwright.data.markup import TAG, strip_html
from spanwright.data.offsets import UnitEvidence, inside_characters, to_characters
from spanwright.data.readers.jsons import json_records
from spanwright.data.readers.shape import Shape, ShapeError, storable
from spanwright.data.readers.shapes import shapes_of
from spanwright.data.records import CategoryRecord, CharSpan, Checked, SpanRecord
from spanwright.data.sources import Source
from spanwright.data.spans import check_spans, check_text
from spanwright.errors import Errors, SpanwrightError

# A category that holds for so many times fewer texts than another is reported.
_UNBALANCED = 10
# From so many texts on, a file with a category for most of them is reported.
_MANY = 20


@dataclass(frozen=True)
class Located:
    """A shape and where it stands."""

    file: str
    line: int
    shape: Shape


@dataclass(frozen=True)
class TextOptions:
    """Settings of the reader.

    task: None = both spans and categories, where there are both.
    label_pattern: None = LABEL_PATTERN for spans, CATEGORY_PATTERN for categories.
    """

    task: str | None
    label_pattern: str | None
    strip_html: bool = False


@dataclass
class _Labels:
    """The labels of one task: the first line of each, how often it stands there, and how often it holds."""

    lines: dict[str, int] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    held: Counter[str] = field(default_factory=Counter)

    def add(self, line: int, label: str, *, holds: bool = True) -> None:
        self.lines.setdefault(label, line)
        self.counts[label] += 1
        self.held[label] += holds


class TextsReader:
    """Reads spans and categories from a stream of shapes, which can be had again.

    `task` is what the records are: "ner", with categories beside the spans where a source has both, or "textcat".
    """

    def __init__(
        self,
        shapes: Callable[[], Iterator[Located]],
        findings: Findings,
        ledger: Ledger,
        options: TextOptions,
        *,
        file: str,
        notes: tuple[Finding, ...] = (),
    ) -> None:
        self._shapes = shapes
        self.findings = findings
        self.ledger = ledger
        self.file = file
        self._notes = notes
        self._options = options
        self._spans, self._cats = _Labels(), _Labels()
        self._complete = True
        self._categorised = 0
        self._unit, self._moves = "", False
        self.decisions: list[str] = []
        self.task = self._survey()
        self._both = options.task is None and bool(self._cats.counts)
        self._check_options()

    def _survey(self) -> str:
        """Read all for the first time, and name the task."""
        tools: Counter[str] = Counter()
        evidence = UnitEvidence()
        for located in self._shapes():
            shape = located.shape
            tools[shape.tool] += 1
            for span in shape.spans or ():
                self._spans.add(located.line, span.label)
            self._categorised += shape.cats is not None
            for name, score in (shape.cats or {}).items():
                self._cats.add(located.line, name, holds=score > 0)
            self._complete = self._complete and (shape.complete or shape.rejected or shape.cats is None)
            evidence.add(shape.text, shape.spans or ())
        if not tools:
            raise SpanwrightError(Errors.S105.format(file=self.file))
        task = self._options.task or ("textcat" if self._cats.counts and not self._spans.counts else "ner")
        shown = ", ".join(f"{count} of {tool}" for tool, count in tools.most_common(3))
        both = self._options.task is None and task == "ner" and self._cats.counts
        what = "spans and categories" if both else "categories" if task == "textcat" else "spans"
        self.decisions.append(f"{what}: {shown}")
        self._complete = self._complete and bool(self._cats.counts)
        if self._complete and (both or task == "textcat"):
            self.decisions.append("labels that a text does not have are written as 0")
        if task == "ner" and (unit := evidence.unit):
            self._unit, self._moves = unit, evidence.certain
            self.decisions.append(f"offsets {'count' if self._moves else 'may count'} {unit}")
        return task

    def _check_options(self) -> None:
        """RAISES (SpanwrightError): Labels outside of the pattern, or offsets into a text that is to be changed."""
        for labels in self._read():
            usual = LABEL_PATTERN if labels is self._spans else CATEGORY_PATTERN
            pattern = usual if self._options.label_pattern is None else self._options.label_pattern
            if refused := refused_labels(labels.lines, pattern):
                places = [(label, labels.lines[label]) for label in refused]
                raise SpanwrightError(labels_refused(self.file, places, pattern))
        if self._options.strip_html and self.task == "ner" and self._spans.counts:
            raise SpanwrightError(Errors.S131.format(file=self.file))

    def _read(self) -> list[_Labels]:
        """The labels that are read."""
        return [labels for labels, read in ((self._spans, self.task == "ner"), (self._cats, self._reads_cats)) if read]

    @property
    def _reads_cats(self) -> bool:
        return self.task == "textcat" or self._both

    def records(self) -> Iterator[Checked]:
        """Yield the records, each checked and repaired."""
        self._report_whole_file()
        for located in self._shapes():
            shape, text = located.shape, self._text(located.shape)
            self.ledger.records.read += 1
            if reason := self._reason_to_drop(located, text):
                self.ledger.records.dropped[reason] += 1
                self._account(self._names(shape), reason)
                self._account(shape.others, reason)
                continue
            self._leave_out(located)
            yield self._categories(located, text) if self.task == "textcat" else self._with_spans(located)

    def _report_whole_file(self) -> None:
        for note in self._notes:
            self.findings.add(note)
        for labels in self._read():
            for rare, common in similar_labels(labels.counts):
                found = f"{rare} ({labels.counts[rare]}) and {common} ({labels.counts[common]})"
                self.findings.add(Finding("similar-labels", self.file, labels.lines[rare], found))
        if self._reads_cats and self._cats.counts:
            self._report_categories(self._cats)
        if not any(labels.counts for labels in self._read()):
            self.findings.add(Finding("no-annotation", self.file, 1, "no record has an annotation"))

    def _report_categories(self, cats: _Labels) -> None:
        held = cats.held
        for label, line in cats.lines.items():
            parts = re.split(r"[#|;,+&]", label)
            if len(parts) > 1 and all(part.strip() in cats.lines for part in parts):
                self.findings.add(Finding("joined-labels", self.file, line, f"{label} ({held[label]})"))
        if len(held) * 2 > self._categorised >= _MANY:
            found = f"{len(held)} categories of {self._categorised} texts"
            self.findings.add(Finding("many-labels", self.file, min(cats.lines.values()), found))
        common, most = held.most_common(1)[0]
        rare = [f"{label} ({count})" for label, count in held.items() if count * _UNBALANCED <= most]
        if len(held) == 1 and most == self._categorised:
            self.findings.add(Finding("single-label", self.file, cats.lines[common], f"{common} ({most})"))
        elif rare:
            found = f"{common} ({most}) and {', '.join(sorted(rare)[:20])}"
            self.findings.add(Finding("unbalanced", self.file, cats.lines[common], found))

    def _text(self, shape: Shape) -> str:
        """The text to write."""
        strip = self._options.strip_html and self.task == "textcat" and TAG.search(shape.text)
        return strip_html(shape.text) if strip else shape.text

    def _reason_to_drop(self, located: Located, text: str) -> str:
        """Why a record is not written, reported; "" where it is."""
        shape = located.shape
        if shape.rejected:
            self._find("rejected", located, shape.text[:60], "drop it")
            return "rejected"
        if not check_text(text, located.file, located.line, shape.id, self.findings):
            return "empty text"
        return ""

    def _with_spans(self, located: Located) -> Checked:
        shape = located.shape
        spans = tuple(shape.spans or ())
        moved = tuple(to_characters(shape.text, spans, self._unit)) if self._unit else spans
        if moved != spans:
            found = "; ".join(
                f"{a.label} {a.start}-{a.end} is {shape.text[b.start : b.end]!r}"
                for a, b in zip(spans, moved, strict=True)
                if a != b
            )
            self._find("other-offsets", located, found[:200], f"count {self._unit}" if self._moves else "")
            moved = moved if self._moves else spans
        if self._unit and (cut := inside_characters(shape.text, spans, self._unit)):
            found = "; ".join(f"{span.label} {span.start}-{span.end} cuts a character" for span in cut)
            self._find("other-offsets", located, found[:200], "")
        record = SpanRecord(located.file, located.line, shape.text, moved, shape.id, shape.group, self._scores(shape))
        self._count((*(span.label for span in moved), *record.cats))
        checked = check_spans(record, self.findings, self.ledger)
        return self._as_changed(checked, spans, moved) if moved != spans else checked

    @staticmethod
    def _as_changed(checked: Checked, spans: tuple[CharSpan, ...], moved: tuple[CharSpan, ...]) -> Checked:
        """Count the spans that were moved, and kept, as repaired."""
        record = checked.record
        assert isinstance(record, SpanRecord)
        labels = Counter(b.label for a, b in zip(spans, moved, strict=True) if a != b)
        kept = Counter(span.label for span in record.spans)
        changed = (labels | Counter(checked.changed_labels)) & kept
        return Checked(record, True, tuple(changed.elements()))

    def _categories(self, located: Located, text: str) -> Checked:
        shape, changed = located.shape, False
        if found := TAG.search(shape.text):
            changed = self._options.strip_html
            self._find("html-stripped" if changed else "html", located, found[0], "strip it" * changed)
        cats = self._scores(shape)
        if not shape.cats and self._cats.counts:
            missing = shape.cats is None
            repair = "read as none" if missing and cats else ""
            self._find("missing-label" if missing else "no-category", located, shape.text[:60], repair)
            changed = changed or bool(repair)
        self._count(cats)
        return Checked(CategoryRecord(located.file, located.line, text, cats, shape.id, shape.group), changed)

    def _scores(self, shape: Shape) -> dict[str, float]:
        """The categories to write: all of the file's, where each text lists those that hold."""
        if not self._reads_cats or (shape.cats is None and self.task == "ner"):
            return {}
        return {**(dict.fromkeys(self._cats.lines, 0.0) if self._complete else {}), **(shape.cats or {})}

    def _names(self, shape: Shape) -> list[str]:
        """The labels of what is read of a record."""
        spans = [span.label for span in shape.spans or ()] if self.task == "ner" else []
        return [*spans, *((shape.cats or ()) if self._reads_cats else ())]

    def _leave_out(self, located: Located) -> None:
        """Report, and account for, what the corpus does not get of a record."""
        shape = located.shape
        other: list[str] = []
        if self._options.task == "textcat":
            other = [span.label for span in shape.spans or ()]
        elif self._options.task == "ner":
            other = list(shape.cats or ())
        if other:
            self._find("other-task", located, ", ".join(other)[:200], "")
            self._account(other, "not of this task")
        if shape.others:
            self._find("other-annotator", located, ", ".join(shape.others)[:200], "pass over")
            self._account(shape.others, "another annotator")
        if shape.unread:
            self._find("unread", located, ", ".join(shape.unread)[:200], "")

    def _count(self, names: tuple[str, ...] | dict[str, float]) -> None:
        for name in names:
            self.ledger.label(name).read += 1

    def _account(self, names: tuple[str, ...] | list[str], reason: str) -> None:
        for name in names:
            self.ledger.label(name).read += 1
            self.ledger.label(name).dropped[reason] += 1

    def _find(self, code: str, located: Located, found: str, repair: str) -> None:
        finding = Finding(code, located.file, located.line, storable(found), repair, bool(repair), located.shape.id)
        self.findings.add(finding)


def json_shapes(source: Source) -> Iterator[Located]:
    """Yield the texts of a JSON file.

    RAISES (SpanwrightError): A record of no known shape, with its line.
    """
    for line, value in json_records(source):
        try:
            for shape in shapes_of(value):
                yield Located(source.name, line, shape)
        except ShapeError as error:
            raise SpanwrightError(Errors.S121.format(file=source.name, line=line, reason=error)) from error
