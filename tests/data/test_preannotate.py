"""First annotations: by terms, by patterns, by a pipeline, and how conflicts are settled."""

import json
import sys
import time
from pathlib import Path

import pytest
import spacy
from commands import run_script
from helpers import convert_file, read_corpus
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spanwright.data.preannotation.matching import Candidate, Origin, TermMatcher, english_plurals, resolve
from spanwright.data.preannotation.preannotate import PreannotateSettings, preannotate
from spanwright.data.preannotation.rules import Term, read_patterns, read_terms
from spanwright.errors import SpanwrightError

TERMS = "term,label,case\nC++,SKILLS,\nPython,SKILLS,\nGo,SKILLS,match\nAPI,SKILLS,\n"
PATTERNS = r"""label,pattern,flags,group
EXPERIENCE,(\d+\+? years of (?:[\w+#]+ )?experience),i,1
"""
ADS = "We want 5+ years of C++ experience, and python.\n\nGo and build APIs; do not go home.\nNothing here.\n"


@pytest.fixture
def files(tmp_path):
    for name, text in (("ads.txt", ADS), ("terms.csv", TERMS), ("patterns.csv", PATTERNS)):
        (tmp_path / name).write_text(text)
    return tmp_path


def annotate(folder, *, source="ads.txt", out="out.spacy", format="spacy", **settings):
    chosen = PreannotateSettings(**settings)
    result = preannotate([folder / source], folder / out, format, chosen, report=folder / "report.json")
    return result, json.loads((folder / "report.json").read_text())


def entities(path):
    return [[(ent.text, ent.label_) for ent in doc.ents] for doc in read_corpus(path)]


def test_the_tutorials_use(files):
    """Phrases of experience by pattern, languages by list; a term inside of a phrase gives way to it."""
    result, report = annotate(files, terms=files / "terms.csv", patterns=files / "patterns.csv", plurals=True)
    assert entities(files / "out.spacy") == [
        [("5+ years of C++ experience", "EXPERIENCE"), ("python", "SKILLS")],
        [("Go", "SKILLS"), ("APIs", "SKILLS")],
        [],
    ]
    assert dict(result.kept) == {("EXPERIENCE", "pattern"): 1, ("SKILLS", "term"): 3}
    assert report["misaligned"] == []
    source = f"{files / 'ads.txt'}:1"
    lost = {"source": source, "start": 20, "end": 23, "text": "C++", "label": "SKILLS", "by": "term"}
    assert report["overlaps"] == [lost]
    assert [doc.user_data["meta"]["source"][-2:] for doc in read_corpus(files / "out.spacy")] == [":1", ":3", ":4"]


def test_the_example_in_the_documentation(tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "preannotation.md").read_text(encoding="utf-8")
    blocks = [block.split("\n", 1)[1] for block in text.split("```")[1::2]]
    for name, block in zip(("ads.txt", "terms.csv", "patterns.csv"), blocks, strict=False):
        (tmp_path / name).write_text(block)
    monkeypatch.chdir(tmp_path)
    lists = ("--terms", "terms.csv", "--patterns", "patterns.csv", "--plurals")
    assert run_script("preannotate.py", "ads.txt", "--out", "ads.jsonl", "--format", "doccano", *lists) == 0
    assert Path("ads.jsonl").read_text() == blocks[3]
    convert_file(Path("ads.jsonl"), tmp_path / "corpus")
    assert run_script("export.py", "corpus/ads.spacy", "--out", "ads.tsv", "--format", "iob") == 0
    assert blocks[4] in Path("ads.tsv").read_text()


@pytest.mark.parametrize("format", ["iob", "doccano", "prodigy", "spacy-jsonl"])
def test_convert_reads_what_is_written(files, format):
    annotate(files, out="a.tsv" if format == "iob" else "a.jsonl", format=format, terms=files / "terms.csv")
    outcome = convert_file(next(files.glob("a.*")), files / "corpus")
    assert [[ent.text for ent in doc.ents] for doc in outcome.docs] == [["C++", "python"], ["Go"], []]


