"""What is exported comes back from `convert` with the same annotations, or is named as left out."""

import csv
import json
import tempfile
from pathlib import Path

import pytest
from commands import run_script
from helpers import convert_file
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spanwright.data.convert import ConvertSettings
from spanwright.data.exporting.docs import answers_of, question_of, read_docs
from spanwright.data.exporting.export import export
from spanwright.data.readers.formats import ReadOptions
from spanwright.errors import SpanwrightError

QUICK = settings(deadline=None, max_examples=25)
LABELS = st.sampled_from(["PER", "B-X", "Job title", "I"])
CHARACTERS = st.characters(exclude_categories=["Cs", "Cc", "Z"], exclude_characters="\ufeff")
WORDS = st.text(CHARACTERS, min_size=1, max_size=6) | st.sampled_from(
    ["#", "# a", "|O", '"', "O", "{", "[", "-DOC", "B-X"]
)
WORD_LISTS = st.lists(WORDS | st.sampled_from(["\n", "  ", ",", '",']), min_size=1, max_size=5).filter(
    lambda words: "".join(words).strip() and not "".join(words).strip().startswith("[")
)
SPANLIKE = ("doccano", "prodigy", "label-studio", "spacy-jsonl")


def save(docs, path):
    DocBin(store_user_data=True, docs=docs).to_disk(path)
    return path


def a_doc(words=("Anna", "left"), ents=(), **cats):
    doc = Doc(Vocab(), words=list(words), spaces=[True] * (len(words) - 1) + [False])
    doc.set_ents([Span(doc, *ent) for ent in ents], default="missing" if cats else "outside")
    doc.cats = cats
    return doc


@st.composite
def entity_docs(draw):
    words = draw(st.lists(WORDS, min_size=1, max_size=8))
    doc = Doc(Vocab(), words=words, spaces=draw(st.lists(st.booleans(), min_size=len(words), max_size=len(words))))
    edges = sorted(draw(st.sets(st.integers(0, len(words)), max_size=6)))
    doc.set_ents([Span(doc, a, b, draw(LABELS)) for a, b in zip(edges[::2], edges[1::2], strict=False)])
    return doc


