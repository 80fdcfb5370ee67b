"""Pipelines as pickles, which is how processes that are spawned get them."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Span
from spacy.training import Example

TEXT = "Anna lives in Rome ."
USE = """
import pickle, sys
nlp = pickle.load(open(sys.argv[1], "rb"))
(doc,) = nlp.pipe([sys.argv[2]])
print(len(doc.ents), doc._.labels, sorted(doc.cats), doc._.ask("Who?").question)
"""


@pytest.fixture
def nlp(tiny_encoder: Path) -> Language:
    tok2vec = {
        "@architectures": "spanwright.TransformerTok2Vec.v1",
        "transformer": {"@architectures": "spanwright.Transformer.v1", "name": str(tiny_encoder)},
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    nlp = spacy.blank("en")
    nlp.add_pipe("bio_ner", config={"model": {"@architectures": "spanwright.BioNer.v1", "tok2vec": tok2vec}})
    nlp.add_pipe(
        "text_classifier", config={"model": {"@architectures": "spanwright.TextClassifier.v1", "tok2vec": tok2vec}}
    )
    nlp.add_pipe(
        "extractive_qa",
        config={"model": {"name": str(tiny_encoder), "window": None}, "questions": {"who": "Who lives in Rome?"}},
    )
    gold = nlp.make_doc(TEXT)
    gold.set_ents([Span(gold, 0, 1, label="PER")])
    gold.cats = {"a": 1.0, "b": 0.0}
    gold._.question = "Who?"
    nlp.initialize(lambda: [Example(nlp.make_doc(TEXT), gold)])
    return nlp


def test_a_pickled_pipeline_works_in_a_process_of_its_own(nlp: Language, tmp_path: Path) -> None:
    (doc,) = nlp.pipe([TEXT])
    doc._.ask("Who?")  # what is kept of contexts and questions is there too
    (tmp_path / "nlp.pickle").write_bytes(pickle.dumps(nlp))
    command = [sys.executable, "-c", USE, str(tmp_path / "nlp.pickle"), TEXT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == f"{len(doc.ents)} {doc._.labels} ['a', 'b'] Who?"