def test_label_studio_gets_predictions(files):
    annotate(files, out="a.json", format="label-studio", terms=files / "terms.csv")
    first = json.loads((files / "a.json").read_text())[0]
    assert first["data"]["meta"] == {"source": f"{files / 'ads.txt'}:1"}
    assert [one["value"]["text"] for one in first["predictions"][0]["result"]] == ["C++", "python"]


@pytest.mark.parametrize(
    ("candidates", "kept", "lost"),
    [
        ("0-2 A term, 1-4 B pattern", "1-4 B pattern", "0-2 A term"),
        ("0-2 A pattern, 1-3 B term", "1-3 B term", "0-2 A pattern"),
        ("1-3 A pipeline, 0-2 B pattern", "0-2 B pattern", "1-3 A pipeline"),
        ("1-3 A term, 0-2 B term", "0-2 B term", "1-3 A term"),
        ("0-5 A term, 1-2 B given", "1-2 B given", "0-5 A term"),
        ("0-2 A term, 0-2 A pattern", "0-2 A term", ""),
        ("0-2 A term, 0-2 B pattern", "0-2 A term", "0-2 B pattern"),
        ("0-2 B term, 0-2 A term", "0-2 A term", "0-2 B term"),
        ("2-3 A term, 0-2 B term", "0-2 B term, 2-3 A term", ""),
    ],
)
def test_conflicts(candidates, kept, lost):
    assert resolve(parse(candidates)) == (parse(kept), parse(lost))


def parse(text):
    parts = [one.replace("-", " ").split() for one in text.split(", ") if one]
    return [Candidate(int(start), int(end), label, Origin[origin]) for start, end, label, origin in parts]


@pytest.mark.parametrize(
    ("term", "plurals"),
    [
        ("skill", ["skills"]),
        ("REST API", ["REST APIs"]),
        ("library", ["libraries"]),
        ("day", ["days"]),
        ("class", ["classes"]),
        ("batch", ["batches"]),
        ("C++", []),
        ("", []),
    ],
)
def test_plurals(term, plurals):
    assert english_plurals(term) == plurals


@pytest.mark.parametrize(
    ("match_case", "own", "found"),
    [(False, None, ["go", "Go"]), (True, None, ["Go"]), (False, True, ["Go"]), (True, False, ["go", "Go"])],
)
def test_case(match_case, own, found):
    nlp = spacy.blank("en")
    doc = nlp.make_doc("go Go going")
    matcher = TermMatcher(nlp, [Term("Go", "X", own)], match_case=match_case)
    assert [doc[one.start].text for one in matcher(doc)] == found


def test_plurals_are_english_only():
    with pytest.raises(SpanwrightError, match=r"S163.*'de'"):
        TermMatcher(spacy.blank("de"), [], plurals=True)


@pytest.mark.parametrize(("expand", "found"), [(False, [[], [], []]), (True, [[("years", "X")], [], []])])
def test_hits_inside_of_tokens_are_listed(files, expand, found):
    (files / "p.jsonl").write_text('{"label": "X", "pattern": " YEA", "flags": "i"}\n')
    _, report = annotate(files, patterns=files / "p.jsonl", expand=expand)
    assert entities(files / "out.spacy") == found
    [hit] = report["misaligned"]
    assert (hit["start"], hit["end"], hit["text"], hit["by"]) == (11, 14, "yea", f"{files / 'p.jsonl'}:1")


@pytest.mark.parametrize("pattern", [r"(a|aa)+$", r"(\w+\s?)+$"])
def test_a_pattern_that_explodes_is_refused(files, pattern):
    (files / "ads.txt").write_text("x\n" + "a" * 5000 + "!\n")
    (files / "patterns.csv").write_text(f"X,{pattern}\n")
    start = time.monotonic()
    with pytest.raises(SpanwrightError, match=r"S162.*ads.txt:2: the pattern of .*patterns.csv:1"):
        annotate(files, patterns=files / "patterns.csv", timeout=0.2)
    assert time.monotonic() - start < 5
    assert not (files / "out.spacy").exists()


