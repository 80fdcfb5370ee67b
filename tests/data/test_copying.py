"""`.spacy` corpora as inputs of convert."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spanwright.data.convert import ConvertSettings, convert
from spanwright.data.readers.formats import ReadOptions
from spanwright.data.readers.layout import ColumnOptions
from spanwright.errors import SpanwrightError


def make_doc(*words: str) -> Doc:
    doc = Doc(Vocab(), words=words, sent_starts=[True] + [False] * (len(words) - 1))
    doc.set_ents([Span(doc, 0, 1, "PER")])
    doc.cats = {"news": 1.0, "sport": 0.0}
    doc.spans["sc"] = [Span(doc, 0, 1, "A"), Span(doc, 1, 2)]
    doc.spans["answers"] = [Span(doc, 1, 2, "answers")]
    doc.user_data["meta"] = {"by": "ann"}
    return doc


def save(path: Path, *docs: Doc) -> Path:
    path.parent.mkdir(exist_ok=True)
    DocBin(attrs=["ORTH", "SENT_START", "ENT_IOB", "ENT_TYPE"], store_user_data=True, docs=docs).to_disk(path)
    return path


def test_a_corpus_is_copied_and_counted(tmp_path):
    source = save(tmp_path / "all.spacy", make_doc("Ann", "left"), make_doc("Bob", "came"))
    (result,) = convert([source], tmp_path / "out", ConvertSettings(name="train"))
    assert (tmp_path / "out" / "train.spacy").read_bytes() == source.read_bytes()
    assert result.docs == {tmp_path / "out" / "train.spacy": 2}
    ledger = json.loads((tmp_path / "out" / "train.ledger.json").read_text("utf-8"))
    assert ledger["records"] == {"read": 2, "written": 2, "repaired": 0, "dropped": {}}
    assert {name: account["written"] for name, account in ledger["annotations"].items()} == {
        "A": 2,
        "PER": 2,
        "answer": 2,
        "news": 2,
        "sc": 2,
        "sport": 2,
    }


def test_shards_are_copied_as_a_folder(tmp_path):
    for name in ("000", "001"):
        save(tmp_path / "all.spacy" / f"{name}.spacy", make_doc("Ann", "left"))
    (result,) = convert([tmp_path / "all.spacy"], tmp_path / "out", ConvertSettings())
    assert result.docs == {tmp_path / "out" / "all.spacy": 2}
    assert sorted(path.name for path in (tmp_path / "out" / "all.spacy").iterdir()) == ["000.spacy", "001.spacy"]


def test_a_corpus_can_take_its_own_place(tmp_path):
    source = save(tmp_path / "train.spacy", make_doc("Ann", "left"))
    before = source.read_bytes()
    convert([source], tmp_path, ConvertSettings(force=True))
    assert source.read_bytes() == before


def test_a_damaged_corpus_is_refused_and_nothing_written(tmp_path):
    source = save(tmp_path / "all.spacy", make_doc("Ann", "left"))
    source.write_bytes(source.read_bytes()[:-20])
    with pytest.raises(SpanwrightError, match=r"S028.*all\.spacy"):
        convert([source], tmp_path / "out", ConvertSettings())
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        (ConvertSettings(split=(80, 20)), "--split"),
        (ConvertSettings(dedupe=True), "--dedupe"),
        (ConvertSettings(alignment="expand"), "--expand"),
        (ConvertSettings(ReadOptions(task="ner")), "--task"),
        (ConvertSettings(ReadOptions(strip_html=True)), "--strip-html"),
        (ConvertSettings(ReadOptions(columns=ColumnOptions(docs="document"))), "--docs"),
        (ConvertSettings(ReadOptions(columns=ColumnOptions(label_pattern="A"))), "--label-pattern"),
    ],
)
def test_options_that_would_change_it_are_refused(tmp_path, settings, option):
    source = save(tmp_path / "all.spacy", make_doc("Ann", "left"))
    with pytest.raises(SpanwrightError, match=rf"S135.*all\.spacy.*{option} cannot"):
        convert([source], tmp_path / "out", settings)
