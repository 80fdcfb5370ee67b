"""What is learnt from the development data after training."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy import util
from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

from small_training import training_config
from spanwright.calibration import calibrate_pipeline, make_calibrate
from spanwright.errors import SpanwrightError

TEXTS = ["one text", "", "another text"]


class Calibrated:
    """A component that is calibrated to the number of sentences that it was shown."""

    def __init__(self, nlp: Language, name: str, fails: bool) -> None:
        self.cfg = {"seen": 0}
        self.fails = fails

    def __call__(self, doc: Doc) -> Doc:
        doc.user_data["calibrated"] = self.cfg["seen"]
        return doc

    def calibrate(self, examples: Iterable[Example]) -> dict[str, Any]:
        if self.fails:
            raise SpanwrightError("[S999] nothing to learn from")
        docs = [example.predicted for example in examples]
        assert all(doc.has_annotation("SENT_START") for doc in docs if len(doc))
        assert not any("calibrated" in doc.user_data for doc in docs)
        self.cfg["seen"] = sum(len(list(doc.sents)) for doc in docs)
        return self.cfg

    def to_disk(self, path: Path, exclude: Iterable[str] = ()) -> None:
        path.write_text(str(self.cfg["seen"]))

    def from_disk(self, path: Path, exclude: Iterable[str] = ()) -> None:
        self.cfg["seen"] = int(path.read_text())


@pytest.fixture(scope="module")
def make_nlp():
    Language.factory("calibrated_for_test", default_config={"fails": False}, func=Calibrated)

    def make(*, fails: bool = False) -> Language:
        nlp = spacy.blank("en")
        nlp.add_pipe("sentencizer")
        nlp.add_pipe("calibrated_for_test", name="first", config={"fails": fails})
        return nlp

    return make


def make_review(text: str) -> Doc:
    doc = spacy.blank("en")(text)
    doc.cats = {"pos": float("fine" in text), "neg": float("dull" in text)}
    return doc


def make_examples(nlp: Language) -> list[Example]:
    return [Example(nlp.make_doc(text), nlp.make_doc(text)) for text in TEXTS]


def test_a_pipeline_is_calibrated_before_it_is_saved(make_nlp, tmp_path: Path) -> None:
    nlp = make_nlp()
    calibrated = make_calibrate(make_examples)(nlp)
    calibrated.to_disk(tmp_path)
    assert spacy.load(tmp_path).get_pipe("first").cfg == {"seen": 2}
    assert [doc.user_data["calibrated"] for doc in calibrated.pipe(TEXTS)] == [2, 2, 2]


def test_a_pipeline_in_training_keeps_its_settings(make_nlp) -> None:
    nlp = make_nlp()
    assert make_calibrate(make_examples)(nlp).get_pipe("first").cfg == {"seen": 2}
    assert nlp.get_pipe("first").cfg == {"seen": 0}
    assert nlp("one text").user_data["calibrated"] == 0


def test_frozen_components_stay_as_they_are(make_nlp) -> None:
    nlp = make_nlp()
    nlp.config["training"]["frozen_components"] = ["first"]
    assert make_calibrate(make_examples)(nlp).get_pipe("first").cfg == {"seen": 0}


def test_spacys_loop_saves_calibrated_pipelines_and_evaluates_plain_ones(tmp_path: Path) -> None:
    reviews = DocBin()
    for text in ("a fine film", "a dull film") * 4:
        reviews.add(make_review(text))
    reviews.to_disk(tmp_path / "reviews.spacy")
    config = training_config(
        "textcat",
        factory="text_classifier",
        architecture="TextClassifier",
        corpus=tmp_path / "reviews.spacy",
        max_steps=4,
        eval_frequency=2,
    )
    config = util.load_model_from_config(config, auto_fill=True).config
    nlp, path = train(init_nlp(config), tmp_path, stdout=StringIO(), stderr=StringIO())
    saved = spacy.load(path).get_pipe("textcat").cfg
    assert saved["temperature"] != 1.0
    assert nlp.get_pipe("textcat").cfg == saved | {"temperature": 1.0}


def test_what_cannot_be_calibrated_is_told_and_left_alone(make_nlp) -> None:
    nlp = make_nlp(fails=True)
    with pytest.warns(UserWarning, match="S999"):
        assert calibrate_pipeline(nlp, lambda: make_examples(nlp)) == {}
    assert nlp.get_pipe("first").cfg == {"seen": 0}


def test_each_component_sees_what_those_before_it_found(make_nlp) -> None:
    nlp = make_nlp()
    nlp.add_pipe("calibrated_for_test", name="last", config={"fails": True})
    passes = []

    def get_examples() -> list[Example]:
        passes.append(nlp)
        return make_examples(nlp)

    with pytest.warns(UserWarning, match="S999"):
        assert calibrate_pipeline(nlp, get_examples) == {"first": {"seen": 2}}
    assert len(passes) == 2


def test_a_pipeline_without_such_components() -> None:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    assert calibrate_pipeline(nlp, list) == {}
