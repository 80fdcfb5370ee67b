"""Categories of texts and answers to questions, gathered one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from spacy.training import Example

from spanwright.data.exporting.docs import question_of
from spanwright.evaluation.answers import answer_f1, exact_match
from spanwright.evaluation.categories import THRESHOLD, CategoryTask, assigned, category_metrics, doc_arrays
from spanwright.evaluation.measures import HITS, Measures, label_measures, share
from spanwright.evaluation.significance import Amounts
from spanwright.qa.answers import AnswerRecord
from spanwright.qa.scorer import found_answer, given_text, gold_answers, record_metrics
from spanwright.types import Bools1d, Doubles1d, Doubles2d


class _Judged(NamedTuple):
    """A document: gold labels and scores (labels,) of the task, and the gold label that was missed for being unknown."""

    gold: Doubles1d
    scores: Doubles1d
    missed: str | None


class CategoryTally:
    """What one component decided about texts.

    elsewhere: labels that other components of the pipeline give.

    Where labels exclude each other, a text whose one gold label the pipeline does not know was given a wrong one: it counts as
    missed, as unknown entities do. Other gold labels that it does not know are not scored, but named in the section, since
    corpora are annotated for other things too.
    """

    def __init__(self, task: CategoryTask, elsewhere: Iterable[str] = ()) -> None:
        self.task = task
        self.unscored: Counter[str] = Counter()  # documents that have the label
        self._known = {*task.labels, *elsewhere}
        self._judged: list[_Judged] = []
        self._missed: set[str] = set()  # all of their `missed`

    def add(self, example: Example) -> None:
        judged, unscored = self._judge(example)
        self.unscored.update(unscored)
        if judged.missed is not None or not np.isnan(judged.gold).all():
            self._judged.append(judged)
            self._missed |= {judged.missed} if judged.missed is not None else set()

    def decision(self, example: Example) -> tuple[set[str], set[str]]:
        """Return the gold labels of a document, and those it was given where the truth is known."""
        judged, _ = self._judge(example)
        expected = self._names(judged.gold == 1)
        if judged.missed is not None:
            expected.add(judged.missed)
        is_known = np.full(len(judged.gold), bool(expected)) if self.task.exclusive else ~np.isnan(judged.gold)
        thresholds = self._thresholds[: len(judged.gold)]
        given = assigned(judged.scores[None], exclusive=self.task.exclusive, thresholds=thresholds)
        return expected, self._names(given[0] & is_known)

    @property
    def documents(self) -> int:
        return len(self._judged)

    @property
    def labels(self) -> Sequence[str]:
        """Those of the task, then those that were missed because the pipeline does not know them."""
        return (*self.task.labels, *sorted(self._missed))

    def amounts(self, labels: Sequence[str]) -> Amounts:
        """Return true positives, false positives and false negatives of each label, then whether all labels of the document
        are right, and whether all are known: (documents, 3 * labels + 2). `labels` are those of the tally in any order.
        """
        exclusive = self.task.exclusive
        gold, scores = self._arrays()
        has, has_not = gold == 1, gold == 0
        given = assigned(scores, exclusive=exclusive, thresholds=self._thresholds)
        is_complete = np.any(has, axis=1) if exclusive else ~np.any(np.isnan(gold), axis=1)
        if exclusive:
            given = given & is_complete[:, None]
            has_not = ~has
        hits = np.stack([has & given, has_not & given, has & ~given], axis=-1)
        is_right = np.all(has == given, axis=1) & is_complete
        ends = np.stack([is_right, is_complete], axis=-1)
        order = [self.labels.index(label) for label in labels]
        return np.hstack([hits[:, order].reshape(len(gold), -1), ends]).astype(np.float64)

    def measures(self, labels: Sequence[str]) -> Measures:
        accuracy = partial(share, column=len(labels) * HITS, of=len(labels) * HITS + 1)
        return {("accuracy",): accuracy, **label_measures(labels)}

    def section(self) -> dict[str, Any]:
        """Return `category_metrics`, and what was not scored."""
        gold, scores = self._arrays()
        thresholds = None if self.task.exclusive else self._thresholds
        found = category_metrics(gold, scores, self.labels, exclusive=self.task.exclusive, thresholds=thresholds)
        unscored = [{"label": label, "documents": count} for label, count in self.unscored.most_common()]
        return {**found, "unscored": unscored}

    def _judge(self, example: Example) -> tuple[_Judged, list[str]]:
        """Return what is known of a document, and its gold labels that are not scored."""
        gold, scores = doc_arrays([example], self.task.labels)
        unknown = [label for label, value in example.reference.cats.items() if value == 1 and label not in self._known]
        if self.task.exclusive and len(unknown) == 1 and not (gold[0] == 1).any():
            return _Judged(gold[0], scores[0], unknown[0]), []
        return _Judged(gold[0], scores[0], None), unknown

    def _arrays(self) -> tuple[Doubles2d, Doubles2d]:
        """Gold labels and scores (documents, labels)."""
        missed = sorted(self._missed)
        unknown = np.array([[judged.missed == label for label in missed] for judged in self._judged], dtype=np.float64)
        gold = np.hstack([np.array([judged.gold for judged in self._judged]), unknown])
        return gold, np.hstack([np.array([judged.scores for judged in self._judged]), np.zeros_like(unknown)])

    def _names(self, holds: Bools1d) -> set[str]:
        return {label for label, is_held in zip(self.task.labels, holds, strict=True) if is_held}

    @property
    def _thresholds(self) -> Doubles1d:
        return np.full(len(self.labels), THRESHOLD) if self.task.thresholds is None else self.task.thresholds


class AnswerTally:
    """Answers to the questions of a corpus, each a Doc of its context. They have no labels."""

    labels: Sequence[str] = ()

    def __init__(self) -> None:
        self._questions: list[str] = []
        self._golds: list[list[str]] = []
        self._found: list[AnswerRecord] = []

    def add(self, example: Example) -> None:
        question = question_of(example.reference)
        if question is not None:
            self._questions.append(question)
            self._golds.append(gold_answers(example))
            self._found.append(found_answer(example))

    @property
    def documents(self) -> int:
        return len(self._questions)

    def amounts(self, labels: Sequence[str]) -> Amounts:
        """Return whether each answer is right, its F1, and 1: (questions, 3)."""
        pairs = list(zip(self._predictions, self._golds, strict=True))
        rows = [(exact_match(*pair), answer_f1(*pair), 1.0) for pair in pairs]
        return np.array(rows, dtype=np.float64).reshape(-1, 3)

    def measures(self, labels: Sequence[str]) -> Measures:
        return {("exact",): partial(share, column=0, of=2), ("f1",): partial(share, column=1, of=2)}

    def section(self) -> dict[str, Any]:
        """Return `answer_metrics`."""
        return record_metrics(self._questions, self._golds, self._found)

    @property
    def _predictions(self) -> list[str]:
        return list(map(given_text, self._found))
