"""What a pipeline finds in texts, as plain data that two environments can compare."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from spacy.language import Language

from spanwright.ner.component import CONFIDENCE
from spanwright.qa.answers import read_answers
from spanwright.qa.corpus import register_extensions
from spanwright.qa.scorer import given_text


def extract(nlp: Language, texts: Iterable[tuple[str, str | None]]) -> list[dict[str, Any]]:
    """Return what `nlp` finds in each of `texts`, a text and perhaps a question on it:

    `{"entities": [[start_char, end_char, label, confidence]], "categories": {label: score}, "answers": {key: [text, score]}}`.
    The confidence is None where the pipeline gives none; a question without an answer has the text "".
    """
    register_extensions()
    docs = []
    for text, question in texts:
        doc = nlp.make_doc(text)
        doc._.question = question
        docs.append(doc)
    return [
        {
            "entities": [[ent.start_char, ent.end_char, ent.label_, ent._.get(CONFIDENCE)] for ent in doc.ents],
            "categories": dict(doc.cats),
            "answers": {key: [given_text(answer), answer.score] for key, answer in read_answers(doc).items()},
        }
        for doc in nlp.pipe(docs)
    ]
