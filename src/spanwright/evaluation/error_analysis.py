"""What went wrong with entities: kinds of errors, which labels are taken for which, the strings that are wrong most often,
and the documents to look at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, NamedTuple

from spacy.tokens import Doc

from spanwright.data.exporting.records import prodigy_record
from spanwright.evaluation.entities import EntitySpan, match_spans

KINDS = ("correct", "boundary", "type", "boundary+type", "missed", "spurious")
FREQUENT = 20  # how many of the most frequent wrong strings are shown
CONTEXT = 60  # characters on either side of an error
SURE = 0.9  # a confident prediction that disagrees with the annotation is a suspect


class Found(NamedTuple):
    """An entity that a pipeline found: in words of the gold Doc, and in characters of the text."""

    span: EntitySpan
    start_char: int
    end_char: int
    confidence: float | None


class Case(NamedTuple):
    """A gold entity, what was found in its place, and what kind of error that is; one of the two is None where it is missed
    or spurious.
    """

    kind: str
    gold: EntitySpan | None
    found: Found | None

    @property
    def is_suspect(self) -> bool:
        return self.kind != "correct" and self.found is not None and (self.found.confidence or 0.0) >= SURE


def cases(gold: list[EntitySpan], found: list[Found]) -> list[Case]:
    """Return a Case for each entity of a document, in the order of the text."""
    match = match_spans(gold, [entity.span for entity in found])
    pairs = [(None if number is None else gold[number], entity) for number, entity in zip(match, found, strict=True)]
    matched = set(match)
    missed = [span for number, span in enumerate(gold) if number not in matched]
    all_cases = [Case(_kind(span, entity.span), span, entity) for span, entity in pairs]
    all_cases += [Case("missed", span, None) for span in missed]
    return sorted(all_cases, key=lambda case: (case.gold or case.found.span)[:2])  # type: ignore[union-attr]  # one is there


class ErrorTally:
    """Counts the cases of many documents."""

    def __init__(self) -> None:
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._confusion: Counter[tuple[str | None, str | None]] = Counter()
        self._strings: Counter[tuple[str, str | None, str | None, str]] = Counter()
        self._suspects: int | None = None

    def add(self, doc: Doc, document_cases: Iterable[Case]) -> None:
        """Count the cases of a gold Doc."""
        text = doc.text  # put together at each access
        for case in document_cases:
            expected = case.gold.label if case.gold else None
            label = case.found.span.label if case.found else None
            self._kinds[expected or label or "", case.kind] += 1
            self._confusion[expected, label] += 1
            if case.kind != "correct":
                start, end = _characters(doc, case)
                self._strings[case.kind, expected, label, text[start:end]] += 1
            if case.found and case.found.confidence is not None:
                self._suspects = (self._suspects or 0) + case.is_suspect

    def section(self) -> dict[str, Any]:
        """Return `entities.errors` of docs/metrics.md."""
        labels = sorted({label for pair in self._confusion for label in pair if label is not None})
        strings = sorted(self._strings.items(), key=lambda item: (-item[1], [part or "" for part in item[0]]))
        return {
            "kinds": {label: {kind: self._kinds[label, kind] for kind in KINDS} for label in labels},
            "confusion": {
                "labels": labels,
                "counts": [[self._confusion[gold, found] for found in (*labels, None)] for gold in (*labels, None)],
            },
            "strings": [
                {"kind": kind, "gold": gold, "predicted": found, "text": text, "count": count}
                for (kind, gold, found, text), count in strings[:FREQUENT]
            ],
            "suspects": self._suspects,
        }


def error_record(
    number: int, doc: Doc, document_cases: list[Case], *, only_suspects: bool = False
) -> dict[str, Any] | None:
    """Return a gold Doc with its errors, or only the suspected annotations, as a task for re-annotation; None without any.

    The keys of Prodigy (text, tokens, spans, ...) hold the gold annotation, so that labelling tools and
    `scripts/convert.py` can read the record; `document`, `predicted` and `errors` say what the pipeline found.
    """
    wrong = [case for case in document_cases if case.kind != "correct"]
    shown = [case for case in wrong if case.is_suspect] if only_suspects else wrong
    if not shown:
        return None
    text = doc.text
    return {
        **prodigy_record(doc, "ner", f"document {number}", reviewed=False),
        "document": number,
        "predicted": [_found(case.found) for case in document_cases if case.found],
        "errors": [_error(doc, text, case) for case in shown],
    }


def _kind(gold: EntitySpan | None, found: EntitySpan) -> str:
    if gold is None:
        return "spurious"
    wrong = [gold.bounds() != found.bounds(), gold.label != found.label]
    return "+".join(name for name, holds in zip(("boundary", "type"), wrong, strict=True) if holds) or "correct"


def _characters(doc: Doc, case: Case) -> tuple[int, int]:
    if case.gold is not None:
        span = doc[case.gold.start : case.gold.end]
        return span.start_char, span.end_char
    assert case.found is not None
    return case.found.start_char, case.found.end_char


def _error(doc: Doc, text: str, case: Case) -> dict[str, Any]:
    start, end = first, last = _characters(doc, case)
    gold = {"start": start, "end": end, "label": case.gold.label, "text": text[start:end]} if case.gold else None
    found = None
    if case.found is not None:
        found = {**_found(case.found), "text": text[case.found.start_char : case.found.end_char]}
        first, last = min(start, case.found.start_char), max(end, case.found.end_char)
    return {
        "kind": case.kind,
        "gold": gold,
        "predicted": found,
        "left": text[max(0, first - CONTEXT) : first],
        "right": text[last : last + CONTEXT],
    }


def _found(found: Found) -> dict[str, Any]:
    return {"start": found.start_char, "end": found.end_char, "label": found.span.label, "confidence": found.confidence}
