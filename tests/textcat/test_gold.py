import re

import numpy as np
import pytest
import spacy
from spacy.training import Example

from spanwright.errors import SpanwrightError
from spanwright.textcat.gold import Counts, count_labels, describe_imbalance, gold_categories

UNKNOWN = np.nan
NLP = spacy.blank("en")


def gold_of(cats, *, exclusive, text="a text", labels=("A", "B", "C")):
    example = Example.from_dict(NLP.make_doc(text), {"cats": cats})
    return gold_categories([example], labels, exclusive=exclusive, name="textcat")[0].tolist()


@pytest.mark.parametrize(
    ("cats", "exclusive", "expected"),
    [
        ({"A": 1, "B": 0, "C": 0}, True, [1, 0, 0]),
        ({"B": 1}, True, [0, 1, 0]),
        ({"A": 0, "B": 0}, True, [UNKNOWN] * 3),
        ({}, True, [UNKNOWN] * 3),
        ({"B": 1, "other": 1}, True, [0, 1, 0]),
        ({"A": 1, "B": 1}, False, [1, 1, UNKNOWN]),
        ({"A": 0, "other": 1}, False, [0, UNKNOWN, UNKNOWN]),
        ({}, False, [UNKNOWN] * 3),
    ],
)
def test_gold_values(cats, exclusive, expected):
    np.testing.assert_equal(gold_of(cats, exclusive=exclusive), expected)


def test_empty_docs_and_no_docs():
    np.testing.assert_equal(gold_of({"A": 1}, exclusive=True, text=""), [UNKNOWN] * 3)
    assert gold_categories([], ["A", "B"], exclusive=True, name="textcat").shape == (0, 2)


@pytest.mark.parametrize(
    ("cats", "exclusive", "message"),
    [
        ({"A": 1, "C": 1}, True, r"S504.*textcat: .*A, C: 'a text'"),
        ({"A": 0.5}, True, r"S505.*textcat: .*'A' has the value 0\.5 in 'a text'"),
        ({"A": -1}, False, "S505"),
        ({"A": "yes"}, False, r"S505.*has the value yes"),
    ],
)
def test_values_that_are_refused(cats, exclusive, message):
    with pytest.raises(SpanwrightError, match=message):
        gold_of(cats, exclusive=exclusive)


def test_counting_over_batches():
    gold = np.array([[1, 0], [0, UNKNOWN], [UNKNOWN, UNKNOWN], [1, 1]])
    counts = count_labels([gold[:1], gold[1:]], 2)
    assert (counts.positive.tolist(), counts.negative.tolist()) == ([2, 1], [1, 1])
    assert (counts.n_texts, counts.n_unlabelled) == (4, 1)


@pytest.mark.parametrize(
    ("positive", "negative", "unlabelled", "exclusive", "expected"),
    [
        ([50, 40], [40, 50], 0, True, []),
        ([90, 0], [0, 90], 0, True, [r"S520.*all 90 texts .* 'good/ok'"]),
        ([85, 5], [5, 85], 7, True, [r"S523.*7 of 97 texts", r"S522.*'bad 😡' \(5\); 'good/ok' has 85 of 90"]),
        ([40, 2], [50, 88], 0, False, [r"S522.*'bad 😡' \(2\); 'good/ok' has 40 of 90"]),
        ([30, 0], [60, 90], 0, False, [r"S521.*'bad 😡' \(on 0 of 90 texts\)"]),
        ([30, 90], [60, 0], 0, False, [r"S521.*'bad 😡' \(on 90 of 90 texts\)"]),
        ([30, 5], [60, 85], 0, False, []),
    ],
)
def test_warnings_carry_numbers(positive, negative, unlabelled, exclusive, expected):
    n_texts = positive[0] + negative[0] + unlabelled
    counts = Counts(np.array(positive), np.array(negative), n_texts, unlabelled)
    messages = list(describe_imbalance(counts, ["good/ok", "bad 😡"], exclusive=exclusive, name="textcat"))
    assert len(messages) == len(expected)
    for message, pattern in zip(messages, expected, strict=True):
        assert re.search(pattern, message), message
