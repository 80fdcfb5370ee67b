"""Categories of texts and answers to questions, gathered one by one."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from spacy.training import Example

from spanwright.data.exporting.docs import question_of
from spanwright.evaluation.answers import answer_f1, exact_match
from spanwright.evaluation.categories import THRESHOLD, CategoryTask, assigned, category_metrics, doc_arrays
from spanwright.evaluation.measures import HITS, Measures, label_measures, share
from spanwright.evaluation.significance import Amounts
from spanwright.qa.answers import AnswerRecord
from spanwright.qa.scorer import found_answer, given_text, gold_answers, record_metrics
from spanwright.types import Bools1d, Doubles1d


class CategoryTally:
    """What one component decided about texts."""

    def __init__(self, task: CategoryTask) -> None:
        self.task = task
        self._gold: list[Doubles1d] = []
        self._scores: list[Doubles1d] = []

    def add(self, example: Example) -> None:
        gold, scores = doc_arrays([example], self.task.labels)
        if not np.isnan(gold).all():
            self._gold.append(gold[0])
            self._scores.append(scores[0])

    def decision(self, example: Example) -> tuple[set[str], set[str]]:
        """Return the gold labels of a document, and those it was given where the truth is known."""
        gold, scores = doc_arrays([example], self.labels)
        expected = self._names(gold[0] == 1)
        is_known = np.full(len(self.labels), bool(expected)) if self.task.exclusive else ~np.isnan(gold[0])
        given = assigned(scores, exclusive=self.task.exclusive, thresholds=self._thresholds)
        return expected, self._names(given[0] & is_known)

    @property
    def documents(self) -> int:
        return len(self._gold)

    @property
    def labels(self) -> Sequence[str]:
        return self.task.labels

    def amounts(self, labels: Sequence[str]) -> Amounts:
        """Return true positives, false positives and false negatives of each label, then whether all labels of the document
        are right, and whether all are known: (documents, 3 * labels + 2). `labels` are those of the task in any order.
        """
        exclusive = self.task.exclusive
        gold, scores = np.array(self._gold), np.array(self._scores)
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
        """Return `category_metrics`."""
        return category_metrics(
            np.array(self._gold),
            np.array(self._scores),
            self.labels,
            exclusive=self.task.exclusive,
            thresholds=self.task.thresholds,
        )

    def _names(self, holds: Bools1d) -> set[str]:
        return {label for label, is_held in zip(self.labels, holds, strict=True) if is_held}

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
