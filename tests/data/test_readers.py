import json
import sys

import pytest
from helpers import convert_file, convert_text

from spanwright.data.convert import ConvertSettings
from spanwright.data.readers.formats import ReadOptions
from spanwright.errors import SpanwrightError

TEXT = "Anna saw Paris."
SPANS = [[(0, 4, "PER"), (9, 14, "LOC")]]
TRIPLES = [[0, 4, "PER"], [9, 14, "LOC"]]
DICTS = [{"start": 0, "end": 4, "label": "PER"}, {"start": 9, "end": 14, "label": "LOC"}]
OFFSETS = [
    {"id": 1, "start_offset": 0, "end_offset": 4, "label": "PER"},
    {"start_offset": 9, "end_offset": 14, "label": "LOC"},
]
RESULTS = [
    {"type": "labels", "value": {"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]}},
    {"type": "labels", "value": {"start": 9, "end": 14, "text": "Paris", "labels": ["LOC"]}},
]
TOKENS = [
    {"orth": "Anna", "space": " ", "ner": "U-PER"},
    {"orth": "saw", "space": " ", "ner": "O"},
    {"orth": "Paris", "space": "", "ner": "U-LOC"},
    {"orth": ".", "space": "", "ner": "O"},
]


@pytest.mark.parametrize(
    "value",
    [
        {"text": TEXT, "spans": DICTS, "answer": "accept", "_task_hash": 7},
        {"text": TEXT, "label": TRIPLES},
        {"text": TEXT, "labels": TRIPLES},
        {"id": 3, "text": TEXT, "entities": OFFSETS, "relations": [], "Comments": []},
        {"text": TEXT, "annotations": OFFSETS},
        {"text": TEXT, "ents": DICTS, "tokens": []},
        {"text": TEXT, "entities": TRIPLES},
        [TEXT, {"entities": TRIPLES}],
        {"id": 1, "data": {"text": TEXT}, "annotations": [{"result": RESULTS}]},
        {
            "text": TEXT,
            "id": 1,
            "label": [{"start": 0, "end": 4, "labels": ["PER"]}, {"start": 9, "end": 14, "labels": ["LOC"]}],
        },
        {"id": 0, "paragraphs": [{"raw": TEXT, "sentences": [{"tokens": TOKENS}]}]},
    ],
)
@pytest.mark.parametrize("layout", ["lines", "list", "indented list", "object"])
def test_spans_in_json(value, layout, tmp_path):
    text = {
        "lines": json.dumps(value) + "\n",
        "list": json.dumps([value]),
        "indented list": json.dumps([value], indent=2),
        "object": json.dumps({"version": 1, "items": [value]}),
    }[layout]
    outcome = convert_text(text, tmp_path, name="a.json")
    assert [doc.text for doc in outcome.docs] == [TEXT]
    assert outcome.spans == SPANS


def test_spans_in_csv(tmp_path):
    cell = json.dumps([{"start": 0, "end": 4, "type": "PER", "entity": "Anna"}, {"start": 9, "end": 14, "type": "LOC"}])
    row = '"{}","{}"'.format(TEXT, cell.replace('"', '""'))
    outcome = convert_text(f'recipe,spans\n{row}\n"two\nlines",[]\n', tmp_path, name="a.csv")
    assert [doc.text for doc in outcome.docs] == [TEXT, "two\nlines"]
    assert outcome.spans == [*SPANS, []]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (
            '{"text": "so good", "cats": {"pos": 1, "neg": 0}}\n{"text": "so bad", "cats": {"pos": 0.0, "neg": 1.0}}\n',
            "a.jsonl",
        ),
        ('{"text": "so good", "label": "pos"}\n{"text": "so bad", "label": "neg"}\n', "a.jsonl"),
        ('[{"text": "so good", "label": "pos"}, {"text": "so bad", "label": "neg"}]', "a.json"),
        ("text,label\nso good,pos\nso bad,neg\n", "a.csv"),
        ("so good\tpos\nso bad\tneg\n", "a.tsv"),
        ('{"text": "so good", "label": ["pos"]}\n{"text": "so bad", "label": ["neg"]}\n', "a.jsonl"),
        ("label;text\npos;so good\nneg;so bad\n", "a.csv"),
        (
            '{"data": {"text": "so good"}, "annotations": [{"result": [{"value": {"choices": ["pos"]}}]}]}\n'
            '{"data": {"text": "so bad"}, "annotations": [{"result": [{"value": {"choices": ["neg"]}}]}]}\n',
            "a.jsonl",
        ),
    ],
)
def test_categories(text, name, tmp_path):
    outcome = convert_text(text, tmp_path, name=name)
    assert [doc.text for doc in outcome.docs] == ["so good", "so bad"]
    held = [{label for label, score in doc.cats.items() if score == 1.0} for doc in outcome.docs]
    assert held == [{"pos"}, {"neg"}] and all(set(doc.cats) == {"pos", "neg"} for doc in outcome.docs)