@pytest.mark.parametrize(
    ("read", "name", "text", "message"),
    [
        (read_terms, "t.csv", "a,X\nb\n", r"S160.*t.csv:2: found \['b'\]"),
        (read_terms, "t.csv", "a,\n", "S160.*t.csv:1"),
        (read_terms, "t.csv", "a,X,never\n", "S160.*the case is 'never'"),
        (read_patterns, "p.csv", "X,a\nX,(a\n", r"S161.*p.csv:2: missing \)"),
        (read_patterns, "p.csv", "X,a,iq\n", "S161.*unknown flags q"),
        (read_patterns, "p.csv", "X,a,i,2\n", "S161.*no group 2"),
        (read_patterns, "p.csv", "X,a,i,name\n", "S161.*no group 'name'"),
        (read_patterns, "p.csv", "X,a,i,0,b\n", "S161.*5 columns"),
        (read_patterns, "p.csv", "X,,i\n", "S161.*not empty"),
        (read_patterns, "p.jsonl", '{"label": "X", "regex": "a"}\n', "S161.*p.jsonl:1.*regex"),
        (read_patterns, "p.jsonl", "[1]\n[2]\n", "S161.*p.jsonl:1"),
    ],
)
def test_refuses_rules_with_their_line(read, name, text, message, tmp_path):
    (tmp_path / name).write_text(text)
    with pytest.raises(SpanwrightError, match=message):
        read(tmp_path / name)


def test_a_group_is_labelled(files):
    (files / "p.csv").write_text('X,"(?P<years>\\d+)(\\+)? years",,years\nY,(\\d+) (none)?,,2\n')
    annotate(files, patterns=files / "p.csv", source="ads.txt")
    assert entities(files / "out.spacy")[0] == [("5", "X")]


def test_annotations_that_are_there_stay(files):
    spans = [[0, 4, "PER"], [5, 8, "VERB"], [2, 3, "PART"]]
    lines = [{"text": "Anna ate Python", "entities": spans[:2]}, {"text": "Python", "entities": spans[2:], "id": 7}]
    (files / "a.jsonl").write_text("\n".join(map(json.dumps, lines)))
    annotate(files, source="a.jsonl", terms=files / "terms.csv")
    assert entities(files / "out.spacy") == [[("Anna", "PER"), ("ate", "VERB"), ("Python", "SKILLS")], [("t", "PART")]]
    assert read_corpus(files / "out.spacy")[1].user_data["meta"] == {"source": f"{files / 'a.jsonl'}:2", "id": "7"}
    (files / "a.jsonl").write_text('{"text": "Anna", "entities": [[0, 9, "PER"]]}')
    with pytest.raises(SpanwrightError, match=r"S143.*a.jsonl:1: span-outside-text.*scripts/convert.py"):
        annotate(files, source="a.jsonl", out="b.spacy", terms=files / "terms.csv")


def write_json(folder, *values):
    (folder / "a.jsonl").write_text("".join(f"{json.dumps(value)}\n" for value in values))
    return {"source": "a.jsonl", "terms": folder / "terms.csv"}


def test_what_is_not_taken_over_is_counted(files):
    spans = [{"start": 0, "end": 4, "label": "PER"}]
    found = [{"value": {"start": 0, "end": 4, "text": "Anna", "labels": [label]}} for label in ("PER", "ORG")]
    arguments = write_json(
        files,
        {"text": "Anna ate Python", "spans": spans, "answer": "reject"},
        {"data": {"text": "Anna ate"}, "annotations": [{"result": [one]} for one in found]},
        {"text": "Anna ate", "entities": [[0, 4, "PER"]], "relations": [{"from_id": 0}]},
    )
    result, _ = annotate(files, **arguments)
    assert entities(files / "out.spacy") == [[("Python", "SKILLS")], [("Anna", "PER")], [("Anna", "PER")]]
    assert dict(result.left_out) == {
        "annotations of rejected records": 1,
        "annotations by others than the one annotator who is read": 1,
        "kinds of annotations that are neither entities nor categories": 1,
    }


def test_offsets_in_utf_16_units_are_moved_where_that_is_certain(files):
    one = {"text": "😀😀 Anna left", "entities": [[5, 9, "PER"]]}
    result, _ = annotate(files, **write_json(files, one, one, one))
    assert entities(files / "out.spacy") == [[("Anna", "PER")]] * 3 and result.moved == 3
    for values, message in (
        ([one], "a.jsonl: offsets may count"),
        ([one] * 3 + [{**one, "entities": [[1, 9, "X"]]}], "cuts"),
    ):
        with pytest.raises(SpanwrightError, match=f"S143.*{message}"):
            annotate(files, out="b.spacy", **write_json(files, *values))


