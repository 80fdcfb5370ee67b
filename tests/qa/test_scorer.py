"""`spanwright.qa_scorer.v1`, on Docs as a corpus and the component leave them."""

from __future__ import annotations

import numpy as np
import pytest
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example
from spacy.vocab import Vocab

from spanwright.qa.answers import Answer, Candidate, PieceScores, store_answers
from spanwright.qa.scorer import make_qa_scorer

WORDS = "Ann Lee left Rome in the year 1896 .".split()
NO_PIECES = PieceScores(np.zeros(0, np.float32), np.zeros(0, np.float32), np.zeros((0, 2), np.int64))


@pytest.fixture(scope="module")
def vocab() -> Vocab:
    return Vocab()


def gold(vocab: Vocab, question: str | None, *answers: tuple[int, int]) -> Doc:
    """A Doc as the corpus reader gives it: answers as tokens."""
    doc = Doc(vocab, words=WORDS)
    doc.spans["answers"] = SpanGroup(
        doc, name="answers", spans=[Span(doc, *answer, label="answers") for answer in answers]
    )
    if question is not None:
        doc.user_data[("._.", "question", None, None)] = question
    return doc


def answered(
    vocab: Vocab, tokens: tuple[int, int], score: float, no_answer_score: float, *, key: str = "answers"
) -> Doc:
    """A Doc as the component leaves it: the answer is given where there is none with less than 0.5."""
    doc = Doc(vocab, words=WORDS)
    span = Span(doc, *tokens)
    best = Candidate(span.text, span.start_char, span.end_char, score, span)
    answer = Answer("", doc, (best,), no_answer_score, no_answer_score < 0.5, lambda: NO_PIECES)
    store_answers(doc, {key: answer})
    return doc


def test_scores_of_a_table(vocab: Vocab) -> None:
    examples = [
        Example(answered(vocab, (0, 2), 0.8, 0.1), gold(vocab, "Who left?", (0, 2), (0, 1))),
        Example(answered(vocab, (5, 8), 0.6, 0.2), gold(vocab, "When did she leave?", (7, 8))),
        Example(answered(vocab, (3, 4), 0.3, 0.6), gold(vocab, "Where from?", (3, 4))),
        Example(answered(vocab, (3, 4), 0.2, 0.7), gold(vocab, "Who stayed?")),
        Example(Doc(vocab, words=WORDS), gold(vocab, "Who came?")),  # never asked
        Example(answered(vocab, (0, 1), 0.9, 0.0, key="name"), gold(vocab, None)),  # a form, and no question
    ]
    scores = make_qa_scorer()(examples, component="ignored")
    assert scores.pop("qa_per_type") == {
        "who": {"total": 3, "exact": 1, "f1": 1},
        "when": {"total": 1, "exact": 0, "f1": pytest.approx(2 / 3)},
        "where": {"total": 1, "exact": 0, "f1": 0},
    }
    # sure of 0.8, 0.6, 0.6, 0.7 and 1, of which the two in the middle are wrong
    assert scores.pop("qa_calibration_error") == pytest.approx((0.2 + 2 * 0.6 + 0.3 + 0) / 5)
    assert scores == {
        "qa_em": 0.6,
        "qa_f1": pytest.approx((3 + 2 / 3) / 5),
        "qa_has_answer_em": pytest.approx(1 / 3),
        "qa_has_answer_f1": pytest.approx(5 / 9),
        "qa_no_answer_accuracy": 1,
        "qa_best_em": 0.8,  # "Rome" given too
        "qa_best_em_threshold": 0.6,
        "qa_best_f1": pytest.approx((4 + 2 / 3) / 5),
        "qa_best_f1_threshold": 0.6,
    }


def test_scores_survive_the_way_to_disk(vocab: Vocab) -> None:
    predicted = answered(vocab, (7, 8), 0.9, 0.1)
    reference = gold(vocab, "When?", (7, 8))
    restored = [Doc(vocab).from_bytes(doc.to_bytes()) for doc in (predicted, reference)]
    assert make_qa_scorer()([Example(*restored)]) == make_qa_scorer()([Example(predicted, reference)])


@pytest.mark.parametrize("questions", [0, 1])
def test_without_questions_every_score_is_none(vocab: Vocab, questions: int) -> None:
    examples = [Example(Doc(vocab, words=WORDS), gold(vocab, None))] * questions
    scores = make_qa_scorer()(examples)
    assert scores
    assert set(scores.values()) == {None}