def test_prose_with_commas_in_quotes_is_a_table(tmp_path):
    rows = [
        '"A film, or so, to see on a dull day, good to the end",pos',
        '"Dull, and too long by far: to leave",neg',
    ] * 3
    outcome = convert_text("text,label\n" + "\n".join(rows) + "\n", tmp_path, name="a.csv")
    assert [doc.text for doc in outcome.docs][:2] == [row[1:-5] for row in rows[:2]]
    assert outcome.docs[0].cats == {"pos": 1.0, "neg": 0.0}


def test_exclusive_labels_are_written_in_full(tmp_path):
    outcome = convert_text("text,label\nso good,pos\nso bad,neg\n", tmp_path, name="a.csv")
    assert [doc.cats for doc in outcome.docs] == [{"pos": 1.0, "neg": 0.0}, {"pos": 0.0, "neg": 1.0}]
    assert not any(doc.has_annotation("ENT_IOB") for doc in outcome.docs)


def test_categories_in_folders(tmp_path):
    for label, text in (("pos", "good"), ("neg", "bad")):
        (tmp_path / "films" / label).mkdir(parents=True)
        (tmp_path / "films" / label / "1.txt").write_text(text)
    outcome = convert_file(tmp_path / "films", tmp_path / "out")
    assert {doc.text: doc.cats["pos"] for doc in outcome.docs} == {"good": 1.0, "bad": 0.0}


@pytest.mark.parametrize(
    ("spans", "code", "expected", "reason"),
    [
        ([[0, 40, "X"]], "span-outside-text", [], "outside of the text"),
        ([[-1, 4, "X"]], "span-outside-text", [], "outside of the text"),
        ([[4, 0, "X"]], "span-outside-text", [], "outside of the text"),
        ([[4, 5, "X"]], "span-empty", [], "empty"),
        ([[3, 3, "X"]], "span-empty", [], "empty"),
        ([[4, 9, "X"]], "span-edge", [(5, 8, "X")], None),
        ([[0, 4, "X"], [0, 4, "X"]], "span-duplicate", [(0, 4, "X")], "duplicate"),
        ([[0, 4, "X"], [0, 8, "X"]], "span-overlap", [(0, 8, "X")], "overlap"),
        ([[0, 2, "X"]], "span-misaligned", [(0, 2, "X")], None),
    ],
)
def test_checks_of_spans(spans, code, expected, reason, tmp_path):
    outcome = convert_text(json.dumps({"text": TEXT, "entities": spans}), tmp_path, name="a.jsonl")
    assert outcome.codes.count(code) == 1 and outcome.spans == [expected]
    assert outcome.ledger["annotations"]["X"]["dropped"] == ({reason: 1} if reason else {})
    assert outcome.docs[0].text == TEXT


@pytest.mark.parametrize(
    ("alignment", "expected"), [("expand", [(0, 4)]), ("contract", []), ("drop", []), ("split", [(1, 3)])]
)
def test_alignment(alignment, expected, tmp_path):
    text = json.dumps({"text": TEXT, "entities": [[1, 3, "X"]]})
    outcome = convert_text(text, tmp_path, ConvertSettings(alignment=alignment), name="a.jsonl")
    assert [(start, end) for start, end, _ in outcome.spans[0]] == expected
    [finding] = [finding for finding in outcome.findings if finding["code"] == "span-misaligned"]
    assert "X 1-3 'nn'" in finding["found"] and finding["line"] == 1


def test_rejected_and_empty_records(tmp_path):
    records = [
        {"text": TEXT, "spans": DICTS, "answer": "reject"},
        {"text": " ", "spans": []},
        {"text": "x", "spans": []},
    ]
    outcome = convert_text("\n".join(map(json.dumps, records)), tmp_path, name="a.jsonl")
    assert len(outcome.docs) == 1
    assert outcome.ledger["records"]["dropped"] == {"rejected": 1, "empty text": 1}
    assert outcome.ledger["annotations"]["PER"]["dropped"] == {"rejected": 1}


