"""Runs of small pipelines."""

from __future__ import annotations

from pathlib import Path

import pytest
import spacy
from page_reader import Page
from small_runs import HEBREW, LONG, SCRIPT, TEXTS, RunFolder, ruler
from spacy.training import Example

from spanwright.evaluation.report.collect import Run
from spanwright.evaluation.report.html import html
from spanwright.evaluation.report.sections import sections


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path)


@pytest.fixture(scope="session")
def hostile_folder(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """Entities missed, spurious and confused, with labels and texts that try to break out of a page."""
    made = RunFolder(tmp_path_factory.mktemp("hostile"))
    made.evaluate(ruler(ann="PERSON", of=HEBREW, acme="DATE", may="DATE", saw=LONG), TEXTS)
    return made


@pytest.fixture(scope="session")
def hostile(hostile_folder: RunFolder) -> Run:
    return hostile_folder.collect()


@pytest.fixture(scope="session")
def hostile_page(hostile: Run) -> Page:
    return Page(html(f"a run {SCRIPT}", sections(hostile)))


@pytest.fixture(scope="session")
def categories(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A pipeline without entities."""
    nlp = spacy.blank("en")
    bag_of_words = {"@architectures": "spacy.TextCatBOW.v3", "length": 64, "exclusive_classes": True, "ngram_size": 1}
    nlp.add_pipe("textcat", config={"model": {**bag_of_words, "no_output_layer": False}})
    docs = [nlp.make_doc(text) for text in ("good work", "bad work", "good pay")]
    for doc in docs:
        doc.cats = {"good": float("good" in doc.text), "bad": float("bad" in doc.text)}
    nlp.initialize(lambda: [Example(nlp.make_doc(doc.text), doc) for doc in docs])
    return RunFolder(tmp_path_factory.mktemp("categories")).evaluate(nlp, docs=docs)


@pytest.fixture(scope="session")
def categories_page(categories: Run) -> Page:
    return Page(html("a run", sections(categories)))
