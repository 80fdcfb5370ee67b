import zlib

import pytest
import srsly
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spanwright.preflight.corpora import (
    category_labels,
    check_corpora,
    entity_labels,
    needed_annotation,
    question_labels,
)
from spanwright.qa.corpus import register_extensions

register_extensions()
ENTITIES = {"entities": entity_labels}
TRAIN = [f"we want SKILL number {number} and TITLE" for number in range(20)]
DEV = ["a good SKILL and a TITLE"]


def test_two_good_corpora_have_no_findings(write_corpus):
    assert check_corpora(write_corpus("train.spacy", *TRAIN), write_corpus("dev.spacy", *DEV), ENTITIES) == []


def test_one_corpus_for_both_is_found(write_corpus):
    path = write_corpus("train.spacy", *TRAIN)
    (finding,) = check_corpora(path, path, ENTITIES)
    assert finding.message.startswith(f"[S035] {path}: all of its 20 texts are in {path} too")


def test_questions_on_one_text_are_different_texts(write_corpus, tmp_path):
    paths = []
    for name, questions in (("train", [f"what is number {n}?" for n in range(20)]), ("dev", ["who?"])):
        docs = DocBin(store_user_data=True)
        for question in questions:
            doc = Doc(Vocab(), words=["Ada", "pays"])
            doc._.question = question
            docs.add(doc)
        paths.append(tmp_path / f"{name}.spacy")
        docs.to_disk(paths[-1])
    needed = {"questions": question_labels}
    assert check_corpora(*paths, needed) == []
    (finding,) = check_corpora(paths[0], write_corpus("none.spacy", *DEV), needed)
    assert "none of its 1 documents has questions" in finding.message


def test_a_corpus_may_be_a_folder_of_shards(write_corpus, tmp_path):
    write_corpus("train/0.spacy", *TRAIN[:10])
    write_corpus("train/more/1.spacy", *TRAIN[10:])
    assert check_corpora(tmp_path / "train", write_corpus("dev.spacy", *DEV), ENTITIES) == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("missing.spacy", None, "S001"),
        ("empty.spacy", b"", "S028"),
        ("text.spacy", b"O\tB-SKILL\n", "S028"),
        ("dev.iob", b"", "S027"),
    ],
)
def test_a_corpus_that_cannot_be_read_is_named(write_corpus, tmp_path, name, content, code):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    (finding,) = check_corpora(write_corpus("train.spacy", *TRAIN), path, ENTITIES)
    assert finding.level == "error"
    assert finding.message.startswith(f"[{code}] {path}: ")


def test_a_truncated_corpus_is_named(write_corpus):
    dev = write_corpus("dev.spacy", *DEV)
    dev.write_bytes(dev.read_bytes()[:-20])
    (finding,) = check_corpora(write_corpus("train.spacy", *TRAIN), dev, ENTITIES)
    assert finding.message.startswith(f"[S028] {dev}: ")


@pytest.mark.parametrize("content", [[], {"attrs": [], "tokens": b"\0" * 8, "spaces": b"", "lengths": b"\1\0\0\0"}])
def test_a_damaged_corpus_is_named(write_corpus, tmp_path, content):
    # Reading them raises an AttributeError and a ZeroDivisionError
    dev = tmp_path / "dev.spacy"
    dev.write_bytes(zlib.compress(srsly.msgpack_dumps(content)))
    (finding,) = check_corpora(write_corpus("train.spacy", *TRAIN), dev, ENTITIES)
    assert finding.message.startswith(f"[S028] {dev}: ")


def test_a_folder_without_corpora_is_named(write_corpus, tmp_path):
    (tmp_path / "dev").mkdir()
    (finding,) = check_corpora(write_corpus("train.spacy", *TRAIN), tmp_path / "dev", ENTITIES)
    assert finding.message.startswith(f"[S027] {tmp_path / 'dev'}: ")