@pytest.mark.parametrize(
    ("text", "name", "message"),
    [
        ('{"text": "a", "spans": []}\n{"text": \n', "a.jsonl", "a.jsonl:2: not readable as JSON"),
        (
            '{"text": "a", "spans": []}\n\n7\n',
            "a.jsonl",
            "a.jsonl:3: an annotation of no known shape: expected an object",
        ),
        ('{"text": "a", "spans": [[0, 1, "X"]], "spans": []}\n', "a.jsonl", "a.jsonl:1: .*'spans' stands twice"),
        ('[{"text": "a",\n "label": "A", "label": "B"}]', "a.json", "a.json:1: .*'label' stands twice"),
        ('{"words": 1}\n', "a.jsonl", "no text: expected one of the keys"),
        (
            '{"text": "a", "spans": [{"start": "x", "end": 1, "label": "X"}]}\n',
            "a.jsonl",
            "a start, an end and a label",
        ),
        ("[" * 100_000, "a.json", "nested too deeply|not readable"),
        ('[{"text": "a"}', "a.json", "a.json:1: not readable as JSON: expected , or ]"),
        ('{"a": 1}', "a.json", "no text"),
        ('{"text": "\\ud800", "spans": []}\n', "a.jsonl", "half of a surrogate pair"),
        ('{"text": "a", "entities": [[0, 1, "../x"]]}\n', "a.jsonl", "allowed pattern.*a.jsonl:1"),
        ('text,label\n"a,b\n', "a.csv", "no column|neither|text"),
        ("text,label\na b,x\nc d,y,z\n", "a.csv", "a.csv:3: the column count changes: expected 2, found 3"),
        ("[]", "a.json", "no records"),
    ],
)
def test_refusals(text, name, message, tmp_path):
    with pytest.raises(SpanwrightError, match=message):
        convert_text(text, tmp_path, name=name)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    "record",
    [
        {"label": [["PER", 0, 4]]},
        {"entities": {"PER": [[0, 1]]}},
        {"entities": [[0, 4, "PER"], "LOC"]},
        {"label": ["A", 3]},
        {"label": 2.5},
        {"cats": {"A": float("nan")}},
        {"cats": {"A": 10**400}},
        {"cats": {"A": None}},
        {"label": [1, 0, 1]},
        {"spans": {"a": DICTS, "b": DICTS}},
        {"accept": ["A"], "options": 3},
        {"paragraphs": [{"sentences": [], "cats": [{"name": "A"}]}]},
        {"data": {"text": "a"}, "annotations": [{"result": [{"value": None}]}]},
    ],
)
def test_unknown_annotations_are_refused(record, tmp_path):
    with pytest.raises(SpanwrightError, match=r"a.jsonl:1: an annotation of no known shape"):
        convert_text(json.dumps({"text": TEXT, **record}) + "\n", tmp_path, name="a.jsonl")


@pytest.mark.parametrize("span", [["0", "4", "PER"], [0.0, 4.0, "PER"], {"offset": 0, "length": 4, "label": "PER"}])
def test_offsets_in_other_forms(span, tmp_path):
    text = json.dumps({"text": TEXT, "spans": [], "entities": [span]})
    assert convert_text(text, tmp_path, name="a.jsonl").spans == [[(0, 4, "PER")]]


def test_both_tasks_in_one_file(tmp_path):
    outcome = convert_text('{"text": "a b", "spans": [], "cats": {"A": 1}}', tmp_path, name="a.jsonl")
    assert outcome.docs[0].cats == {"A": 1.0}
    text = json.dumps({"text": TEXT, "spans": DICTS, "cats": {"A": 1}})
    outcome = convert_text(text, tmp_path, name="b.jsonl")
    assert outcome.docs[0].cats == {"A": 1.0} and outcome.spans == SPANS and outcome.codes == ["single-label"]
    assert all(account["written"] == account["read"] for account in outcome.ledger["annotations"].values())


@pytest.mark.parametrize(("task", "lost"), [("ner", ["A"]), ("textcat", ["PER", "LOC"])])
def test_a_task_that_is_set_reports_the_other_one(task, lost, tmp_path):
    text = json.dumps({"text": TEXT, "spans": DICTS, "cats": {"A": 1}})
    outcome = convert_text(text, tmp_path, ConvertSettings(ReadOptions(task=task)), name="b.jsonl")
    accounts = outcome.ledger["annotations"]
    assert "other-task" in outcome.codes
    assert all(accounts[label]["dropped"] == {"not of this task": 1} for label in lost)


