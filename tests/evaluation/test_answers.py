"""Scores of answers, against tables written out by hand."""

from __future__ import annotations

import itertools
import json
import random

import numpy as np
import pytest
from transformers.data.metrics.squad_metrics import squad_evaluate
from transformers.data.processors.squad import SquadExample

from spanwright.errors import SpanwrightError
from spanwright.evaluation.answers import answer_f1, answer_metrics, best_threshold, exact_match, normalise_answer
from spanwright.qa.question_types import QUESTION_TYPES, question_type

NORMALISED = [
    ("", ""),
    ("  Two\t words\n", "two words"),
    ("The cat and a dog", "cat and dog"),
    ("an Apple", "apple"),
    ("theatre, anthem", "theatre anthem"),  # articles only as whole words
    ("the", ""),
    ("a.", ""),
    ("U.S.", "us"),
    ("T.H.E.", ""),  # punctuation goes first
    ("twenty-one", "twentyone"),
    ("'94–'96", "94–96"),  # only ASCII punctuation goes
    ("«Émile»", "«émile»"),
    ("$1,000.50!", "100050"),
    ("€58k", "€58k"),
    ("İstanbul", "i̇stanbul"),
    ("no\u00a0break", "no break"),
    ("東京", "東京"),
    ("🙂 ok", "🙂 ok"),
]

# prediction, golds, exact match, F1
SCORED = [
    ("Denver Broncos", ["Denver Broncos"], 1, 1),
    ("the denver broncos.", ["Denver Broncos"], 1, 1),
    ("Denver", ["Denver Broncos"], 0, 2 / 3),
    ("Broncos Denver", ["Denver Broncos"], 0, 1),
    ("Boston", ["Denver Broncos"], 0, 0),
    ("in 1896", ["1896", "the year 1896", "MDCCCXCVI"], 0, 2 / 3),
    ("1896", ["in 1896", "1896"], 1, 1),
    ("red red blue", ["red blue blue"], 0, 2 / 3),  # each word counts as often as both have it
    ("one two three four", ["three four five"], 0, 4 / 7),
    ("", ["1896"], 0, 0),
    ("", [], 1, 1),
    ("the", [], 1, 1),  # nothing is left of it
    ("1896", [], 0, 0),
    ("", ["a"], 1, 1),  # nor of the gold
    ("1896", ["...", "1896"], 1, 1),
    ("café", ["cafe"], 0, 0),
    ("CAFÉ", ["café"], 1, 1),
]

TYPES = [
    ("Who founded it?", "who"),
    ("To whom should I write?", "who"),
    ("Whose data is it?", "who"),
    ("who's there", "who"),
    ("WHEN is it due?", "when"),
    ("By when is it due?", "when"),
    ("Where do I apply?", "where"),
    ("How  many shops are there?", "how many"),
    ("For how much?", "how much"),
    ("How long does it last?", "how long"),
    ("How often?", "how"),
    ("In which town?", "which"),
    ("What's the pay?", "what"),
    ("The firm was founded in what year?", "what"),
    ("Why?", "why"),
    ("«Why?», she asked. What was meant?", "why"),
    ("Tell me what it costs.", "other"),
    ("Say why.", "why"),
    ("Name the town where they met.", "other"),
    ("Is a degree needed?", "other"),
    ("Somewhat showing whatever?", "other"),
    ("¿Quién es?", "other"),
    ("", "other"),
]


@pytest.mark.parametrize(("text", "normalised"), NORMALISED)
def test_normalisation(text: str, normalised: str) -> None:
    assert normalise_answer(text) == normalised


@pytest.mark.parametrize(("prediction", "golds", "exact", "f1"), SCORED)
def test_exact_match_and_f1(prediction: str, golds: list[str], exact: float, f1: float) -> None:
    assert exact_match(prediction, golds) == exact
    assert answer_f1(prediction, golds) == pytest.approx(f1)


@pytest.mark.parametrize(("question", "kind"), TYPES)
def test_question_types(question: str, kind: str) -> None:
    assert question_type(question) == kind
    assert kind in QUESTION_TYPES


def test_metrics_of_a_table() -> None:
    metrics = answer_metrics(
        [["1896"], ["Ann Lee", "Ann"], ["seven days"], [], []],
        ["in 1896", "Ann", "", "", "Bob"],
        [0.2, 0.1, 0.6, 0.9, 0.5],
        ["When was it?", "Who was it?", "How long was it?", "Who is it?", "Is it?"],
        candidates=["in 1896", "Ann", "seven days", "Eve", "Bob"],
        confidences=[0.7, 0.9, 0.6, 0.9, 0.4],
    )
    assert json.loads(json.dumps(metrics)) == metrics
    assert metrics.pop("per_type") == {
        "who": {"total": 2, "exact": 1, "f1": 1},
        "when": {"total": 1, "exact": 0, "f1": pytest.approx(2 / 3)},
        "how long": {"total": 1, "exact": 0, "f1": 0},
        "other": {"total": 1, "exact": 0, "f1": 0},
    }
    assert metrics.pop("calibration")["brier"] == pytest.approx((0.7**2 + 0.1**2 + 0.6**2 + 0.1**2 + 0.4**2) / 5)
    assert metrics == {
        "total": 5,
        "exact": 0.4,
        "f1": pytest.approx((2 / 3 + 2) / 5),
        "has_answer_total": 3,
        "has_answer_exact": pytest.approx(1 / 3),
        "has_answer_f1": pytest.approx(5 / 9),
        "no_answer_total": 2,
        "no_answer_accuracy": 0.5,
        "best_exact": pytest.approx(3 / 5),  # Ann, and none for the two impossible ones
        "best_exact_threshold": 0.1,
        "best_f1": pytest.approx((2 / 3 + 3) / 5),
        "best_f1_threshold": 0.2,
    }


