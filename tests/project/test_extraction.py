"""What two environments compare."""

from __future__ import annotations

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spanwright.project.extraction import extract
from spanwright.project.smoke import agree


def test_entities_categories_and_answers() -> None:
    @Language.component("extract_of_the_test")
    def find(doc: Doc) -> Doc:
        doc.set_ents([Span(doc, 0, 1, label="WHO")] if not doc._.question else [])
        doc.cats = {"short": 1 / 3}
        doc.spans["answers"] = []
        record = [doc._.question, "Ada", 0, 3, 0.9, 0.1, doc._.question == "Who?"]
        doc.spans["answers"].attrs["records"] = [record] if doc._.question else []
        return doc

    nlp = spacy.blank("en")
    nlp.add_pipe("extract_of_the_test")
    nothing, cats = {"entities": [], "answers": {}}, {"categories": {"short": 1 / 3}}
    assert extract(nlp, [("Ada pays", None), ("Ada pays", "Who?"), ("Ada pays", "Why?")]) == [
        {**nothing, **cats, "entities": [[0, 3, "WHO", None]]},
        {**nothing, **cats, "answers": {"Who?": ["Ada", 0.9]}},
        {**nothing, **cats, "answers": {"Why?": ["", 0.9]}},
    ]


@pytest.mark.parametrize(
    ("found", "expected", "is_same"),
    [
        ([{"a": [0, "x", 0.5]}], [{"a": [0, "x", 0.500009]}], True),
        ([{"a": [0, "x", 0.5]}], [{"a": [0, "x", 0.50002]}], False),
        ([{"a": [0, "x", None]}], [{"a": [0, "x", 0.5]}], False),
        ([{"a": 1}], [{"b": 1}], False),
        ([[1, 2]], [[1]], False),
        ("x", "y", False),
        ([], [], True),
    ],
)
def test_scores_agree_within_a_tolerance(found: object, expected: object, is_same: bool) -> None:
    assert agree(found, expected) is is_same