def test_spans_after_a_first_record_of_categories(tmp_path):
    text = '{"text": "a b", "cats": {"A": 1}}\n' + json.dumps({"text": TEXT, "cats": {"A": 0}, "spans": DICTS})
    outcome = convert_text(text, tmp_path, name="a.jsonl")
    assert outcome.spans == [[], *SPANS] and [doc.cats for doc in outcome.docs] == [{"A": 1.0}, {"A": 0.0}]


def test_lists_after_one_another(tmp_path):
    text = '[{"text": "a", "spans": []}]\n[{"text": "b", "spans": []}]\n'
    assert len(convert_text(text, tmp_path, name="a.json").docs) == 2
    with pytest.raises(SpanwrightError, match=r"b.json:2: not readable as JSON"):
        convert_text('[{"text": "a", "spans": []}]\nx\n', tmp_path, name="b.json")


def test_empty_cell_of_spans(tmp_path):
    text = 'recipe,spans\na b,"[]"\nc d,\n'
    assert convert_text(text, tmp_path, name="a.csv").spans == [[], []]


def test_rejected_categories_are_dropped(tmp_path):
    text = '{"text": "a", "label": "A", "answer": "accept"}\n{"text": "b", "accept": ["A"], "answer": "ignore"}\n'
    outcome = convert_text(text, tmp_path, name="a.jsonl")
    assert len(outcome.docs) == 1 and outcome.ledger["records"]["dropped"] == {"rejected": 1}


def question(**entry):
    qas = [{"id": "q1", "question": "Who?", "answers": [{"text": "Anna", "answer_start": 0}], **entry}]
    return json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "Anna saw Anna in 1990s.", "qas": qas}]}]})


@pytest.mark.parametrize(
    ("entry", "code", "answers"),
    [
        ({}, None, [(0, "Anna")]),
        ({"answers": [{"text": "1990", "answer_start": 17}]}, None, [(17, "1990")]),
        ({"answers": [{"text": "Anna", "answer_start": 10}]}, "answer-offset", [(9, "Anna")]),
        ({"answers": [{"text": "Anna", "answer_start": 999}]}, "answer-offset", [(9, "Anna")]),
        ({"answers": [{"text": " saw ", "answer_start": 4}]}, "span-edge", [(5, "saw")]),
        ({"answers": [{"text": "SAW", "answer_start": 5}]}, "answer-offset", [(5, "saw")]),
        ({"is_impossible": True}, "impossible-answered", []),
        ({"answers": []}, "unanswered", []),
        ({"answers": [], "is_impossible": True}, None, []),
    ],
)
def test_questions(entry, code, answers, tmp_path):
    outcome = convert_text(question(**entry), tmp_path, name="a.json")
    [doc] = outcome.docs
    assert [(span.start_char, span.text) for span in doc.spans["answers"]] == answers
    assert doc.user_data[("._.", "question", None, None)] == "Who?" and doc.text == "Anna saw Anna in 1990s."
    assert doc.user_data[("._.", "question_id", None, None)] == "q1"
    assert outcome.codes == ([code] if code else [])


def test_a_question_whose_answers_are_nowhere_is_not_taken_for_impossible(tmp_path):
    nowhere = {"text": "Bob", "answer_start": 0}
    outcome = convert_text(question(answers=[nowhere]), tmp_path, name="a.json")
    assert not outcome.docs and outcome.codes == ["answer-outside"]
    assert outcome.ledger["records"]["dropped"] == {"answer outside of the context": 1}
    outcome = convert_text(question(answers=[nowhere, {"text": "Anna", "answer_start": 0}]), tmp_path, name="b.json")
    assert [span.text for span in outcome.docs[0].spans["answers"]] == ["Anna"]


def test_flat_questions(tmp_path):
    record = {"id": "1", "context": "Anna saw", "question": "Who?", "answers": {"text": ["Anna"], "answer_start": [0]}}
    outcome = convert_text(json.dumps(record) + "\n", tmp_path, name="a.jsonl")
    assert [span.text for span in outcome.docs[0].spans["answers"]] == ["Anna"]


def test_ids_and_titles_that_are_null_are_none(tmp_path):
    asked = {"id": None, "title": None, "context": "Anna saw", "question": "Who?", "answers": [], "is_impossible": True}
    [doc] = convert_text(json.dumps(asked), tmp_path, name="a.jsonl").docs
    assert [doc.user_data[("._.", name, None, None)] for name in ("question_id", "group")] == ["", ""]


