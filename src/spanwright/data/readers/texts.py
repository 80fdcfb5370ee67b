"""Texts with spans or categories: JSON from annotation tools, CSV, and a folder for each category.

A file is read twice where a first reading must tell which categories there are at all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from spanwright.data.checks import Finding, Findings
from spanwright.data.labels import labels_refused, refused_labels, similar_labels
from spanwright.data.ledger import Ledger
from spanwright.data.readers.jsons import json_records
from spanwright.data.readers.shapes import Shape, ShapeError, shapes_of
from spanwright.data.records import CategoryRecord, Checked, SpanRecord
from spanwright.data.sources import Source
from spanwright.data.spans import check_spans, check_text
from spanwright.errors import Errors, SpanwrightError


@dataclass(frozen=True)
class Located:
    """A shape and where it stands."""

    file: str
    line: int
    shape: Shape


class TextsReader:
    """Reads spans (`task` "ner") or categories (`task` "textcat") from a stream of shapes, which can be had again."""

    def __init__(
        self,
        shapes: Callable[[], Iterator[Located]],
        findings: Findings,
        ledger: Ledger,
        *,
        file: str,
        task: str,
        label_pattern: str,
    ) -> None:
        self._shapes = shapes
        self.findings = findings
        self.ledger = ledger
        self.file = file
        self.task = task
        self._label_pattern = label_pattern
        self._labels: dict[str, int] = {}
        self._counts: Counter[str] = Counter()
        self._complete = False
        self.decisions: list[str] = []
        self._survey()

    def _survey(self) -> None:
        tools: Counter[str] = Counter()
        complete = True
        for located in self._shapes():
            shape = located.shape
            tools[shape.tool] += 1
            names = (shape.cats or {}) if self.task == "textcat" else [span.label for span in shape.spans or []]
            for name in names:
                self._labels.setdefault(name, located.line)
                self._counts[name] += 1
            complete = complete and (shape.complete or shape.rejected)
        if not tools:
            raise SpanwrightError(Errors.S105.format(file=self.file))
        if refused := refused_labels(self._labels, self._label_pattern):
            places = [(label, self._labels[label]) for label in refused]
            raise SpanwrightError(labels_refused(self.file, places, self._label_pattern))
        shown = ", ".join(f"{count} of {tool}" for tool, count in tools.most_common(3))
        self.decisions.append(f"{'categories' if self.task == 'textcat' else 'spans'}: {shown}")
        if self.task == "textcat" and complete:
            self._complete = True
            self.decisions.append("labels that a text does not have are written as 0")

    def records(self) -> Iterator[Checked]:
        """Yield the records, each checked and repaired."""
        annotated = False
        for rare, common in similar_labels(self._counts):
            found = f"{rare} ({self._counts[rare]}) and {common} ({self._counts[common]})"
            self.findings.add(Finding("similar-labels", self.file, self._labels[rare], found))
        for located in self._shapes():
            shape = located.shape
            self.ledger.records.read += 1
            if shape.rejected or not check_text(shape.text, located.file, located.line, shape.id, self.findings):
                reason = "rejected" if shape.rejected else "empty text"
                if shape.rejected:
                    self._find("rejected", located, shape.text[:60], "drop it")
                self._drop(shape, reason)
                continue
            self._leave_out(shape)
            checked = self._categories(located) if self.task == "textcat" else self._spans(located)
            annotated = annotated or bool(shape.spans or shape.cats)
            yield checked
        if not annotated:
            self.findings.add(Finding("no-annotation", self.file, 1, "no record has an annotation"))

    def _spans(self, located: Located) -> Checked:
        shape = located.shape
        record = SpanRecord(located.file, located.line, shape.text, tuple(shape.spans or ()), shape.id, shape.group)
        for span in record.spans:
            self.ledger.label(span.label).read += 1
        return check_spans(record, self.findings, self.ledger)

    def _categories(self, located: Located) -> Checked:
        shape = located.shape
        cats = dict(shape.cats or {})
        if self._complete:
            cats = {**dict.fromkeys(self._labels, 0.0), **cats}
        for name in cats:
            self.ledger.label(name).read += 1
        return Checked(CategoryRecord(located.file, located.line, shape.text, cats, shape.id, shape.group))

    def _leave_out(self, shape: Shape) -> None:
        """Account for the annotations of the other task, which the corpus does not get."""
        names = [span.label for span in shape.spans or []] if self.task == "textcat" else list(shape.cats or {})
        for name in names:
            self.ledger.label(name).read += 1
            self.ledger.label(name).dropped["not of this task"] += 1

    def _drop(self, shape: Shape, reason: str) -> None:
        self.ledger.records.dropped[reason] += 1
        names = (shape.cats or {}) if self.task == "textcat" else [span.label for span in shape.spans or []]
        for name in names:
            self.ledger.label(name).read += 1
            self.ledger.label(name).dropped[reason] += 1

    def _find(self, code: str, located: Located, found: str, repair: str) -> None:
        finding = Finding(code, located.file, located.line, found, repair, True, located.shape.id)
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


def folder_shapes(folder: Path, open_source: Callable[[Path], Source]) -> Iterator[Located]:
    """Yield the texts of `folder/LABEL/*.txt`, in the order of their names."""
    for path in sorted(folder.glob("*/*.txt")):
        text = "".join(open_source(path).texts())
        yield Located(
            str(path), 1, Shape(text, None, {path.parent.name: 1.0}, True, path.stem, "", False, "a folder a label")
        )
