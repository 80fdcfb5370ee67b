"""`spanwright.qa_scorer.v1`: answers to the questions in `doc._.question`, as SQuAD 2.0 scores them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from spacy.training import Example

from spanwright.data.exporting.docs import answers_of, question_of
from spanwright.evaluation.answers import answer_metrics
from spanwright.qa.answers import ANSWERS, AnswerRecord, read_answers

NOT_ASKED = AnswerRecord(ANSWERS, "", 0, 0, 0.0, 1.0, False)


def make_qa_scorer() -> Callable[..., dict[str, Any]]:
    return qa_score


def qa_score(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Return the scores of `answer_metrics`, from 0 to 1, of the Examples whose reference has a question; None for what cannot
    be computed.

    The answers of the reference, `doc.spans["answers"]`, are all right; without any, the question is impossible.
    """
    asked = [example for example in examples if question_of(example.reference) is not None]
    questions = [question_of(example.reference) for example in asked]
    metrics = record_metrics(questions, list(map(gold_answers, asked)), list(map(found_answer, asked)))
    calibration = metrics["calibration"]
    return {
        "qa_em": metrics["exact"],
        "qa_f1": metrics["f1"],
        "qa_has_answer_em": metrics["has_answer_exact"],
        "qa_has_answer_f1": metrics["has_answer_f1"],
        "qa_no_answer_accuracy": metrics["no_answer_accuracy"],
        "qa_best_em": metrics["best_exact"],
        "qa_best_em_threshold": metrics["best_exact_threshold"],
        "qa_best_f1": metrics["best_f1"],
        "qa_best_f1_threshold": metrics["best_f1_threshold"],
        "qa_calibration_error": calibration and calibration["ece"],
        "qa_per_type": metrics["per_type"] or None,
    }


def record_metrics(
    questions: Sequence[str], golds: Sequence[Sequence[str]], found: Sequence[AnswerRecord]
) -> dict[str, Any]:
    """Return `answer_metrics` of what Docs keep of their answers."""
    return answer_metrics(
        golds,
        list(map(given_text, found)),
        [answer.no_answer_score for answer in found],
        questions,
        candidates=[answer.text for answer in found],
        confidences=[answer.score if answer.has_answer else answer.no_answer_score for answer in found],
    )


def gold_answers(example: Example) -> list[str]:
    """Return the right answers to the question of an Example."""
    return [text for text, _ in answers_of(example.reference)]


def found_answer(example: Example) -> AnswerRecord:
    """Return what was answered; that there is no answer, where the predicted Doc was not asked."""
    return read_answers(example.predicted).get(ANSWERS, NOT_ASKED)


def given_text(answer: AnswerRecord) -> str:
    """Return the text of an answer, "" where there is none."""
    return answer.text if answer.has_answer else ""
