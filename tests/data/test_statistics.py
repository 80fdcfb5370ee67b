"""Statistics, against numbers counted by hand."""

import json

import pytest
from commands import run_script
from helpers import convert_text
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spanwright.data.statistics import length_summary, statistics
from spanwright.errors import SpanwrightError


def a_doc(text, *ents, **cats):
    doc = Doc(Vocab(), words=text.split())
    doc.set_ents([Span(doc, *ent) for ent in ents], default="missing" if cats else "outside")
    doc.cats = cats
    return doc


TRAIN = [
    a_doc("Java and New York and York", (0, 1, "SKILL"), (2, 4, "CITY")),
    a_doc("Java is in Java", (0, 1, "ISLAND"), (3, 4, "ISLAND")),
    a_doc("York is a city and Java and java too", (0, 1, "CITY")),
    a_doc("Java", pos=1.0, neg=0.0),
    a_doc("Rust", pos=0.5, neg=1.0),
]
DEV = [a_doc("Java Rust Java Java", (0, 1, "SKILL"), (1, 2, "SKILL"), (2, 3, "SKILL"), (3, 4, "CITY"))]


@pytest.fixture
def corpora(tmp_path):
    DocBin(docs=DEV).to_disk(tmp_path / "dev.spacy")
    (tmp_path / "train").mkdir()
    for number, doc in enumerate(TRAIN):
        DocBin(docs=[doc]).to_disk(tmp_path / "train" / f"{number:03d}.spacy")
    return tmp_path / "train", tmp_path / "dev.spacy"


def test_counts(corpora):
    result = statistics(corpora[0])
    train = result["train"]
    assert (result["schema"], result["dev"]) == ("spanwright.statistics/1", None)
    assert (train["documents"], train["tokens"], train["documents_with_entities_annotated"]) == (5, 21, 3)
    assert train["entities"] == {
        "CITY": {"count": 2, "documents": 2, "strings": 2, "tokens": {"min": 1, "median": 1, "p95": 2, "max": 2}},
        "ISLAND": {"count": 2, "documents": 1, "strings": 1, "tokens": {"min": 1, "median": 1, "p95": 1, "max": 1}},
        "SKILL": {"count": 1, "documents": 1, "strings": 1, "tokens": {"min": 1, "median": 1, "p95": 1, "max": 1}},
    }
    assert train["categories"] == {
        "neg": {"positive": 1, "negative": 1, "between": 0},
        "pos": {"positive": 1, "negative": 0, "between": 1},
    }


def test_ambiguity(corpora):
    """Inside of a longer entity, in another case, or where nothing is annotated, a string is not left out by mistake."""
    found = statistics(corpora[0])["train"]["ambiguity"]
    assert found["labels"] == {"strings": 1, "examples": [{"text": "Java", "labels": {"ISLAND": 2, "SKILL": 1}}]}
    assert found["unannotated"] == {
        "strings": 2,
        "occurrences": 2,
        "examples": [
            {"text": "Java", "annotated": 3, "unannotated": 1},
            {"text": "York", "annotated": 1, "unannotated": 1},
        ],
    }


def test_spaces_make_no_other_string(tmp_path):
    docs = [Doc(Vocab(), words=["3", "-", "5"], spaces=[spaced] * 3) for spaced in (False, True)]
    docs[0].set_ents([Span(docs[0], 0, 3, "X")])
    docs[1].set_ents([])
    DocBin(docs=docs).to_disk(tmp_path / "a.spacy")
    found = statistics(tmp_path / "a.spacy")["train"]["ambiguity"]["unannotated"]
    assert found["examples"] == [{"text": "3-5", "annotated": 1, "unannotated": 1}]


def test_unseen(corpora):
    assert statistics(*corpora)["dev"]["unseen"] == {
        "CITY": {
            "strings": 1,
            "unseen_strings": 1,
            "unseen_strings_share": 1.0,
            "entities": 1,
            "unseen_entities": 1,
            "unseen_entities_share": 1.0,
        },
        "SKILL": {
            "strings": 2,
            "unseen_strings": 1,
            "unseen_strings_share": 0.5,
            "entities": 3,
            "unseen_entities": 1,
            "unseen_entities_share": 0.3333,
        },
    }


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        ({1: 1}, (1, 1, 1, 1)),
        ({1: 1, 2: 1}, (1, 1, 2, 2)),
        ({1: 95, 7: 5}, (1, 1, 1, 7)),
        ({1: 94, 3: 1, 7: 5}, (1, 1, 3, 7)),
        ({2: 1, 3: 2, 9: 1}, (2, 3, 9, 9)),
    ],
)
def test_lengths(lengths, expected):
    assert tuple(length_summary(lengths).values()) == expected


def test_questions(tmp_path):
    questions = [
        {"context": "Anna left.", "question": "Who?", "answers": [{"text": "Anna", "answer_start": 0}]},
        {"context": "Anna left.", "question": "Why?", "answers": [], "is_impossible": True},
    ]
    convert_text(json.dumps(questions), tmp_path, name="q.json")
    counts = statistics(tmp_path / "out" / "q.spacy")["train"]["questions"]
    assert counts == {"answered": 1, "impossible": 1, "answers": 1}


def test_an_empty_corpus_is_refused(tmp_path):
    DocBin().to_disk(tmp_path / "a.spacy")
    with pytest.raises(SpanwrightError, match="S029"):
        statistics(tmp_path / "a.spacy")


def test_command(corpora, tmp_path, capsys):
    train, dev = corpora
    output = tmp_path / "stats" / "stats.json"
    assert run_script("corpus_statistics.py", train, "--dev", dev, "--output", output) == 0
    shown = capsys.readouterr().out
    for expected in ("5 documents, 21 tokens", "ISLAND", "'Java' {'ISLAND': 2, 'SKILL': 1}", "50.0%", "does not"):
        assert expected in shown
    assert json.loads(output.read_text()) == statistics(train, dev)
    assert run_script("corpus_statistics.py", tmp_path / "absent.spacy") == 1
    assert run_script("corpus_statistics.py") == 2
