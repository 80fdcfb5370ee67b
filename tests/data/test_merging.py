"""Corpora of the same texts become one, and nothing is lost without being named."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import run_script
from helpers import read_corpus
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spanwright.data.merging import merge
from spanwright.errors import SpanwrightError

VOCAB = Vocab()


def make_doc(words: str, *, ents=None, cats=None, spans=None, spaces=None) -> Doc:
    """A Doc of `words`; `ents` and the values of `spans` are (start, end, label) in tokens."""
    tokens = words.split()
    doc = Doc(VOCAB, words=tokens, spaces=spaces or [True] * (len(tokens) - 1) + [False])
    if ents is not None:
        doc.set_ents([Span(doc, *span) for span in ents])
    doc.cats = cats or {}
    for key, group in (spans or {}).items():
        doc.spans[key] = [Span(doc, *span) for span in group]
    return doc


@pytest.fixture
def write(tmp_path: Path):
    def write(name: str, *docs: Doc) -> Path:
        path = tmp_path / f"{name}.spacy"
        DocBin(store_user_data=True, docs=docs).to_disk(path)
        return path

    return write


def ents(doc: Doc) -> list[tuple[str, str]]:
    return [(ent.text, ent.label_) for ent in doc.ents]


def test_everything_that_any_corpus_says_is_kept(write, tmp_path: Path) -> None:
    first = make_doc("Anna left Paris", ents=[(0, 1, "PER")], cats={"x": 1.0})
    first[0].is_sent_start, first[1].is_sent_start, first[2].is_sent_start = True, False, True
    second = make_doc("Anna left Paris", cats={"x": 1.0, "y": 0.0}, spans={"sc": [(0, 2, "A"), (1, 3, "B")]})
    second.user_data["meta"] = {"id": "7"}
    third = make_doc("Anna left Paris", ents=[(0, 1, "PER")])
    out = tmp_path / "all.spacy"
    result = merge([write("a", first), write("b", second), write("c", third)], out)
    [doc] = read_corpus(out)
    assert ents(doc) == [("Anna", "PER")]
    assert doc.cats == {"x": 1.0, "y": 0.0}
    assert [(span.text, span.label_) for span in doc.spans["sc"]] == [("Anna left", "A"), ("left Paris", "B")]
    assert doc.user_data["meta"] == {"id": "7"}
    assert [token.is_sent_start for token in doc] == [True, False, True]
    assert (result.documents, result.lacking, result.other_tokens, result.left_out) == (1, {}, {}, {})


def test_entities_come_over_to_other_tokens(write, tmp_path: Path) -> None:
    first = make_doc("Anna 's cat", cats={"x": 1}, spaces=[False, True, False])
    second = make_doc("Anna's cat", ents=[(1, 2, "PET")])
    result = merge([write("a", first), write("b", second)], tmp_path / "all.spacy")
    [doc] = read_corpus(tmp_path / "all.spacy")
    assert ents(doc) == [("cat", "PET")]
    assert len(doc) == 3
    assert all(token.ent_iob for token in doc)
    assert result.other_tokens == {str(tmp_path / "b.spacy"): ["Anna's cat"]}


@pytest.mark.parametrize("same_tokens", [True, False])
def test_what_is_not_annotated_stays_so(write, tmp_path: Path, same_tokens: bool) -> None:
    first = make_doc("an old cat") if same_tokens else make_doc("an o ld cat", spaces=[True, False, True, False])
    second = make_doc("an old cat")
    second.set_ents([Span(second, 2, 3, "PET")], missing=[second[0:1]])
    merge([write("a", first), write("b", second)], tmp_path / "all.spacy")
    [doc] = read_corpus(tmp_path / "all.spacy")
    assert [(token.text, token.ent_iob_) for token in (doc[0], doc[1], doc[-1])] == [
        ("an", ""),
        (doc[1].text, "O"),
        ("cat", "B"),
    ]


def test_a_text_that_one_corpus_lacks_is_written_and_listed(write, tmp_path: Path) -> None:
    a = write("a", make_doc("one", ents=[]), make_doc("two", ents=[]))
    b = write("b", make_doc("three", cats={"x": 1}), make_doc("two", cats={"x": 0}))
    result = merge([a, b], tmp_path / "all.spacy")
    assert [(doc.text, doc.cats) for doc in read_corpus(tmp_path / "all.spacy")] == [
        ("one", {}),
        ("two", {"x": 0}),
        ("three", {"x": 1}),
    ]
    assert result.lacking == {str(a): ["three"], str(b): ["one"]}
    written = json.loads((tmp_path / "all.merge.json").read_text("utf-8"))
    assert written["inputs"] == {str(a): 2, str(b): 2}
    assert written["lacking"] == result.lacking


def test_what_is_not_taken_over_is_counted(write, tmp_path: Path) -> None:
    tagged = Doc(VOCAB, words=["go", "on"], spaces=[True, False], tags=["VB", "RP"], sent_starts=[True, False])
    tagged.user_data["k"] = 1
    plain = make_doc("go on")
    plain.user_data["k"] = 2
    tagged.user_data["later"] = 3
    merge([write("t", tagged), write("p", make_doc("go on"))], tmp_path / "kept.spacy")
    assert read_corpus(tmp_path / "kept.spacy")[0][0].tag_ == "VB"
    result = merge([write("p", plain), write("t", tagged)], tmp_path / "all.spacy")
    assert result.left_out == {str(tmp_path / "t.spacy"): {"TAG": 1, "SENT_START": 1, "user data": 1}}
    assert read_corpus(tmp_path / "all.spacy")[0].user_data == {"k": 2, "later": 3}


@pytest.mark.parametrize(("first", "second", "lost"), [("Q1", "", 0), ("", "Q1", 1), ("Q2", "Q1", 1)])
def test_links_that_are_not_taken_over_are_counted(write, tmp_path: Path, first: str, second: str, lost: int) -> None:
    paths = []
    for name, link in (("a", first), ("b", second)):
        doc = make_doc("Anna left")
        doc.set_ents([Span(doc, 0, 1, "PER", kb_id=link)])
        doc.spans["sc"] = [Span(doc, 0, 1, "PER", kb_id=link)]
        paths.append(write(name, doc))
    result = merge(paths, tmp_path / "all.spacy")
    assert [ent.kb_id_ for ent in read_corpus(tmp_path / "all.spacy")[0].ents] == [first]
    assert result.left_out == ({str(paths[1]): {"links of entities": 1, "links of spans 'sc'": 1}} if lost else {})


@pytest.mark.parametrize(
    ("one", "two", "message"),
    [
        ({"cats": {"x": 1}}, {"cats": {"x": 0}}, r"S191.*b\.spacy contradicts .*about x in 'an old cat' \(1 "),
        ({"ents": [(2, 3, "PET")]}, {"ents": []}, r"S191.*about its entities"),
        ({"ents": [(2, 3, "PET")]}, {"ents": [(2, 3, "CAT")]}, r"S191.*about its entities"),
        ({"spans": {"sc": [(0, 1, "A")]}}, {"spans": {"sc": [(0, 2, "A")]}}, r"S191.*about its spans 'sc'"),
    ],
)
def test_contradictions_are_refused_and_nothing_is_written(write, tmp_path: Path, one, two, message: str) -> None:
    a, b = write("a", make_doc("an old cat", **one)), write("b", make_doc("an old cat", **two))
    with pytest.raises(SpanwrightError, match=message):
        merge([a, b], tmp_path / "all.spacy")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.spacy", "b.spacy"]


def test_an_entity_inside_a_token_is_refused_with_the_remedy(write, tmp_path: Path) -> None:
    coarse, fine = make_doc("old-cat"), make_doc("old- cat", ents=[(1, 2, "PET")], spaces=[False, False])
    a, b = write("a", coarse), write("b", fine)
    with pytest.raises(SpanwrightError, match=r"S192.*b\.spacy: 'cat' in 'old-cat' .*a\.spacy.*Name .*b\.spacy before"):
        merge([a, b], tmp_path / "all.spacy")
    merge([b, a], tmp_path / "all.spacy")
    assert ents(read_corpus(tmp_path / "all.spacy")[0]) == [("cat", "PET")]


def test_texts_that_stand_twice_and_corpora_of_other_texts_are_refused(write, tmp_path: Path) -> None:
    a, twice, other = write("a", make_doc("x")), write("b", make_doc("x"), make_doc("x")), write("c", make_doc("y"))
    with pytest.raises(SpanwrightError, match=r"S190.*b\.spacy: 1 texts.*'x'"):
        merge([a, twice], tmp_path / "all.spacy")
    with pytest.raises(SpanwrightError, match=r"S193.*c\.spacy"):
        merge([a, other], tmp_path / "all.spacy")


def test_a_corpus_that_could_not_be_read_by_its_ending_is_refused(write, tmp_path: Path) -> None:
    a, b = write("a", make_doc("x")), write("b", make_doc("x"))
    with pytest.raises(SpanwrightError, match=r"S142.*all: .*\.spacy"):
        merge([a, b], tmp_path / "all")
    assert not (tmp_path / "all").exists()


def test_command(write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a = write("a", make_doc("one", ents=[]), make_doc("two", ents=[]))
    b = write("b", make_doc("two", cats={"x": 1}))
    out = tmp_path / "all.spacy"
    assert run_script("merge.py", a, b, "--out", out) == 0
    printed = capsys.readouterr().out
    assert f"{b} lacks 1 texts" in printed
    assert f"2 documents: {out}" in printed
    assert run_script("merge.py", a, b, "--out", out) == 1
    assert "S150" in capsys.readouterr().out
    assert run_script("merge.py", a, b, "--out", out, "--force") == 0
    assert run_script("merge.py", a, "--out", out) == 2