@pytest.mark.parametrize(
    ("train", "dev", "expected"),
    [
        (TRAIN, [], [("error", "S029", "no document with any text")]),
        (TRAIN, [""], [("error", "S029", "no document with any text")]),
        (TRAIN, ["nothing here"], [("error", "S030", "none of its 1 documents has entities")]),
        (["nothing"] * 20, DEV, [("error", "S030", "none of its 20 documents has entities")]),
        (TRAIN, [*DEV, "a new ROLE"], [("error", "S031", "labels that")]),
        (TRAIN, ["only SKILL"], [("warning", "S032", "TITLE")]),
        (TRAIN, [*DEV, TRAIN[3]], [("warning", "S033", "1 of its 2 texts")]),
        (TRAIN, TRAIN[:3], [("error", "S035", "all of its 3 texts")]),
        (TRAIN[:5], DEV, [("warning", "S034", "only 5 documents")]),
        (
            TRAIN[:5],
            ["a new ROLE"],
            [("warning", "S034", ""), ("error", "S031", "ROLE"), ("warning", "S032", "SKILL, TITLE")],
        ),
    ],
)
def test_what_misleads_training_is_found(write_corpus, train, dev, expected):
    findings = check_corpora(write_corpus("train.spacy", *train), write_corpus("dev.spacy", *dev), ENTITIES)
    assert [(finding.level, finding.message[1:5]) for finding in findings] == [row[:2] for row in expected]
    assert all(words in finding.message for finding, (_, _, words) in zip(findings, expected, strict=True))


def test_both_corpora_are_reported_at_once(write_corpus, tmp_path):
    findings = check_corpora(tmp_path / "a.spacy", tmp_path / "b.spacy", ENTITIES)
    assert [finding.message.split(":")[0] for finding in findings] == [
        f"[S001] {tmp_path / 'a.spacy'}",
        f"[S001] {tmp_path / 'b.spacy'}",
    ]


def test_white_space_makes_no_other_text(write_corpus):
    train = write_corpus("train.spacy", *TRAIN, "a  good SKILL  and a TITLE")
    assert [f.message[1:5] for f in check_corpora(train, write_corpus("dev.spacy", *DEV), ENTITIES)] == ["S035"]


def test_categories_that_never_hold_are_no_labels(write_corpus):
    needed = {"categories": category_labels}
    train = write_corpus("train.spacy", *TRAIN, cats={"GOOD": 1.0, "BAD": 0.0})
    (finding,) = check_corpora(train, write_corpus("dev.spacy", *DEV, cats={"GOOD": 0.0, "BAD": 1.0}), needed)[:1]
    assert (finding.level, finding.message[1:5]) == ("error", "S031")


def test_annotation_is_needed_by_what_is_trained():
    def config(factory, frozen=()):
        component = {"factory": factory, "spans_key": "sc"} if factory else {"source": "en_core_web_sm"}
        return {
            "nlp": {"pipeline": ["transformer", "head"]},
            "components": {"transformer": {"factory": "transformer"}, "head": component},
            "training": {"frozen_components": list(frozen)},
        }

    assert list(needed_annotation(config("ner"))) == ["entities"]
    assert list(needed_annotation(config("textcat_multilabel"))) == ["categories"]
    assert list(needed_annotation(config("text_classifier"))) == ["categories"]
    assert list(needed_annotation(config("extractive_qa"))) == ["questions"]
    assert list(needed_annotation(config("spancat"))) == ["spans under 'sc'"]
    assert needed_annotation(config("ner", frozen=["head"])) == {}
    assert needed_annotation(config(None)) == {}


def test_categories_that_no_component_learns_are_not_compared():
    doc = Doc(Vocab(), words=["a"])
    doc.cats = {"GOOD": 1.0, "LONG": 1.0, "NEW": 1.0}
    config = {
        "nlp": {"pipeline": ["one", "two"]},
        "components": {name: {"factory": "text_classifier_multilabel"} for name in ("one", "two")},
        "training": {"frozen_components": []},
        "initialize": {"components": {"one": {"labels": ["GOOD"]}, "two": {"labels": ["LONG"]}}},
    }
    assert needed_annotation(config)["categories"](doc) == {"GOOD", "LONG"}
    config["initialize"]["components"].pop("two")
    assert needed_annotation(config)["categories"](doc) == {"GOOD", "LONG", "NEW"}


def test_spans_are_read_under_their_key():
    doc = Doc(Vocab(), words=["a", "b"])
    doc.spans["sc"] = [doc.char_span(0, 1, label="X")]
    config = {
        "nlp": {"pipeline": ["spancat"]},
        "components": {"spancat": {"factory": "spancat", "spans_key": "sc"}},
        "training": {"frozen_components": []},
    }
    (labels,) = needed_annotation(config).values()
    assert labels(doc) == {"X"}