@pytest.mark.parametrize(
    "entry",
    [
        {"question": 7},
        {"is_impossible": "false"},
        {"answers": [{"text": "Anna"}]},
        {"answers": [{"text": 1, "answer_start": 2}]},
    ],
)
def test_broken_questions(entry, tmp_path):
    with pytest.raises(SpanwrightError, match=r"a.json:1: not in the form of SQuAD"):
        convert_text(question(**entry), tmp_path, name="a.json")


@pytest.mark.parametrize(
    "answer", [{"answer": {"text": "Anna", "answer_start": 0}}, {"answer_text": "Anna", "answer_start": 0}]
)
def test_answers_under_other_keys_are_refused(answer, tmp_path):
    record = {"context": "Anna saw", "question": "Who?"}
    with pytest.raises(SpanwrightError, match=f"a.jsonl:1: not in the form of SQuAD.* {next(iter(answer))}"):
        convert_text(json.dumps({**record, **answer}) + "\n", tmp_path, name="a.jsonl")
    outcome = convert_text(json.dumps({**record, "answerable": False}) + "\n", tmp_path, name="b.jsonl")
    assert len(outcome.docs) == 1 and outcome.codes == ["unanswered"]


def test_long_json_is_read_in_pieces(tmp_path):
    records = [{"text": f"Anna {i} " + "x" * 5000, "entities": [[0, 4, "PER"]]} for i in range(600)]
    outcome = convert_text(json.dumps(records, indent=1), tmp_path, name="a.json")
    assert len(outcome.docs) == 600 and outcome.ledger["annotations"]["PER"]["written"] == 600


def test_json_on_one_long_line(tmp_path):
    """SQuAD itself is one line of 30 MB: longer than a line may be, but no record in it is."""
    paragraphs = json.loads(question())["data"][0]["paragraphs"]
    articles = [{"title": "x" * 1_000_000, "paragraphs": paragraphs} for _ in range(20)]
    outcome = convert_text(json.dumps({"data": articles}), tmp_path, name="a.json")
    assert len(outcome.docs) == 20 and outcome.codes == ["duplicate"] * 19


def test_similar_labels_of_spans(tmp_path):
    text = json.dumps({"text": TEXT, "entities": [[0, 4, "PER"], [9, 14, "Per"]]})
    assert convert_text(text, tmp_path, name="a.jsonl").codes == ["similar-labels"]


def test_task_can_be_set(tmp_path):
    text = '{"text": "so good", "label": "pos", "spans": [[3, 7, "ADJ"]]}\n'
    for task, spans, cats in (("ner", [[(3, 7, "ADJ")]], {}), ("textcat", [[]], {"pos": 1.0})):
        settings = ConvertSettings(ReadOptions(task=task), force=True)
        outcome = convert_text(text, tmp_path, settings, name="a.jsonl")
        assert outcome.spans == spans and outcome.docs[0].cats == cats


def test_datasets_on_disk(tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    features = {"ner_tags": {"feature": {"names": ["O", "B-PER"], "_type": "ClassLabel"}, "_type": "Sequence"}}
    table = pa.table({"tokens": [["Anna", "saw"], ["no"]], "ner_tags": [[1, 0], [0]]})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    pq.write_table(table, tmp_path / "a.parquet")
    (tmp_path / "d").mkdir()
    with pa.ipc.new_stream(str(tmp_path / "d" / "data-00000.arrow"), table.schema) as stream:
        stream.write_table(table)
    for path in (tmp_path / "a.parquet", tmp_path / "d"):
        outcome = convert_file(path, tmp_path / f"out-{path.name}")
        assert outcome.sentences == [[("Anna", "B-PER"), ("saw", "O")], [("no", "O")]]
    (tmp_path / "b.parquet").write_bytes(b"PAR1 broken")
    with pytest.raises(SpanwrightError, match="not readable as Arrow or Parquet"):
        convert_file(tmp_path / "b.parquet", tmp_path / "out")


def test_a_language_without_its_packages_is_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pythainlp.tokenize", None)
    with pytest.raises(SpanwrightError, match=r"S115.*--lang th: .*PyThaiNLP"):
        convert_text('{"text": "a", "spans": []}', tmp_path, ConvertSettings(lang="th"), name="a.jsonl")