@pytest.mark.parametrize("name", ["a.csv", "a.tsv", "a"])
def test_files_that_hold_no_text_a_line_are_refused(name, files):
    (files / name).write_text("text,label\nPython,x\n")
    with pytest.raises(SpanwrightError, match=rf"S165.*{name}: "):
        annotate(files, source=name, terms=files / "terms.csv")


def test_corpora_keep_what_else_they_hold(files):
    doc = Doc(Vocab(), words=["Go", "on", "Python", "is"], sent_starts=[True, False, True, False])
    doc.set_ents([Span(doc, 2, 4, "OLD")])
    doc.cats = {"pos": 1.0}
    DocBin(docs=[doc]).to_disk(files / "old.spacy")
    annotate(files, source="old.spacy", terms=files / "terms.csv")
    [read] = read_corpus(files / "out.spacy")
    assert [(ent.text, ent.label_) for ent in read.ents] == [("Go", "SKILLS"), ("Python is", "OLD")]
    assert read.cats == {"pos": 1.0}
    assert [token.is_sent_start for token in read] == [True, False, True, False]


def test_a_file_as_one_text(files):
    annotate(files, terms=files / "terms.csv", per_file=True)
    assert [doc.text for doc in read_corpus(files / "out.spacy")] == [ADS]


@Language.component("sure_of_long_words")
def sure_of_long_words(doc):
    """Find capitalised words, with a confidence that grows with their length."""
    if not Span.has_extension("confidence"):
        Span.set_extension("confidence", default=None)
    doc.ents = [Span(doc, token.i, token.i + 1, "CAP") for token in doc if token.is_title]
    for entity in doc.ents:
        entity._.confidence = len(entity.text) / 10
    return doc


def test_a_pipelines_least_certain_texts_come_first(files):
    nlp = spacy.blank("en")
    nlp.add_pipe("sure_of_long_words")
    nlp.to_disk(files / "pipeline")
    (files / "ads.txt").write_text("Nothing but Norway\nno name\nPython or Al\n")
    settings = {"pipeline": files / "pipeline", "terms": files / "terms.csv"}
    result, _ = annotate(files, out="a.jsonl", format="prodigy", **settings)
    records = [json.loads(line) for line in (files / "a.jsonl").read_text().splitlines()]
    assert [(one["text"], one["meta"]["score"]) for one in records] == [
        ("Python or Al", 0.2),
        ("Nothing but Norway", 0.6),
        ("no name", None),
    ]
    assert [span["label"] for span in records[0]["spans"]] == ["SKILLS", "CAP"]
    assert dict(result.kept) == {("SKILLS", "term"): 1, ("CAP", "pipeline"): 3}
    assert "answer" not in records[0]


def test_command(files, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythainlp.tokenize", None)
    arguments = ("preannotate.py", files / "ads.txt", "--terms", files / "terms.csv", "--out", files / "a.tsv")
    assert run_script(*arguments) == 0
    assert "3 texts, 3 entities" in capsys.readouterr().out
    assert run_script(*arguments) == 1
    assert "S150" in capsys.readouterr().out
    assert run_script(*arguments, "--force", "--patterns", files / "patterns.csv") == 0
    assert "1 overlap" in capsys.readouterr().out
    assert run_script("preannotate.py", files / "ads.txt", "--out", files / "b.tsv") == 2
    assert run_script(*arguments[:-1], files / "b.xyz") == 2
    for language, reason in (("qq", "qq"), ("th", "PyThaiNLP")):
        assert run_script(*arguments[:-1], files / "b.tsv", "--lang", language) == 1
        assert f"--lang {language}: no tokenizer" in (printed := capsys.readouterr().out) and reason in printed
    (files / "ads.txt").write_text(" \n\n")
    assert run_script(*arguments[:-1], files / "b.tsv") == 1
    assert "S165" in capsys.readouterr().out
    assert run_script(*arguments[:-1], files / "b.tsv", "--pipeline", files) == 1
    assert "S164" in capsys.readouterr().out
    assert not (files / "b.tsv").exists()
