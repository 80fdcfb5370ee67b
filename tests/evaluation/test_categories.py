"""Scores of categories are scikit-learn's, and what cannot be computed is None."""

from __future__ import annotations

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
import spacy
from sklearn import metrics as sk
from sklearn.calibration import calibration_curve
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spanwright.errors import SpanwrightError
from spanwright.evaluation.calibration import reliability
from spanwright.evaluation.categories import (
    assigned,
    auc,
    average_precision,
    category_metrics,
    category_tasks,
    doc_arrays,
)

NAN = math.nan
LABELS = ["a", "b", "c", "d"]


def random_case(seed: int, *, exclusive: bool, n_texts: int = 60):
    """Gold labels and scores, of which the last label is never gold, and scores tie often."""
    rng = np.random.default_rng(seed)
    scores = np.round(rng.random((n_texts, len(LABELS))), 1)
    if exclusive:
        scores = (scores + 0.01) / (scores + 0.01).sum(axis=1, keepdims=True)
        gold = np.eye(len(LABELS))[rng.integers(0, len(LABELS) - 1, n_texts)]
    else:
        gold = (rng.random(scores.shape) < [0.1, 0.4, 0.8, 0]).astype(float)
    return gold, scores


def as_none(value: float) -> float | None:
    return None if math.isnan(value) else pytest.approx(value)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("exclusive", [True, False])
def test_agrees_with_scikit_learn(exclusive: bool, seed: int) -> None:
    gold, scores = random_case(seed, exclusive=exclusive)
    thresholds = None if exclusive else np.array([0.2, 0.5, 0.9, 1.0])
    found = category_metrics(gold, scores, LABELS, exclusive=exclusive, thresholds=thresholds)
    given = np.eye(len(LABELS))[scores.argmax(axis=1)] if exclusive else (scores >= thresholds) & (scores > 0)
    json.dumps(found, allow_nan=False)

    assert found["accuracy"] == pytest.approx(sk.accuracy_score(gold, given))
    for average in ("micro", "macro", "weighted"):
        expected = sk.precision_recall_fscore_support(gold, given, average=average, zero_division=np.nan)
        assert [found[average][measure] for measure in "prf"] == [as_none(value) for value in expected[:3]]
    expected = sk.precision_recall_fscore_support(gold, given, zero_division=np.nan)
    for i, label in enumerate(LABELS):
        score = found["labels"][label]
        assert [score["p"], score["r"], score["f"]] == [as_none(values[i]) for values in expected[:3]]
        assert (score["support"], score["predicted"]) == (gold[:, i].sum(), given[:, i].sum())
        if label == "d":  # no text has it
            assert score["auc"] is score["average_precision"] is None
        else:
            assert score["auc"] == pytest.approx(sk.roc_auc_score(gold[:, i], scores[:, i]))
            assert score["average_precision"] == pytest.approx(sk.average_precision_score(gold[:, i], scores[:, i]))
    assert found["macro"]["auc"] == pytest.approx(sk.roc_auc_score(gold[:, :3], scores[:, :3], average="macro"))
    assert found["weighted"]["average_precision"] == pytest.approx(
        sk.average_precision_score(gold[:, :3], scores[:, :3], average="weighted")
    )
    if exclusive:
        matrix = sk.confusion_matrix(gold.argmax(axis=1), scores.argmax(axis=1), labels=range(len(LABELS)))
        assert found["confusion"] == {"labels": LABELS, "counts": matrix.tolist()}
    else:
        assert found["confusion"] is None


@pytest.mark.parametrize("seed", range(3))
def test_what_nobody_said_does_not_count(seed: int) -> None:
    gold, scores = random_case(seed, exclusive=False)
    unknown = np.random.default_rng(seed).random(gold.shape) < 0.3
    found = category_metrics(np.where(unknown, NAN, gold), scores, LABELS, exclusive=False)
    for i, label in enumerate(LABELS):
        known = ~unknown[:, i]
        alone = category_metrics(gold[known, i : i + 1], scores[known, i : i + 1], [label], exclusive=False)
        assert found["labels"][label] == alone["labels"][label]
    complete = ~unknown.any(axis=1)
    assert found["accuracy"] == pytest.approx(sk.accuracy_score(gold[complete], scores[complete] >= 0.5))
    assert found["calibration"]["count"] == (~unknown).sum()


