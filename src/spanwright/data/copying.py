"""`.spacy` corpora among the inputs of `convert`: read through, counted, and copied as they are."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from spanwright.data.duplicates import MOST_RECORDS, Place, text_key
from spanwright.data.ledger import Ledger
from spanwright.data.texts import ANSWERS

if TYPE_CHECKING:
    from spacy.tokens import Doc


def is_corpus(path: Path) -> bool:
    """Whether this is a `.spacy` file, or a folder of such shards."""
    return any(path.rglob("*.spacy")) if path.is_dir() else path.suffix == ".spacy"


def copy_corpus(source: Path, target: Path, ledger: Ledger) -> dict[int, Place]:
    """Copy a corpus with all that its Docs hold; return the place of each text, by its key.

    RAISES (SpanwrightError): A file that is no DocBin.
    """
    # importing spaCy takes seconds, which other formats may not need
    from spanwright.data.exporting.docs import read_docs

    texts: dict[int, Place] = {}
    for number, doc in enumerate(read_docs(source), start=1):
        if len(texts) < MOST_RECORDS:
            texts.setdefault(text_key(doc.text), Place(str(source), number))
        ledger.records.read += 1
        ledger.records.written += 1
        for label in _labels_of(doc):
            account = ledger.label(label)
            account.read += 1
            account.written += 1
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copyfile(source, target)
    return texts


def _labels_of(doc: Doc) -> Iterator[str]:
    yield from (ent.label_ for ent in doc.ents)
    yield from doc.cats
    for name, group in doc.spans.items():
        yield from ("answer" if name == ANSWERS else span.label_ or name for span in group)
