"""What peers that answer questions share: the questions, the scores, and how a trained model is measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import common

from spanwright.data.exporting.docs import answers_of, question_of
from spanwright.evaluation.answers import answer_metrics

LONGEST_ANSWER = 30  # in word pieces, as SQuAD's scripts have it
WINDOW, OVERLAP = 384, 128  # in word pieces


class Question(NamedTuple):
    text: str
    context: str
    answers: list[str]


def read_questions(path: Path) -> list[Question]:
    """Return the questions of a corpus, in its order."""
    docs = common.read_docs(path)
    return [Question(question_of(doc), doc.text, [text for text, _ in answers_of(doc)]) for doc in docs]


def score(questions: Sequence[Question], found: Sequence[str]) -> dict[str, float]:
    """Return exact match and F1, as SQuAD's script normalises texts."""
    metrics = answer_metrics([question.answers for question in questions], found)
    return {"em": metrics["exact"], "f1": metrics["f1"]}


def measure_answers(answer: Callable[[Sequence[Question]], list[str]], cut: Sequence[str], path: Path) -> None:
    """Measure `answer` on the questions of a corpus, after a first few that are not measured, and report it.

    cut: all texts that were cut into word pieces so far.
    """
    questions = read_questions(path)
    # about other texts, lest what is kept of a context serves twice
    answer([question._replace(context=f"{question.context} ") for question in questions[: common.WARM_UP]])
    contexts = {question.context for question in questions}
    clock = common.Clock()
    with clock.measure():
        found = answer(questions)
    common.report(
        seconds=clock.seconds,
        questions_per_s=len(questions) / clock.seconds,
        contexts_cut=sum(text in contexts for text in cut),
        peak_mb=common.peak_mb(),
        **score(questions, found),
    )