def test_a_text_without_a_label_is_left_out_where_labels_exclude_each_other() -> None:
    gold = np.array([[1, 0], [0, 0], [NAN, NAN], [NAN, 1]])
    found = category_metrics(gold, np.array([[0.9, 0.1]] * 4), ["a", "b"], exclusive=True)
    assert (found["documents"], found["accuracy"]) == (2, 0.5)
    assert found["confusion"]["counts"] == [[1, 0], [1, 0]]


@pytest.mark.parametrize(
    ("gold", "scores", "exclusive"),
    [
        (np.zeros((0, 2)), np.zeros((0, 2)), True),
        (np.zeros((0, 2)), np.zeros((0, 2)), False),
        (np.full((3, 2), NAN), np.full((3, 2), 0.7), True),
        (np.full((3, 2), NAN), np.full((3, 2), 0.7), False),
    ],
)
def test_nothing_known_gives_none_and_never_zero(gold, scores, exclusive: bool) -> None:
    found = category_metrics(gold, scores, ["a", "b"], exclusive=exclusive)
    assert found["documents"] == 0
    assert found["accuracy"] is found["calibration"] is None
    for part in ("micro", "macro", "weighted"):
        assert {value for measure, value in found[part].items() if measure not in ("tp", "fp", "fn")} == {None}


def test_nothing_given_has_recall_zero_and_no_precision() -> None:
    found = category_metrics(np.array([[1, 0], [1, 0]]), np.full((2, 2), 0.1), ["a", "b"], exclusive=False)
    assert found["micro"] == {"p": None, "r": 0.0, "f": 0.0, "tp": 0, "fp": 0, "fn": 2}
    assert found["labels"]["b"]["f"] is None
    assert found["labels"]["a"]["auc"] is None
    assert found["labels"]["a"]["average_precision"] == 1.0


def test_one_label() -> None:
    found = category_metrics(np.array([[1.0], [1.0]]), np.array([[1.0], [1.0]]), ["only"], exclusive=True)
    assert found["accuracy"] == found["micro"]["f"] == 1.0
    assert found["labels"]["only"]["auc"] is None
    assert found["calibration"]["ece"] == 0.0


def test_a_score_of_zero_gives_no_label() -> None:
    scores = np.array([[0.0, 0.0], [0.0, 0.2]])
    assert assigned(scores, exclusive=True, thresholds=np.zeros(2)).tolist() == [[False, False], [False, True]]
    assert assigned(scores, exclusive=False, thresholds=np.zeros(2)).tolist() == [[False, False], [False, True]]


@pytest.mark.parametrize(
    ("gold", "scores", "exclusive", "message"),
    [
        ([[0, 0.5]], [[0.1, 0.2]], False, r"S540.*Text 1.*'b' is 0\.5"),
        ([[0, 1], [0, 1]], [[0.1, 0.2], [NAN, 0]], False, r"S541.*Text 2.*'a' is nan"),
        ([[0, 1]], [[0.1, 7.5]], True, r"S541.*Text 1.*'b' is 7\.5"),
        ([[0, 1], [1, 1]], [[0.1, 0.2]] * 2, True, r"S542.*Text 2.*a, b.*1 such"),
    ],
)
def test_values_that_make_no_sense_are_refused(gold, scores, exclusive: bool, message: str) -> None:
    with pytest.raises(SpanwrightError, match=message):
        category_metrics(np.array(gold, float), np.array(scores, float), ["a", "b"], exclusive=exclusive)


def test_probabilities_may_exceed_one_by_rounding() -> None:
    assert category_metrics(np.ones((1, 1)), np.full((1, 1), 1 + 1e-7), ["a"], exclusive=True)["accuracy"] == 1.0


@pytest.mark.parametrize("function", [auc, average_precision])
def test_ties_do_not_depend_on_the_order_of_texts(function) -> None:
    gold, scores = np.array([1, 0, 1, 0, 0, 1.0]), np.array([0.5, 0.5, 0.5, 0.2, 0.5, 0.2])
    backwards = function(gold[::-1], scores[::-1])
    assert function(gold, scores) == pytest.approx(backwards)


