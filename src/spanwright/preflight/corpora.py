"""Training and development corpora: readable, annotated, with the same labels and without a text in both."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin
from spacy.training.corpus import FILE_TYPE, walk_corpus
from spacy.vocab import Vocab

from spanwright.data.exporting.docs import question_of
from spanwright.errors import Errors
from spanwright.preflight.findings import Finding, error, warning

# Fewer documents than this seldom teach a pipeline anything
FEW_DOCS = 20
SHOWN_CHARACTERS = 60
SHOWN_LABELS = 10

Labels = Callable[[Doc], set[str]]


@dataclass
class Contents:
    """What a corpus holds: its texts, each after its question, with white space folded, and per kind of annotation the labels
    in use.
    """

    path: Path
    texts: list[str] = field(default_factory=list)
    labels: dict[str, set[str]] = field(default_factory=dict)


def entity_labels(doc: Doc) -> set[str]:
    """The labels of the doc's entities."""
    return {entity.label_ for entity in doc.ents}


def category_labels(doc: Doc) -> set[str]:
    """The categories that hold for the doc, if only in part."""
    return {label for label, value in doc.cats.items() if value > 0}


def question_labels(doc: Doc) -> set[str]:
    """One label for every doc with a question: answers have none of their own."""
    return {"question"} if (question_of(doc) or "").strip() else set()


def span_labels(key: str) -> Labels:
    """Return a function that gives the labels of the spans under `key`."""
    return lambda doc: {span.label_ for span in doc.spans.get(key, [])}


# What a component of each factory learns from: the kind of annotation and how to read its labels off a doc
ANNOTATION: Mapping[str, tuple[str, Labels]] = {
    "ner": ("entities", entity_labels),
    "beam_ner": ("entities", entity_labels),
    "bio_ner": ("entities", entity_labels),
    "textcat": ("categories", category_labels),
    "textcat_multilabel": ("categories", category_labels),
    "text_classifier": ("categories", category_labels),
    "text_classifier_multilabel": ("categories", category_labels),
    "extractive_qa": ("questions", question_labels),
}


def needed_annotation(config: Mapping[str, Any]) -> dict[str, Labels]:
    """Return the kinds of annotation that a filled config's pipeline learns from, each with its reader of labels: of those in
    [initialize.components], where all components of the kind have theirs listed there.
    """
    needed: dict[str, Labels] = {}
    listed: dict[str, set[str] | None] = {}
    for name in config["nlp"]["pipeline"]:
        if name in config["training"]["frozen_components"]:
            continue
        component = config["components"][name]
        # A sourced component has no factory here
        factory = component.get("factory")
        if factory in ANNOTATION:
            kind, needed[kind] = ANNOTATION[factory]
            own, others = _listed_labels(config, name), listed.get(kind, set())
            listed[kind] = None if own is None or others is None else others | own
        elif factory == "spancat":
            key = component["spans_key"]
            needed[f"spans under '{key}'"] = span_labels(key)
    return needed | {kind: _among(needed[kind], labels) for kind, labels in listed.items() if labels is not None}


def _listed_labels(config: Mapping[str, Any], name: str) -> set[str] | None:
    labels = config.get("initialize", {}).get("components", {}).get(name, {}).get("labels")
    return set(labels) if isinstance(labels, list | tuple) else None


def _among(labels: Labels, listed: set[str]) -> Labels:
    return lambda doc: labels(doc) & listed


def check_corpora(train: Path, dev: Path, needed: Mapping[str, Labels]) -> list[Finding]:
    """Find what training would fail on, or be misled by, in two corpora: `.spacy` files or folders of them."""
    findings: list[Finding] = []
    contents: dict[str, Contents] = {}
    for role, path in (("train", train), ("dev", dev)):
        try:
            contents[role] = read_corpus(path, needed)
        except CorpusError as reason:
            findings.append(error(str(reason)))
            continue
        findings += _unannotated(contents[role])
    if "train" in contents and len(contents["train"].texts) < FEW_DOCS:
        findings.append(warning(Errors.S034.format(path=train, count=len(contents["train"].texts), few=FEW_DOCS)))
    if len(contents) == 2:
        findings += _label_differences(contents["train"], contents["dev"])
        findings += _overlap(contents["train"], contents["dev"])
    return findings


class CorpusError(ValueError):
    """A corpus that cannot be read at all, with a formatted message."""


def read_corpus(path: Path, needed: Mapping[str, Labels]) -> Contents:
    """Read what spaCy would train on from a `.spacy` file or a folder of them. Raises CorpusError."""
    contents = Contents(path, labels={kind: set() for kind in needed})
    for doc in read_docs(path):
        contents.texts.append(" ".join(f"{question_of(doc) or ''} {doc.text}".split()))
        for kind, labels in needed.items():
            contents.labels[kind] |= labels(doc)
    if not contents.texts:
        raise CorpusError(Errors.S029.format(path=path))
    return contents


def read_docs(path: Path) -> Iterator[Doc]:
    """Yield the Docs of a `.spacy` file or a folder of them, without empty ones, as spaCy does. Raises CorpusError."""
    vocab = Vocab()
    for shard in _shards(path):
        yield from filter(len, _docs(shard, vocab))


def _shards(path: Path) -> list[Path]:
    if not path.exists():
        raise CorpusError(Errors.S001.format(path=path))
    with warnings.catch_warnings():
        # spaCy only warns of a corpus without files
        warnings.simplefilter("ignore")
        shards = walk_corpus(path, FILE_TYPE)
    if not shards:
        raise CorpusError(Errors.S027.format(path=path))
    return shards


def _docs(shard: Path, vocab: Vocab) -> Iterator[Doc]:
    try:
        yield from DocBin().from_disk(shard).get_docs(vocab)
    # A file that is no DocBin fails wherever its bytes first make no sense
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ZeroDivisionError) as reason:
        raise CorpusError(Errors.S028.format(path=shard, reason=reason)) from None


def _unannotated(corpus: Contents) -> Iterator[Finding]:
    for kind, labels in corpus.labels.items():
        if not labels:
            yield error(Errors.S030.format(path=corpus.path, kind=kind, count=len(corpus.texts)))


def _label_differences(train: Contents, dev: Contents) -> Iterator[Finding]:
    for kind in train.labels:
        in_train, in_dev = train.labels[kind], dev.labels[kind]
        if not (in_train and in_dev):
            # One of the two is without annotation, which is a finding already
            continue
        if only_dev := in_dev - in_train:
            yield error(Errors.S031.format(dev=dev.path, train=train.path, kind=kind, labels=_listed(only_dev)))
        if only_train := in_train - in_dev:
            yield warning(Errors.S032.format(dev=dev.path, train=train.path, kind=kind, labels=_listed(only_train)))


def _overlap(train: Contents, dev: Contents) -> Iterator[Finding]:
    in_train = set(train.texts)
    shared = [text for text in dev.texts if text in in_train]
    if not shared:
        return
    if len(shared) == len(dev.texts):
        yield error(Errors.S035.format(dev=dev.path, train=train.path, count=len(shared)))
        return
    example = shared[0] if len(shared[0]) <= SHOWN_CHARACTERS else f"{shared[0][:SHOWN_CHARACTERS]}…"
    found = {"count": len(shared), "total": len(dev.texts), "example": example}
    yield warning(Errors.S033.format(dev=dev.path, train=train.path, **found))


def _listed(labels: set[str]) -> str:
    shown = sorted(labels)[:SHOWN_LABELS]
    rest = len(labels) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")