def spans(docs):
    return [[(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents] for doc in docs]


def back(docs, format, read, *, suffix=".jsonl"):
    """Export Docs, convert the export, and return what was left out and the Docs that came back."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / f"a{suffix}"
        exported = export(save(docs, Path(folder) / "a.spacy"), out, format)
        outcome = convert_file(out, Path(folder) / "out", ConvertSettings(read))
    assert exported.docs == len(docs)
    return exported.left_out, outcome.docs


@QUICK
@given(st.lists(entity_docs(), min_size=1, max_size=4))
def test_iob_gives_the_same_tokens_and_tags(docs):
    left_out, read = back(docs, "iob", ReadOptions("ner", "columns"), suffix=".tsv")
    assert not left_out
    assert [[(t.text, t.ent_iob_, t.ent_type_) for t in doc] for doc in read] == [
        [(t.text, t.ent_iob_, t.ent_type_) for t in doc] for doc in docs
    ]


@pytest.mark.parametrize("format", SPANLIKE)
@QUICK
@given(docs=st.lists(entity_docs(), min_size=1, max_size=4), suffix=st.sampled_from([".json", ".jsonl"]))
def test_spans_give_the_same_texts_and_offsets(format, docs, suffix):
    left_out, read = back(docs, format, ReadOptions(), suffix=suffix)
    assert not left_out
    assert [doc.text for doc in read] == [doc.text for doc in docs]
    assert spans(read) == spans(docs)


@pytest.mark.parametrize("format", SPANLIKE)
@QUICK
@given(data=st.data())
def test_categories_come_back(format, data):
    scores = st.sampled_from([0.0, 1.0, 0.25] if format == "spacy-jsonl" else [0.0, 1.0])
    cats = st.dictionaries(st.sampled_from(["pos", "neg", "A b"]), scores, min_size=1)
    rows = data.draw(st.lists(st.tuples(WORD_LISTS, cats), min_size=1, max_size=5))
    docs = [a_doc(words, **found) for words, found in rows]
    left_out, read = back(docs, format, ReadOptions("textcat"))
    assert [doc.text for doc in read] == [doc.text for doc in docs]
    if not left_out:
        assert [doc.cats for doc in read] == [doc.cats for doc in docs]
    else:
        assert format != "spacy-jsonl"
        assert any(doc.cats != other.cats for doc, other in zip(read, docs, strict=True))
    assert [positive(doc) for doc in read] == [positive(doc) for doc in docs]


def positive(doc):
    return {label for label, score in doc.cats.items() if score}


@QUICK
@given(st.lists(st.tuples(WORD_LISTS, st.sampled_from(["pos", "neg", None])), min_size=1, max_size=6))
def test_exclusive_categories_come_back_from_csv(rows):
    labels = sorted({label for _, label in rows if label}) or ["pos"]
    docs = [a_doc(words, **{one: float(one == label) for one in labels}) for words, label in rows]
    left_out, read = back(docs, "csv-cats", ReadOptions("textcat"), suffix=".csv")
    assert [doc.text for doc in read] == [doc.text for doc in docs]
    if any(label for _, label in rows):
        assert not left_out
        assert [doc.cats for doc in read] == [doc.cats for doc in docs]
    else:
        assert list(left_out) == ["categories that hold nowhere (pos)"]


@st.composite
def squad_articles(draw):
    names = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=5)
    articles = []
    for title in draw(st.lists(names, min_size=1, max_size=3)):
        context = "".join(draw(st.lists(WORDS | st.just(" "), min_size=1, max_size=9)))
        asked = []
        for question in draw(st.lists(names.filter(str.strip), min_size=1, max_size=3)):
            edges = sorted(
                draw(st.sets(st.integers(0, len(context)), min_size=2, max_size=2)) if len(context) > 1 else []
            )
            text = context[edges[0] : edges[1]] if edges else ""
            answers = [{"text": text, "answer_start": edges[0]}] if text and text == text.strip() else []
            given = {"id": draw(names), "question": question, "answers": answers, "is_impossible": not answers}
            asked.append(given)
        articles.append({"title": title, "paragraphs": [{"context": context, "qas": asked}]})
    return [one for one in articles if one["paragraphs"][0]["context"].strip()]


@QUICK
@given(squad_articles().filter(bool))
def test_questions_come_back_from_squad(articles):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "a.json").write_text(json.dumps({"data": articles}), encoding="utf-8")
        first = convert_file(folder / "a.json", folder / "one").docs
        exported = export(folder / "one" / "a.spacy", folder / "b.json", "squad")
        second = convert_file(folder / "b.json", folder / "two").docs
    assert not exported.left_out and exported.docs == len(first)
    assert [_asked(doc) for doc in second] == [_asked(doc) for doc in first]


def _asked(doc):
    values = [question_of(doc, name) for name in ("question", "question_id", "group")]
    return doc.text, values, answers_of(doc)


@pytest.mark.parametrize(
    ("format", "doc", "message"),
    [
        ("iob", a_doc(["a\tb"]), r"S152.*document 1: .*'a\\tb'"),
        ("iob", a_doc(["a\nb"]), r"S152.*'a\\nb'"),
        ("iob", a_doc([" a"]), "S152"),
        ("iob", a_doc(["-DOCSTART-"]), "S152"),
        ("iob", a_doc(["a"], ents=[(0, 1, "X\tY")]), "S152"),
        ("iob", a_doc(pos=1.0), "S151.*annotated for ner"),
        ("doccano", a_doc(pos=0.5), r"S153.*\{'pos': 0.5\}"),
        ("csv-cats", a_doc(pos=1.0, neg=1.0), r"S152.*\['pos', 'neg'\]"),
        ("csv-cats", a_doc(["a\rb"], pos=1.0), "S152"),
        ("csv-cats", a_doc(), "S151.*textcat"),
        ("squad", a_doc(), "S151.*qa"),
    ],
)
def test_refuses_what_a_format_cannot_hold(format, doc, message, tmp_path):
    with pytest.raises(SpanwrightError, match=message):
        export(save([doc], tmp_path / "a.spacy"), tmp_path / "a.out", format)
    assert [path.name for path in tmp_path.iterdir()] == ["a.spacy"]


def test_names_what_is_left_out(tmp_path):
    spaced = Doc(Vocab(), words=["\n", "Anna", "\n", "Smith", "left"], sent_starts=[True, False, False, False, True])
    spaced.set_ents([Span(spaced, 0, 1, "X"), Span(spaced, 2, 4, "PER")])
    spaced.spans["other"] = [spaced[0:2]]
    spaced.cats = {"pos": 1.0}
    corpus = save([spaced, a_doc(), a_doc([" "]), a_doc(pos=1.0)], tmp_path / "a.spacy")
    result = export(corpus, tmp_path / "a.tsv", "iob")
    assert (
        tmp_path / "a.tsv"
    ).read_text() == "Anna\tO\nSmith\tB-PER\nleft\tO\n\nAnna\tO\nleft\tO\n\nAnna\tO\nleft\tO\n\n"
    assert (result.docs, dict(result.labels)) == (3, {"X": 1, "PER": 1})
    assert dict(result.left_out) == {
        "documents without text": 1,
        "documents' categories: export them by themselves, with --task or another --format": 2,
        "spans under doc.spans['other']": 1,
        "starts of sentences: one Doc is one block of rows": 1,
        "tokens of white space": 2,
        "entities of white space": 1,
        "tokens whose entities are not annotated: written as outside of entities": 2,
    }


@pytest.mark.parametrize("format", SPANLIKE)
def test_names_links_and_white_space_at_edges(format, tmp_path):
    doc = a_doc(["Anna", "\n", "left"])
    doc.set_ents([Span(doc, 0, 2, "PER", kb_id="Q1"), Span(doc, 2, 3, "X", span_id="rule")])
    result = export(save([doc], tmp_path / "a.spacy"), tmp_path / "a.jsonl", format)
    assert dict(result.left_out) == {
        "links of entities (kb_id, id)": 2,
        "white space at the edges of entities: written, and trimmed in reading back": 1,
    }


def test_csv_says_when_categories_differ(tmp_path):
    corpus = save([a_doc(pos=1.0), a_doc(neg=1.0, pos=0.0), a_doc()], tmp_path / "a.spacy")
    result = export(corpus, tmp_path / "a.csv", "csv-cats")
    assert list(csv.reader((tmp_path / "a.csv").open())) == [
        ["text", "label"],
        ["Anna left", "pos"],
        ["Anna left", "neg"],
    ]
    assert dict(result.left_out) == {
        "documents without categories": 1,
        "gaps, where a text has no score for a category: will be read as not holding": 1,
    }


def test_formats_are_what_tools_expect(tmp_path):
    corpus = save([a_doc(["Anna", "Smith", "left"], ents=[(0, 2, "PER")])], tmp_path / "a.spacy")
    records = {}
    for format in SPANLIKE:
        export(corpus, tmp_path / format, format)
        records[format] = json.loads((tmp_path / format).read_text())
    assert records["doccano"] == {"text": "Anna Smith left", "label": [[0, 10, "PER"]]}
    assert records["prodigy"]["spans"] == [{"start": 0, "end": 10, "label": "PER", "token_start": 0, "token_end": 1}]
    assert records["prodigy"]["tokens"][1] == {"text": "Smith", "start": 5, "end": 10, "id": 1, "ws": True}
    assert records["prodigy"]["answer"] == "accept"
    [result] = records["label-studio"]["annotations"][0]["result"]
    assert result["type"] == "labels"
    assert result["value"] == {"start": 0, "end": 10, "text": "Anna Smith", "labels": ["PER"]}
    assert records["spacy-jsonl"] == {"text": "Anna Smith left", "ents": [{"start": 0, "end": 10, "label": "PER"}]}


def test_reads_shards_in_order_and_refuses_other_files(tmp_path):
    folder = tmp_path / "corpus"
    folder.mkdir()
    for name, word in (("001", "b"), ("000", "a")):
        save([a_doc([word])], folder / f"{name}.spacy")
    assert [doc.text.strip() for doc in read_docs(folder)] == ["a", "b"]
    (tmp_path / "bad.spacy").write_bytes(b"no corpus")
    (tmp_path / "empty").mkdir()
    for path, code in (("bad.spacy", "S028"), ("empty", "S027"), ("absent.spacy", "S001")):
        with pytest.raises(SpanwrightError, match=code):
            list(read_docs(tmp_path / path))


def test_command(tmp_path, capsys):
    corpus = save([a_doc(ents=[(0, 1, "PER")])], tmp_path / "a.spacy")
    arguments = ("export.py", corpus, "--out", tmp_path / "a.tsv", "--format", "iob")
    assert run_script(*arguments) == 0
    assert "1 documents, 1 annotations (ner)" in capsys.readouterr().out
    assert (tmp_path / "a.tsv").read_text() == "Anna\tB-PER\nleft\tO\n\n"
    assert run_script(*arguments) == 1
    assert "S150" in capsys.readouterr().out
    assert run_script(*arguments, "--force") == 0
    assert run_script("export.py", corpus, "--out", tmp_path / "b", "--format", "squad", "--task", "ner") == 2