@pytest.mark.parametrize("seed", range(3))
def test_reliability_agrees_with_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    confidences = np.concatenate([[0.0, 0.2, 0.4, 1.0], rng.random(80) ** 3])
    is_right = rng.random(84) < confidences
    found = reliability(confidences, is_right, n_bins=5)
    accuracy, confidence = calibration_curve(is_right, confidences, n_bins=5)
    bins = [one for one in found["bins"] if one["count"]]
    assert [one["accuracy"] for one in bins] == pytest.approx(accuracy.tolist())
    assert [one["confidence"] for one in bins] == pytest.approx(confidence.tolist())
    counts = np.array([one["count"] for one in bins])
    assert found["ece"] == pytest.approx(np.average(np.abs(accuracy - confidence), weights=counts))
    assert found["brier"] == pytest.approx(sk.brier_score_loss(is_right, confidences))
    assert counts.sum() == found["count"] == 84


def test_reliability_of_empty_bins_and_of_nothing() -> None:
    found = reliability(np.array([0.05, 0.95]), np.array([False, True]))
    assert found["bins"][5] == {"low": 0.5, "high": 0.6, "count": 0, "confidence": None, "accuracy": None}
    assert found["ece"] == pytest.approx(0.05)
    assert reliability(np.zeros(0), np.zeros(0, bool)) is None
    for wrong in (-0.1, 1.1, NAN):
        with pytest.raises(ValueError, match="between 0 and 1"):
            reliability(np.array([wrong]), np.array([True]))


def test_calibration_of_exclusive_labels_is_that_of_the_labels_given() -> None:
    gold, scores = random_case(0, exclusive=True)
    found = category_metrics(gold, scores, LABELS, exclusive=True)["calibration"]
    is_right = gold.argmax(axis=1) == scores.argmax(axis=1)
    assert found == reliability(scores.max(axis=1), is_right)


def test_arrays_of_docs() -> None:
    vocab = Vocab()

    def example(scores: dict[str, float], gold: dict[str, float]) -> Example:
        predicted, reference = Doc(vocab, words=["hi"]), Doc(vocab, words=["hi"])
        predicted.cats, reference.cats = scores, gold
        return Example(predicted, reference)

    examples = [example({"a": 0.2, "b": 0.9, "other": 1}, {"b": 1}), example({"a": 0.5, "b": 0}, {})]
    gold, scores = doc_arrays(iter(examples), ["a", "b"])
    np.testing.assert_array_equal(gold, [[NAN, 1], [NAN, NAN]])
    np.testing.assert_array_equal(scores, [[0.2, 0.9], [0.5, 0]])
    assert [array.shape for array in doc_arrays([], ["a", "b"])] == [(0, 2), (0, 2)]


def test_tasks_of_a_pipeline() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    for name, config in {"textcat": {}, "textcat_multilabel": {"threshold": 0.3}}.items():
        component = nlp.add_pipe(name, config=config)
        component.add_label("x")
        component.add_label("y")
    first, second = category_tasks(nlp)
    assert (first.name, first.labels, first.exclusive, first.thresholds) == ("textcat", ("x", "y"), True, None)
    assert (second.name, second.labels, second.exclusive) == ("textcat_multilabel", ("x", "y"), False)
    assert second.thresholds is not None
    assert second.thresholds.tolist() == [0.3, 0.3]


def test_a_component_may_have_a_threshold_for_each_label() -> None:
    @Language.factory("stub_classifier", assigns=["doc.cats"])
    def make_stub(nlp: Language, name: str) -> SimpleNamespace:
        cfg = {"exclusive": False, "threshold": None}
        return SimpleNamespace(labels=("x", "y"), cfg=cfg, thresholds={"x": 0.3, "y": 0.7}, __call__=None)

    nlp = spacy.blank("en")
    nlp.add_pipe("stub_classifier")
    [task] = category_tasks(nlp)
    assert task.thresholds is not None
    assert task.thresholds.tolist() == [0.3, 0.7]
