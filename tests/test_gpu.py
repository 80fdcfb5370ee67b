"""Between a GPU and the CPU: skipped where torch or cupy sees no GPU."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example
from thinc.api import require_cpu, require_gpu

from spanwright.optimizer import build_adamw
from spanwright.preflight.variables import visible_gpus
from spanwright.project.extraction import extract
from spanwright.project.smoke import agree

pytestmark = pytest.mark.skipif(not all(visible_gpus().values()), reason="torch or cupy sees no GPU")
TEXTS: list[tuple[str, str | None]] = [("you and the data of ten years", "how many years"), ("a degree in data", None)]


@contextmanager
def device(name: str) -> Iterator[None]:
    (require_gpu if name == "gpu" else require_cpu)()
    try:
        yield
    finally:
        require_cpu()


def make_pipeline(encoder: Path, precision: str) -> Language:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    settings = {"name": str(encoder), "precision": precision}
    nlp.add_pipe("transformer", config={"model": {"@architectures": "spanwright.Transformer.v1", **settings}})
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    for factory, name in (("bio_ner", "BioNer"), ("text_classifier_multilabel", "TextClassifier")):
        nlp.add_pipe(factory, config={"model": {"@architectures": f"spanwright.{name}.v1", "tok2vec": listener}})
    questions = {"@architectures": "spanwright.QuestionAnswering.v1", "window": None, **settings}
    nlp.add_pipe("extractive_qa", config={"model": questions})
    return nlp


def make_examples(nlp: Language) -> list[Example]:
    examples = []
    for text, question in TEXTS:
        doc = nlp.make_doc(text)
        reference = doc.copy()
        reference.set_ents([Span(reference, len(doc) - 1, len(doc), "WORD")])
        reference.cats = {"question": float(question is not None), "other": float(question is None)}
        reference._.question = question or "what degree"
        reference.spans["answers"] = [Span(reference, len(doc) - 2, len(doc), "answers")]
        examples.append(Example(doc, reference))
    return examples


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_training_on_a_gpu(tiny_encoder: Path, precision: str) -> None:
    with device("gpu"):
        nlp = make_pipeline(tiny_encoder, precision)
        examples = make_examples(nlp)
        nlp.initialize(lambda: examples)
        optimizer = build_adamw(0.003)
        losses = [nlp.update(examples, sgd=optimizer) for _ in range(30)]
    for name, first in losses[0].items():
        if name != "transformer":
            assert np.isfinite(losses[-1][name]) and losses[-1][name] < first, name


def test_threads_that_chose_no_device_predict_the_same(tiny_encoder: Path) -> None:
    with device("gpu"):
        nlp = make_pipeline(tiny_encoder, "fp32")
        nlp.initialize(lambda: make_examples(nlp))
        expected = extract(nlp, TEXTS)
        with ThreadPoolExecutor(1) as thread:
            assert agree(thread.submit(extract, nlp, TEXTS).result(), expected, tolerance=1e-5)


@pytest.mark.parametrize(("trained_on", "loaded_on"), [("gpu", "cpu"), ("cpu", "gpu")])
def test_a_pipeline_saved_on_one_device_finds_the_same_on_the_other(
    tiny_encoder: Path, tmp_path: Path, trained_on: str, loaded_on: str
) -> None:
    with device(trained_on):
        nlp = make_pipeline(tiny_encoder, "fp32")
        examples = make_examples(nlp)
        nlp.initialize(lambda: examples)
        for _ in range(10):
            nlp.update(examples, sgd=build_adamw(0.003))
        expected = extract(nlp, TEXTS)
        nlp.to_disk(tmp_path)
    with device(loaded_on):
        found = extract(spacy.load(tmp_path), TEXTS)
    assert agree(found, expected, tolerance=1e-3)
