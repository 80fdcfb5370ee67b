"""Kinds of errors, and the documents to look at again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spanwright.data.convert import ConvertSettings, convert
from spanwright.data.exporting.docs import read_docs
from spanwright.evaluation.entities import EntitySpan
from spanwright.evaluation.error_analysis import Case, ErrorTally, Found, cases, error_record

TEXT = "Ada Lovelace met Acme Corp in Bonn"


@pytest.fixture
def doc() -> Doc:
    doc = Doc(Vocab(), words=TEXT.split())
    doc.set_ents([Span(doc, 0, 2, label="PER"), Span(doc, 3, 5, label="ORG"), Span(doc, 6, 7, label="LOC")])
    return doc


def judged(doc: Doc, *found: tuple[int, int, str, float | None]) -> list[Case]:
    gold = [EntitySpan(ent.start, ent.end, ent.label_) for ent in doc.ents]
    spans = [(doc[start:end], label, confidence) for start, end, label, confidence in found]
    return cases(
        gold,
        [
            Found(EntitySpan(span.start, span.end, label), span.start_char, span.end_char, confidence)
            for span, label, confidence in spans
        ],
    )


@pytest.mark.parametrize(
    ("found", "kinds"),
    [
        ([], ["missed", "missed", "missed"]),
        ([(0, 2, "PER", None), (3, 5, "ORG", None), (6, 7, "LOC", None)], ["correct"] * 3),
        ([(0, 1, "PER", None), (3, 5, "LOC", None), (5, 7, "ORG", None)], ["boundary", "type", "boundary+type"]),
        ([(2, 3, "ORG", None)], ["missed", "spurious", "missed", "missed"]),
    ],
)
def test_kinds_by_hand(doc: Doc, found: list, kinds: list[str]) -> None:
    assert [case.kind for case in judged(doc, *found)] == kinds


def test_confusion_kinds_and_strings(doc: Doc) -> None:
    tally = ErrorTally()
    for _ in range(2):
        tally.add(doc, judged(doc, (0, 1, "PER", None), (2, 3, "ORG", None), (3, 5, "LOC", None)))
    section = tally.section()
    assert section["confusion"] == {
        "labels": ["LOC", "ORG", "PER"],
        "counts": [[0, 0, 0, 2], [2, 0, 0, 0], [0, 0, 2, 0], [0, 2, 0, 0]],
    }
    assert section["kinds"]["ORG"] == {
        "correct": 0,
        "boundary": 0,
        "type": 2,
        "boundary+type": 0,
        "missed": 0,
        "spurious": 2,
    }
    assert {"kind": "boundary", "gold": "PER", "predicted": "PER", "text": "Ada Lovelace", "count": 2} in section[
        "strings"
    ]
    assert {"kind": "spurious", "gold": None, "predicted": "ORG", "text": "met", "count": 2} in section["strings"]
    assert section["suspects"] is None


def test_suspects_are_confident_disagreements(doc: Doc) -> None:
    found = judged(doc, (0, 2, "PER", 0.99), (2, 3, "ORG", 0.95), (3, 5, "LOC", 0.5))
    tally = ErrorTally()
    tally.add(doc, found)
    assert tally.section()["suspects"] == 1
    record = error_record(4, doc, found, only_suspects=True)
    assert record is not None
    assert [error["kind"] for error in record["errors"]] == ["spurious"]
    assert error_record(4, doc, judged(doc, (0, 2, "PER", 0.99)), only_suspects=True) is None


def test_an_error_has_its_place_and_context(doc: Doc) -> None:
    record = error_record(4, doc, judged(doc, (0, 2, "PER", None), (4, 5, "ORG", 0.5), (6, 7, "LOC", None)))
    assert record is not None
    assert record["document"] == 4
    assert record["errors"] == [
        {
            "kind": "boundary",
            "gold": {"start": 17, "end": 26, "label": "ORG", "text": "Acme Corp"},
            "predicted": {"start": 22, "end": 26, "label": "ORG", "confidence": 0.5, "text": "Corp"},
            "left": "Ada Lovelace met ",
            "right": " in Bonn ",
        }
    ]


def test_documents_without_errors_make_no_record(doc: Doc) -> None:
    assert error_record(1, doc, judged(doc, (0, 2, "PER", None), (3, 5, "ORG", None), (6, 7, "LOC", None))) is None


def test_records_are_read_back_by_convert(doc: Doc, tmp_path: Path) -> None:
    record = error_record(1, doc, judged(doc))
    path = tmp_path / "errors.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    [converted] = convert([path], tmp_path / "out", ConvertSettings())
    [read] = read_docs(next(iter(converted.docs)))
    assert read.text == doc.text
    assert [(ent.text, ent.label_) for ent in read.ents] == [(ent.text, ent.label_) for ent in doc.ents]
