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
