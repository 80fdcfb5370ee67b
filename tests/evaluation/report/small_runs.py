"""Small pipelines, and folders with their runs, evaluated as scripts/evaluate.py does."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span

from spanwright.evaluation.evaluate import evaluate_pipeline
from spanwright.evaluation.report.collect import Run, Sources, collect

Text = tuple[str, list[tuple[int, int, str]]]

SCRIPT = "<script>alert(\"x\")</script> & 'y' | `z` {{ 7*7 }} $\\frac$"
HEBREW = "שלום"
LONG = "x" * 10_000
TEXTS: list[Text] = [
    (
        f"ann of acme met {HEBREW} and saw {LONG} there",
        [(0, 1, "PERSON"), (2, 3, SCRIPT), (4, 5, HEBREW), (7, 8, LONG)],
    ),
    ("ann in may", [(0, 1, "PERSON"), (2, 3, "DATE")]),
    ('<b>bob</b> "met" ann', [(0, 1, "PERSON")]),
]


class RunFolder:
    """A folder with a pipeline, a corpus and what evaluating wrote."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.pipeline = folder / "training" / "model-best"
        self.metrics = folder / "metrics" / "evaluation.json"
        self.errors = folder / "metrics" / "errors.jsonl"

    def evaluate(self, nlp: Language, texts: Sequence[Text] = (), docs: Sequence[Doc] = ()) -> Run:
        """Evaluate `nlp` on Docs of words with entities (start, end, label), or on `docs`, and collect what a report needs."""
        self.pipeline.parent.mkdir(exist_ok=True)
        nlp.to_disk(self.pipeline)
        corpus = self.folder / "dev.spacy"
        DocBin(docs=[*map(annotated, texts), *docs], store_user_data=True).to_disk(corpus)
        self.metrics.parent.mkdir(exist_ok=True)
        found = evaluate_pipeline(self.pipeline, corpus, train=corpus, errors=self.errors, resamples=20)
        self.metrics.write_text(json.dumps(found), "utf-8")
        return self.collect()

    def collect(self, **sources: Path) -> Run:
        return collect(self.pipeline, self.metrics, Sources(errors=self.errors, **sources))


def annotated(text: Text) -> Doc:
    words, entities = text
    doc = Doc(spacy.blank("en").vocab, words=words.split(" "))
    doc.set_ents([Span(doc, *entity) for entity in entities], default="outside")
    return doc


def ruler(**labels: str) -> Language:
    """A pipeline that knows words by heart."""
    nlp = spacy.blank("en")
    patterns = [{"label": label, "pattern": word} for word, label in labels.items()]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    return nlp
