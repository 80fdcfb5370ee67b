"""Small pipelines and corpora that the tests of evaluation share."""

from __future__ import annotations

from pathlib import Path

import spacy
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

Annotated = tuple[str, list[tuple[int, int, str]]]


def write_ruler(path: Path, **labels: str) -> Path:
    """Write a pipeline that takes each word for its label: `acme="ORG"`."""
    nlp = spacy.blank("xx")  # built faster than languages with rules of their own
    patterns = [{"label": label, "pattern": word} for word, label in labels.items()]
    nlp.add_pipe("entity_ruler").add_patterns(patterns)
    nlp.to_disk(path)
    return path


def write_docs(path: Path, docs: list[Doc]) -> Path:
    DocBin(docs=docs, store_user_data=True).to_disk(path)
    return path


def write_corpus(path: Path, *annotated: Annotated) -> Path:
    """Write texts with entities as (first word, word after the last, label)."""
    vocab = Vocab()
    docs = []
    for text, spans in annotated:
        words = text.split()
        doc = Doc(vocab, words=words, spaces=[True] * (len(words) - 1) + [False])
        doc.set_ents([Span(doc, start, end, label=label) for start, end, label in spans])
        docs.append(doc)
    return write_docs(path, docs)


def write_categories(path: Path, *annotated: tuple[str, dict[str, float]]) -> Path:
    nlp = spacy.blank("xx")
    docs = [nlp.make_doc(text) for text, _ in annotated]
    for doc, (_, cats) in zip(docs, annotated, strict=True):
        doc.cats = cats
    return write_docs(path, docs)
