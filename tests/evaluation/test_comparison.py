"""Two pipelines on the same corpus."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import spacy
from small_corpora import write_categories, write_corpus, write_ruler
from spacy.language import Language
from spacy.tokens import Doc

from spanwright.errors import SpanwrightError
from spanwright.evaluation.comparison import compare_pipelines
from spanwright.evaluation.evaluate import evaluate_pipeline

TEXTS = [("acme and bolt", [(0, 1, "ORG"), (2, 3, "ORG")])] * 8 + [
    ("bolt", [(0, 1, "ORG")]),
    ("acme", []),
    ("hello", []),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_corpus(tmp_path / "dev.spacy", *TEXTS)


@pytest.fixture
def worse(tmp_path: Path) -> Path:
    return write_ruler(tmp_path / "worse", acme="ORG")


@pytest.fixture
def better(tmp_path: Path) -> Path:
    return write_ruler(tmp_path / "better", acme="ORG", bolt="ORG")


def test_a_difference_has_an_interval_and_a_p_value(worse: Path, better: Path, data: Path) -> None:
    comparison = compare_pipelines(worse, better, data, resamples=500)
    rows = {row["measure"]: row for row in comparison["measures"]}
    for name, row in rows.items():
        assert row["difference"] == pytest.approx(row["b"]["value"] - row["a"]["value"]), name
        assert row["interval"][0] <= row["difference"] <= row["interval"][1]
    assert rows["entities.micro.r"]["difference"] == pytest.approx(9 / 17)
    assert rows["entities.micro.r"]["p_value"] < 0.02
    assert rows["entities.labels.ORG.f"]["interval"][0] > 0
    for side, path in (("a", worse), ("b", better)):
        entities = evaluate_pipeline(path, data, resamples=500)["entities"]
        assert rows["entities.micro.f"][side]["value"] == pytest.approx(entities["micro"]["f"])
        assert rows["entities.micro.f"][side]["interval"] == pytest.approx(entities["micro"]["intervals"]["f"])
    json.dumps(comparison, allow_nan=False)


def test_a_pipeline_does_not_differ_from_itself(better: Path, data: Path) -> None:
    comparison = compare_pipelines(better, better, data, resamples=100)
    assert comparison["differing"] == 0
    assert comparison["texts"] == []
    assert {(row["difference"], row["p_value"]) for row in comparison["measures"]} == {(0.0, 1.0)}


def test_texts_that_differ_most_come_first(worse: Path, tmp_path: Path) -> None:
    other = write_ruler(tmp_path / "other", bolt="ORG")
    data = write_corpus(
        tmp_path / "few.spacy", ("acme bolt", [(0, 1, "ORG")]), ("acme", []), ("x", []), ("bolt bolt", [])
    )
    comparison = compare_pipelines(worse, other, data, top=2, resamples=100)
    assert comparison["differing"] == 3
    assert [(text["document"], text["a"]["errors"], text["b"]["errors"]) for text in comparison["texts"]] == [
        (1, 0, 2),
        (4, 0, 2),
    ]
    assert comparison["texts"][0]["gold"] == [{"label": "ORG", "text": "acme"}]
    assert comparison["texts"][0]["a"]["found"] == [{"label": "ORG", "text": "acme", "start": 0, "right": True}]
    assert compare_pipelines(worse, other, data, top=0, resamples=100)["texts"] == []


@Language.factory("test_decider", assigns=["doc.cats"], default_config={"word": "", "labels": None})
class Decider:
    """Gives the category "good" to texts with a word."""

    def __init__(self, nlp: Language, name: str, word: str, labels: list[str] | None) -> None:
        self.word = word
        # not in the order of the alphabet, nor the same in two pipelines
        self.labels = labels or (("good", "bad") if word == "day" else ("bad", "good"))
        self.cfg = {"exclusive": True}

    def __call__(self, doc: Doc) -> Doc:
        is_good = float(self.word in doc.text)
        doc.cats = {"good": is_good, "bad": 1 - is_good, **dict.fromkeys(self.labels[2:], 0.0)}
        return doc


def write_decider(path: Path, word: str) -> Path:
    nlp = spacy.blank("xx")
    nlp.add_pipe("test_decider", config={"word": word}, name="textcat")
    nlp.to_disk(path)
    return path


def test_categories_are_paired_by_document(tmp_path: Path) -> None:
    good, bad = {"good": 1.0, "bad": 0.0}, {"good": 0.0, "bad": 1.0}
    data = write_categories(tmp_path / "dev.spacy", *[("nice day", good)] * 6, *[("sad day", bad)] * 2)
    a, b = write_decider(tmp_path / "a", "day"), write_decider(tmp_path / "b", "nice")
    comparison = compare_pipelines(a, b, data, resamples=100)
    [row] = [row for row in comparison["measures"] if row["measure"] == "categories.textcat.accuracy"]
    assert (row["a"]["value"], row["b"]["value"], row["difference"]) == (0.75, 1.0, 0.25)
    values = {row["measure"]: (row["a"]["value"], row["b"]["value"]) for row in comparison["measures"]}
    assert values["categories.textcat.labels.bad.r"] == (0.0, 1.0)
    assert values["categories.textcat.labels.good.p"] == (0.75, 1.0)
    assert [text["document"] for text in comparison["texts"]] == [7, 8]
    assert comparison["texts"][0]["b"] == {"errors": 0, "found": [{"label": "bad", "right": True}]}


def test_scores_on_other_documents_are_not_compared(tmp_path: Path) -> None:
    """A knows no "y", so that a text of which the gold label is "x" or "y" counts as missed; B's other component knows it."""
    cats = ({"x": 1.0}, {"x": 1.0, "y": 1.0}, {"good": 1.0, "bad": 0.0})
    data = write_categories(tmp_path / "dev.spacy", *(("a day", gold) for gold in cats))
    a, b = write_decider(tmp_path / "a", "day"), write_decider(tmp_path / "b", "day")
    nlp = spacy.load(b)
    nlp.add_pipe("test_decider", config={"labels": ["good", "bad", "y"]}, name="other", first=True)
    nlp.to_disk(b)
    with pytest.raises(SpanwrightError, match=r"S607.*categories\.textcat is scored on \d documents by A"):
        compare_pipelines(a, b, data)


def test_what_cannot_be_compared_is_refused(better: Path, data: Path, tmp_path: Path) -> None:
    decider = write_decider(tmp_path / "decider", "x")
    with pytest.raises(SpanwrightError, match=r"S602.*finds no entities"):
        compare_pipelines(better, decider, data)
    with pytest.raises(SpanwrightError, match=r"S601"):
        compare_pipelines(better, better, write_corpus(tmp_path / "empty.spacy"))
    with pytest.raises(SpanwrightError, match=r"S001.*absent"):
        compare_pipelines(better, tmp_path / "absent", data)
