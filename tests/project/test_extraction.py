"""What two environments compare."""

from __future__ import annotations

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spanwright.project.extraction import extract


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
    nothing, cats = {"entities": [], "answers": {}}, {"categories": {"short": 0.333}}
    assert extract(nlp, [("Ada pays", None), ("Ada pays", "Who?"), ("Ada pays", "Why?")]) == [
        {**nothing, **cats, "entities": [[0, 3, "WHO"]]},
        {**nothing, **cats, "answers": {"Who?": "Ada"}},
        {**nothing, **cats, "answers": {"Why?": ""}},
    ]
