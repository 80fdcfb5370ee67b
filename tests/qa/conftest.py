"""Pipelines that answer questions with tiny encoders."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

QUESTIONS = [
    ("you need ten years of experience, and a degree", "how many years", ["ten"]),
    ("you need ten years of experience, and a degree", "what degree", []),
    ("the pay is good \U0001f600 in  Oslo\r\nor Rome", "where", ["Oslo", "Rome"]),
    ("data\tof Ann\u00e9", "of whom", ["Ann\u00e9"]),
]


@pytest.fixture(scope="session")
def make_nlp() -> Callable[..., Language]:
    def make(encoder: Path, *, model: dict | None = None, **settings) -> Language:
        """Return a pipeline that is not initialised."""
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        architecture = {"@architectures": "spanwright.QuestionAnswering.v1", "name": str(encoder), "precision": "fp32"}
        nlp.add_pipe("extractive_qa", config={"model": {**architecture, "window": None, **(model or {})}, **settings})
        return nlp

    return make


@pytest.fixture(scope="session")
def make_examples() -> Callable[..., list[Example]]:
    def make(nlp: Language, data=QUESTIONS) -> list[Example]:
        """Return examples as `spanwright.QACorpus.v1` reads them."""
        return [make_example(nlp, *row) for row in data]

    return make


def make_example(nlp: Language, context: str, question: str, answers: list[str]) -> Example:
    predicted, reference = nlp.make_doc(context), nlp.make_doc(context)
    predicted._.question = reference._.question = question
    starts = [context.index(answer) for answer in answers]
    spans = [reference.char_span(i, i + len(a)) for i, a in zip(starts, answers, strict=True)]
    reference.spans["answers"] = [Span(reference, s.start, s.end, label="answers") for s in spans]
    return Example(predicted, reference)


@pytest.fixture(scope="session")
def untrained(make_nlp, make_examples, tiny_encoder) -> Language:
    """A pipeline with random weights, which no test changes."""
    nlp = make_nlp(tiny_encoder)
    nlp.initialize(lambda: make_examples(nlp))
    return nlp
