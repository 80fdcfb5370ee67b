"""Amounts by document agree with the scores they are for."""

from __future__ import annotations

import random

import numpy as np
import pytest
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab

from spanwright.evaluation.categories import CategoryTask
from spanwright.evaluation.measures import values
from spanwright.evaluation.text_tallies import CategoryTally

VOCAB = Vocab()
LABELS = ("b", "c", "a")


def example_of(gold: dict[str, float], scores: dict[str, float]) -> Example:
    reference, predicted = Doc(VOCAB, words=["x"]), Doc(VOCAB, words=["x"])
    reference.cats, predicted.cats = gold, scores
    return Example(predicted, reference)


@pytest.mark.parametrize("exclusive", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_amounts_add_up_to_the_scores(seed: int, exclusive: bool) -> None:
    rng = random.Random(seed)
    task = CategoryTask("textcat", LABELS, exclusive, None if exclusive else np.array([0.5, 0.2, 0.9]))
    tally = CategoryTally(task)
    for _ in range(60):
        held = rng.choice(LABELS)
        gold = {
            label: float(label == held if exclusive else rng.random() < 0.5) for label in LABELS if rng.random() < 0.8
        }
        scores = dict(zip(LABELS, np.random.default_rng(rng.randrange(99)).dirichlet([1, 1, 1]).tolist(), strict=True))
        example = example_of(gold, scores)
        tally.add(example)
        expected, given = tally.decision(example)
        assert expected == {label for label, value in gold.items() if value}
        assert exclusive or given <= gold.keys()
    section, labels = tally.section(), sorted(LABELS)
    found = values(tally.measures(labels), tally.amounts(labels))
    assert found["accuracy",] == pytest.approx(section["accuracy"])
    for kind in ("micro", "macro", "weighted"):
        for name in "prf":
            assert found[kind, name] == pytest.approx(section[kind][name])
    for label in LABELS:
        for name in "prf":
            assert found["labels", label, name] == pytest.approx(section["labels"][label][name])


def test_an_exclusive_label_that_is_not_known_was_missed() -> None:
    tally = CategoryTally(CategoryTask("textcat", ("a", "b"), True, None), ["a", "b", "c"])
    for gold in (
        {"a": 1.0, "b": 0.0},
        {"x": 1.0},
        {"a": 0.0, "x": 1.0},
        {"c": 1.0},
        {"x": 1.0, "y": 1.0},
        {"a": 1.0, "y": 1.0},
    ):
        tally.add(example_of(gold, {"a": 0.9, "b": 0.1}))
    assert tally.decision(example_of({"x": 1.0}, {"a": 0.9, "b": 0.1})) == ({"x"}, {"a"})
    section = tally.section()
    # nobody said of the text of c, and the one of x and y, whether it is a or b
    assert (section["documents"], section["accuracy"]) == (4, 0.5)
    assert section["labels"]["x"]["support"] == 2 and section["labels"]["x"]["r"] == 0
    assert section["confusion"]["counts"] == [[2, 0, 0], [0, 0, 0], [2, 0, 0]]
    assert section["unscored"] == [{"label": "y", "documents": 2}, {"label": "x", "documents": 1}]
    found = values(tally.measures(tally.labels), tally.amounts(tally.labels))
    assert found["accuracy",] == section["accuracy"] and found["micro", "r"] == section["micro"]["r"]


def test_labels_of_several_that_are_not_known_are_named() -> None:
    tally = CategoryTally(CategoryTask("textcat", ("a", "b"), False, np.array([0.5, 0.5])), ["a", "b", "c"])
    for gold in ({"a": 1.0, "b": 0.0, "c": 1.0}, {"a": 1.0, "b": 0.0, "x": 1.0}, {"x": 1.0}, {"x": 0.0}):
        tally.add(example_of(gold, {"a": 0.9, "b": 0.1}))
    section = tally.section()
    assert section["documents"] == 2 and section["micro"]["tp"] == 2
    assert section["unscored"] == [{"label": "x", "documents": 2}]
