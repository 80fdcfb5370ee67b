"""Small pipelines with a text classifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.training import Example

from small_training import TOK2VEC

Data = list[tuple[str, dict[str, float]]]


@pytest.fixture(scope="session")
def make_pipeline() -> Callable[..., Language]:
    """Return a function that builds a pipeline with one component, from settings of its model and of itself."""

    def make(factory: str = "text_classifier", *, model: dict[str, Any] | None = None, **settings: Any) -> Language:
        nlp = spacy.blank("en")
        architecture = {"@architectures": "spanwright.TextClassifier.v1", "tok2vec": TOK2VEC, **(model or {})}
        nlp.add_pipe(factory, name="textcat", config={"model": architecture, **settings})
        return nlp

    return make


@pytest.fixture(scope="session")
def make_examples() -> Callable[[Language, Data], list[Example]]:
    def make(nlp: Language, data: Data) -> list[Example]:
        return [Example.from_dict(nlp.make_doc(text), {"cats": cats}) for text, cats in data]

    return make


@pytest.fixture(scope="session")
def train(make_examples: Callable[..., list[Example]]) -> Callable[..., list[float]]:
    """Return a function that trains a pipeline on (text, cats) pairs and returns the loss of each step."""

    def run(nlp: Language, data: Data, n_steps: int = 30) -> list[float]:
        spacy.util.fix_random_seed(0)
        examples = make_examples(nlp, data)
        optimizer = nlp.initialize(lambda: examples)
        optimizer.learn_rate = 0.02
        return [nlp.update(examples, sgd=optimizer, drop=0.1)["textcat"] for _ in range(n_steps)]

    return run
