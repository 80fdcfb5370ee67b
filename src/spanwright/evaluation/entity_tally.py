"""Entities of many documents, gathered one by one: counts and short strings stay, Docs do not."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import ENT_IOB
from spacy.tokens import Span
from spacy.training import Example

from spanwright.data.exporting.docs import has_entities
from spanwright.evaluation.entities import (
    OUTCOMES,
    SCHEMES,
    EntitySpan,
    length_name,
    outcomes,
    scheme_score,
    score,
    strict_counts,
    wrong_words,
)
from spanwright.evaluation.error_analysis import Case, ErrorTally, Found, cases
from spanwright.evaluation.measures import HITS, Measures, label_measures, values
from spanwright.evaluation.significance import Amounts
from spanwright.types import Bools1d

CONFIDENCE = "confidence"  # where `bio_ner` says how sure it is of an entity
LENGTHS = ("1", "2", "3", "4", "5+")
_COLUMNS = ("tp", "fp", "fn")


class DocumentEntities(NamedTuple):
    """The entities of a document, in words of the gold Doc; `known` (words,) are the annotated ones."""

    gold: list[EntitySpan]
    found: list[Found]
    known: Bools1d


def read_entities(example: Example) -> DocumentEntities:
    """Return gold and predicted entities, matched as in `spacy.scorer.get_ner_prf`: a predicted entity covers the gold words that
    its own words align with; those that no annotated words align with are left out.
    """
    doc = example.reference
    known = doc.to_array([ENT_IOB]) != 0
    found = []
    for ent in example.predicted.ents:
        indices = example.alignment.x2y[ent.start : ent.end]
        if len(indices):
            span = EntitySpan(int(indices[0]), int(indices[-1]) + 1, ent.label_)
            if known[span.start : span.end].all():
                found.append(Found(span, ent.start_char, ent.end_char, _confidence(ent)))
    return DocumentEntities([EntitySpan(ent.start, ent.end, ent.label_) for ent in doc.ents], found, known)


class EntityTally:
    """Entities of documents that have them annotated.

    in_training: text and label of the entities that the pipeline was trained on; None = not known.
    """

    def __init__(self, in_training: AbstractSet[tuple[str, str]] | None = None) -> None:
        self.documents = 0
        self._in_training = in_training
        self._hits: Counter[tuple[str, str, str]] = Counter()  # by kind of group, group, and column
        self._schemes: Counter[tuple[str | None, str, str]] = Counter()  # by label (None = all), scheme and outcome
        self._words = self._wrong_words = 0
        self._errors = ErrorTally()
        self._by_document: dict[str, tuple[array[int], array[int]]] = {}  # by label: documents, and columns

    def add(self, example: Example) -> list[Case]:
        """Count a document, and return what became of its entities; nothing where none are annotated."""
        if not has_entities(example.reference):
            return []
        gold, found, known = read_entities(example)
        predicted = [entity.span for entity in found]
        for column, span in strict_counts(gold, predicted):
            numbers, columns = self._by_document.setdefault(span.label, (array("q"), array("b")))
            numbers.append(self.documents)
            columns.append(_COLUMNS.index(column))
            self._hits["lengths", length_name(span), column] += 1
            if self._in_training is not None:
                text = example.reference[span.start : span.end].text
                group = "seen" if (text, span.label) in self._in_training else "unseen"
                self._hits["training", group, column] += 1
        self._count_schemes(gold, predicted)
        self._words += int(known.sum())
        self._wrong_words += len(wrong_words(gold, predicted))
        document_cases = cases(gold, found)
        self._errors.add(example.reference, document_cases)
        self.documents += 1
        return document_cases

    @property
    def labels(self) -> list[str]:
        return sorted(self._by_document)

    def amounts(self, labels: Sequence[str]) -> Amounts:
        """Return true positives, false positives and false negatives of each label, (documents, 3 * labels)."""
        found = np.zeros((self.documents, len(labels), HITS))
        for number, label in enumerate(labels):
            documents, columns = self._by_document.get(label, (array("q"), array("b")))
            np.add.at(found[:, number], (np.array(documents, dtype=np.int64), np.array(columns, dtype=np.int64)), 1)
        return found.reshape(self.documents, -1)

    def measures(self, labels: Sequence[str]) -> Measures:
        return label_measures(labels)

    def section(self) -> dict[str, Any]:
        """Return `entities` of docs/metrics.md."""
        totals = self.totals()
        tp, fp, fn = (sum(counts) for counts in zip((0, 0, 0), *totals.values(), strict=True))
        averages = values(label_measures(self.labels), self.amounts(self.labels))
        by_label = {label: self._label_section(label, *counts) for label, counts in totals.items()}
        return {
            "documents": self.documents,
            "words": self._words,
            "gold": tp + fn,
            "predicted": tp + fp,
            "token_accuracy": 1 - self._wrong_words / self._words if self._words else None,
            "micro": score(tp, fp, fn),
            **{kind: {name: averages[kind, name] for name in "prf"} for kind in ("macro", "weighted")},
            "labels": by_label,
            "schemes": self._schemes_of(None),
            "seen": self._by_training("seen"),
            "unseen": self._by_training("unseen"),
            "lengths": {name: self._group("lengths", name) for name in LENGTHS},
            "errors": self._errors.section(),
        }

    def totals(self) -> dict[str, tuple[int, int, int]]:
        """Return true positives, false positives and false negatives by label."""
        columns = {label: columns for label, (_, columns) in sorted(self._by_document.items())}
        return {label: (of.count(0), of.count(1), of.count(2)) for label, of in columns.items()}

    def _by_training(self, group: str) -> dict[str, Any] | None:
        return None if self._in_training is None else self._group("training", group)

    def _count_schemes(self, gold: list[EntitySpan], predicted: list[EntitySpan]) -> None:
        self._schemes.update((None, *outcome) for outcome in outcomes(gold, predicted))
        # as in nervaluate, a label's schemes look at the spans with this label only
        for label in {span.label for span in (*gold, *predicted)}:
            of_label = [[span for span in spans if span.label == label] for spans in (gold, predicted)]
            self._schemes.update((label, *outcome) for outcome in outcomes(*of_label))

    def _label_section(self, label: str, tp: int, fp: int, fn: int) -> dict[str, Any]:
        schemes = self._schemes_of(label)
        return {**score(tp, fp, fn), "support": tp + fn, "predicted": tp + fp, "schemes": schemes}

    def _schemes_of(self, label: str | None) -> dict[str, Any]:
        return {
            scheme: scheme_score({outcome: self._schemes[label, scheme, outcome] for outcome in OUTCOMES})
            for scheme in SCHEMES
        }

    def _group(self, kind: str, name: str) -> dict[str, Any]:
        return score(*(self._hits[kind, name, column] for column in _COLUMNS))


def _confidence(ent: Span) -> float | None:
    return ent._.get(CONFIDENCE) if ent.has_extension(CONFIDENCE) else None