def test_what_cannot_be_computed_is_none() -> None:
    metrics = answer_metrics([], [], [], [], confidences=[])
    totals = {"total": 0, "has_answer_total": 0, "no_answer_total": 0}
    assert {name: value for name, value in metrics.items() if value is not None} == {**totals, "per_type": {}}
    without = answer_metrics([["a cat"]], ["cat"])
    assert {name: value for name, value in without.items() if value is not None} == {
        "total": 1,
        "exact": 1,
        "f1": 1,
        "has_answer_total": 1,
        "has_answer_exact": 1,
        "has_answer_f1": 1,
        "no_answer_total": 0,
    }


def test_lists_of_different_lengths_are_refused() -> None:
    with pytest.raises(SpanwrightError, match=r"S440.*'golds': 2, 'predictions': 1, 'questions': 3"):
        answer_metrics([[], []], [""], None, ["Who?", "When?", "Why?"])


@pytest.mark.parametrize(
    ("scores", "no_answer_scores", "has_answer", "best", "threshold"),
    [
        ([1, 1, 0], [0.1, 0.2, 0.9], [True, True, False], 1, 0.2),
        ([1, 0, 1], [0.1, 0.2, 0.9], [True, False, True], 2 / 3, 0.1),  # the lowest of two that are as good
        ([0.5, 1], [0.5, 0.5], [True, True], 0.75, 0.5),
        ([1, 0], [0.5, 0.5], [True, False], 0.5, np.nextafter(0.5, 0)),  # a tie cannot be cut
        ([0, 0], [0.0, 1.0], [False, False], 1, np.nextafter(0.0, -1)),  # below the lowest, not at it
        ([1], [-3.5], [True], 1, -3.5),
        ([1, 1], [0.2, 0.1], [False, True], 1, 0.1),  # an empty prediction is right at any threshold
    ],
)
def test_best_threshold(
    scores: list[float], no_answer_scores: list[float], has_answer: list[bool], best: float, threshold: float
) -> None:
    found = best_threshold(np.array(scores, dtype=float), np.array(no_answer_scores), np.array(has_answer))
    assert found == (pytest.approx(best), threshold)


@pytest.mark.parametrize("seed", range(20))
def test_best_threshold_is_the_best_of_all(seed: int) -> None:
    generator = random.Random(seed)
    n = generator.randint(1, 12)
    levels = [generator.choice([0.1, 0.2, generator.random()]) for _ in range(n)]
    has_answer = [generator.random() < 0.6 for _ in range(n)]
    scores = [generator.choice([0.0, 0.25, 1.0]) if has else float(generator.random() < 0.3) for has in has_answer]

    def at(threshold: float) -> float:
        triples = zip(scores, levels, has_answer, strict=True)
        return sum(score if level <= threshold else float(not has) for score, level, has in triples) / n

    best, threshold = best_threshold(np.array(scores), np.array(levels), np.array(has_answer))
    assert at(threshold) == pytest.approx(best)
    assert best == pytest.approx(max(map(at, itertools.chain([-1.0], levels))))


@pytest.mark.parametrize("seed", range(10))
def test_scores_are_those_of_the_reference(seed: int) -> None:
    """Of the copy of SQuAD's script that transformers has, on random words. Its threshold is not the best where no-answer scores
    are equal, or where normalising leaves nothing of an answer to an impossible question.
    """
    generator = random.Random(seed)
    words = ["the", "a", "An", "cat", "Cat.", "dogs", "U.S.", "—", "?", "naïve", "1,000"]

    def phrase() -> str:
        return generator.choice([" ", "  ", "\n"]).join(generator.choices(words, k=generator.randint(1, 4)))

    golds = [[phrase() for _ in range(generator.randint(0, 3))] for _ in range(40)]
    predictions = [generator.choice(["", f"{phrase()} dog", *answers]) for answers in golds]
    no_answer = {str(i): generator.random() for i in range(40)}
    answers = [[{"text": text} for text in texts] for texts in golds]
    examples = [SquadExample(str(i), "", "", None, None, "", given) for i, given in enumerate(answers)]
    theirs = squad_evaluate(examples, dict(zip(no_answer, predictions, strict=True)), no_answer, 1.0)
    ours = answer_metrics(golds, predictions, list(no_answer.values()))
    names = {
        "exact": "exact",
        "f1": "f1",
        "has_answer_exact": "HasAns_exact",
        "has_answer_f1": "HasAns_f1",
        "no_answer_accuracy": "NoAns_exact",
        "best_exact": "best_exact",
        "best_f1": "best_f1",
    }
    assert {name: 100 * ours[name] for name in names} == pytest.approx({n: theirs[t] for n, t in names.items()})
    for name in ("best_exact", "best_f1"):
        if theirs[f"{name}_thresh"]:  # it says 0 where nothing is worth answering
            assert ours[f"{name}_threshold"] == theirs[f"{name}_thresh"]
