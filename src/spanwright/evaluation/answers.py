"""Answers against gold answers, as the evaluation script of SQuAD 2.0 scores them (Rajpurkar, Jia and Liang 2018, "Know What You
Don't Know: Unanswerable Questions for SQuAD"). Scores are shares from 0 to 1, where that script has per cents.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.calibration import reliability
from spanwright.qa.question_types import QUESTION_TYPES, question_type
from spanwright.types import Bools1d, Doubles1d

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise_answer(text: str) -> str:
    """Return the text in lower case, without ASCII punctuation and English articles, with single spaces."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_NO_PUNCTUATION)).split())


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """Return 1.0 where the normalised prediction equals a gold answer, else 0.0; without golds, where it is empty."""
    return _best(prediction, golds, lambda predicted, gold: float(predicted == gold))


def answer_f1(prediction: str, golds: Sequence[str]) -> float:
    """Return the F1 score of the words that prediction and gold share, with the gold that gives the highest.

    Without golds, or for an empty prediction, it is 1.0 where both are empty, else 0.0.
    """
    return _best(prediction, golds, _words_f1)


def best_threshold(scores: Doubles1d, no_answer_scores: Doubles1d, has_answer: Bools1d) -> tuple[float, float]:
    """Return the highest mean score that giving no answer where `no_answer_scores` exceeds a threshold can reach, and the
    lowest threshold that does; all (questions,), of which there must be one.

    scores: of each question's prediction, as if it were given. Where it is not, a question without an answer scores 1.
    SQuAD's script cuts between questions with equal no-answer scores too, which no threshold does.
    """
    levels, level = np.unique(no_answer_scores, return_inverse=True)
    unanswered = np.where(has_answer, 0.0, 1.0)
    gains = np.bincount(level, weights=scores - unanswered)
    sums = unanswered.sum() + np.concatenate([[0.0], np.cumsum(gains)])
    best = int(np.argmax(sums))
    threshold = levels[best - 1] if best else np.nextafter(levels[0], -np.inf)
    return float(sums[best] / len(scores)), float(threshold)


def answer_metrics(
    golds: Sequence[Sequence[str]],
    predictions: Sequence[str],
    no_answer_scores: Sequence[float] | None = None,
    questions: Sequence[str] | None = None,
    *,
    candidates: Sequence[str] | None = None,
    confidences: Sequence[float] | None = None,
) -> dict[str, Any]:
    """Return the scores of the answers to a list of questions, ready for JSON; None for what cannot be computed.

    golds: the right answers to each question, none where its context does not answer it.
    predictions: the answer to each, "" for none.
    no_answer_scores: how sure it is that there is no answer, on any scale; needed for `best_*`.
    questions: needed for `per_type`.
    candidates: the best text for each question whether or not it is given as the answer, for `best_*`; if None, `predictions`.
    confidences: the probability that each prediction, be it none, is right; needed for `calibration`.

    exact, f1: of all questions; has_answer_*: of those with golds; no_answer_accuracy: the share of the others that no answer
    was given to. best_*: see `best_threshold`. per_type: total, exact and f1 by `question_type`. calibration: of
    `exact`, see `reliability`.
    RAISES (SpanwrightError): Lists of different lengths.
    """
    lists = {
        "golds": golds,
        "predictions": predictions,
        "no_answer_scores": no_answer_scores,
        "questions": questions,
        "candidates": candidates,
        "confidences": confidences,
    }
    _check_lengths(**{name: values for name, values in lists.items() if values is not None})
    scores = _Scores.of(predictions, golds)
    best_scores = scores if candidates is None else _Scores.of(candidates, golds)
    answerable = np.array([bool(answers) for answers in golds], dtype=bool)
    return {
        **scores.means(),
        **{f"has_answer_{name}": value for name, value in scores.means(answerable).items()},
        "no_answer_total": int(np.sum(~answerable)),
        "no_answer_accuracy": scores.means(~answerable)["exact"],
        **_best_metrics(best_scores, no_answer_scores, answerable),
        "per_type": None if questions is None else _per_type(scores, questions),
        "calibration": None
        if confidences is None
        else reliability(np.asarray(confidences, dtype=float), scores.exact == 1),
    }


class _Scores(NamedTuple):
    exact: Doubles1d  # (questions,)
    f1: Doubles1d  # (questions,)

    @classmethod
    def of(cls, predictions: Sequence[str], golds: Sequence[Sequence[str]]) -> _Scores:
        pairs = list(zip(predictions, golds, strict=True))
        return cls(np.array([exact_match(*pair) for pair in pairs]), np.array([answer_f1(*pair) for pair in pairs]))

    def means(self, where: Bools1d | None = None) -> dict[str, Any]:
        exact, f1 = (self.exact, self.f1) if where is None else (self.exact[where], self.f1[where])
        if not len(exact):
            return {"total": 0, "exact": None, "f1": None}
        return {"total": len(exact), "exact": float(exact.mean()), "f1": float(f1.mean())}


def _best_metrics(
    scores: _Scores, no_answer_scores: Sequence[float] | None, answerable: Bools1d
) -> dict[str, float | None]:
    names = ("best_exact", "best_exact_threshold", "best_f1", "best_f1_threshold")
    metrics: dict[str, float | None] = dict.fromkeys(names)
    if no_answer_scores is not None and len(answerable):
        given = np.asarray(no_answer_scores, dtype=float)
        metrics["best_exact"], metrics["best_exact_threshold"] = best_threshold(scores.exact, given, answerable)
        metrics["best_f1"], metrics["best_f1_threshold"] = best_threshold(scores.f1, given, answerable)
    return metrics


def _per_type(scores: _Scores, questions: Sequence[str]) -> dict[str, dict[str, Any]]:
    types = np.array([question_type(question) for question in questions])
    return {kind: scores.means(types == kind) for kind in QUESTION_TYPES if kind in types}


def _best(prediction: str, golds: Sequence[str], score: Callable[[str, str], float]) -> float:
    normalised = [gold for gold in map(normalise_answer, golds) if gold]
    predicted = normalise_answer(prediction)
    return max(score(predicted, gold) for gold in normalised or [""])


def _words_f1(predicted: str, gold: str) -> float:
    if not predicted or not gold:
        return float(predicted == gold)
    ours, theirs = predicted.split(), gold.split()
    shared = (Counter(ours) & Counter(theirs)).total()
    return 2 * shared / (len(ours) + len(theirs))


def _check_lengths(**lists: Sequence[Any]) -> None:
    lengths = {name: len(values) for name, values in lists.items()}
    if len(set(lengths.values())) > 1:
        raise SpanwrightError(Errors.S440.format(lengths=lengths))
