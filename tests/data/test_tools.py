"""What annotation tools really write."""

import json

import pytest
from helpers import convert_text

from spanwright.data.convert import ConvertSettings
from spanwright.data.readers.formats import ReadOptions
from spanwright.data.readers.layout import ColumnOptions
from spanwright.errors import SpanwrightError

TEXT = "Anna saw Paris."
SPANS = [(0, 4, "PER"), (9, 14, "LOC")]
LABELLED = [
    {"start": 0, "end": 4, "text": "Anna", "labels": ["PER"]},
    {"start": 9, "end": 14, "text": "Paris", "labels": ["LOC"]},
]


def results(*values, name="text", kind="labels"):
    return [{"from_name": "x", "to_name": name, "type": kind, "value": value} for value in values]


def task(*annotations, data=None, **more):
    return {"id": 1, "data": data or {"text": TEXT}, "annotations": list(annotations), **more}


def convert_value(value, tmp_path, settings=None):
    return convert_text(json.dumps([value]), tmp_path, settings, name="a.json")


@pytest.mark.parametrize(
    "data",
    [
        {"title": "A story of Anna", "text": TEXT},
        {"ref": "r1", "story": TEXT},
        {"author": "Bo", "story": TEXT, "url": "x"},
    ],
)
def test_label_studio_finds_the_text_that_is_annotated(data, tmp_path):
    outcome = convert_value(task({"result": results(*LABELLED)}, data=data), tmp_path)
    assert outcome.docs[0].text == TEXT and outcome.spans == [SPANS]


def test_label_studio_with_several_texts_that_may_be_meant(tmp_path):
    done = {"result": results({"choices": ["a"]}, name="review")}
    with pytest.raises(SpanwrightError, match="which of several texts"):
        convert_value(task(done, data={"one": "x y", "two": "y z"}), tmp_path)


def test_label_studio_with_several_annotators(tmp_path):
    first, second = {"result": results(*LABELLED)}, {"result": results(LABELLED[0])}
    outcome = convert_value(task(first, second), tmp_path)
    assert outcome.spans == [SPANS] and outcome.codes == ["other-annotator"]
    assert outcome.ledger["annotations"]["PER"] == {
        "read": 2,
        "written": 1,
        "repaired": 0,
        "dropped": {"another annotator": 1},
    }
    for annotations in ([first, first], [{"was_cancelled": True, "result": []}, first]):
        agreed = convert_value(task(*annotations), tmp_path, ConvertSettings(force=True, strict=True))
        assert agreed.spans == [SPANS] and not agreed.codes
    truth = convert_value(task(second, {**first, "ground_truth": True}), tmp_path, ConvertSettings(force=True))
    assert truth.spans == [SPANS]
    with pytest.raises(SpanwrightError, match="other-annotator"):
        convert_value(task(first, second), tmp_path, ConvertSettings(force=True, strict=True))


def test_label_studio_keeps_spans_and_categories(tmp_path):
    done = {"result": [*results(*LABELLED), *results({"choices": ["good"]}, kind="choices")]}
    outcome = convert_value(task(done), tmp_path)
    assert outcome.spans == [SPANS] and outcome.docs[0].cats == {"good": 1.0}


@pytest.mark.parametrize(
    "result",
    [
        {"from_id": "a", "to_id": "b", "type": "relation", "direction": "right"},
        *results({"rating": 4}, kind="rating"),
        *results({"start": "/p[1]/text()[1]", "hypertextlabels": ["PER"]}, kind="hypertextlabels"),
        *results({"start": 0, "end": 4, "choices": ["sure"]}, kind="choices"),
    ],
)
def test_label_studio_reports_what_is_neither(result, tmp_path):
    outcome = convert_value(task({"result": [*results(*LABELLED), result]}), tmp_path)
    assert outcome.spans == [SPANS] and outcome.codes == ["unread"]


def test_label_studio_names_a_tag_like_another_text(tmp_path):
    """`to_name` is what a tag of the project is called, which need not be the key of its text."""
    data = {"text": "case 17", "content": TEXT}
    outcome = convert_value(task({"result": results(*LABELLED)}, data=data), tmp_path)
    assert outcome.docs[0].text == TEXT and not outcome.codes


@pytest.mark.parametrize("annotations", [[{"result": None}], [{"result": []}]])
def test_label_studio_without_results(annotations, tmp_path):
    assert convert_value(task(*annotations), tmp_path).spans == [[]]


@pytest.mark.parametrize(
    "value",
    [
        {"text": TEXT, "id": 1, "ner": LABELLED, "annotator": 1, "annotation_id": 1, "lead_time": 3.5},
        {"text": TEXT, "entities_found": [{"start": s, "end": e, "label": label} for s, e, label in SPANS]},
        {"data": TEXT, "id": 1, "label": [list(span) for span in SPANS]},
        {"sentence": TEXT, "ents": [{"beginningIndex": s, "endIndex": e, "category": c} for s, e, c in SPANS]},
        {"text": TEXT, "ents": [], "spans": {"sc": [{"start": s, "end": e, "label": c} for s, e, c in SPANS], "x": []}},
        {
            "documentName": "d",
            "document": TEXT,
            "tokens": [{"text": TEXT[s:e], "start": s, "end": e, "entityLabel": c} for s, e, c in SPANS],
            "relations": [],
        },
    ],
)
def test_keys_of_other_tools(value, tmp_path):
    outcome = convert_value(value, tmp_path)
    assert outcome.spans == [SPANS] and not outcome.codes


@pytest.mark.parametrize("tags", [("I-PER", "O"), ("B-PER", "O"), ("B-PER", "L-LOC"), ("B-PER", "I-PER")])
def test_tags_of_spacy2_that_break_the_rules_are_refused(tags, tmp_path):
    tokens = [{"orth": word, "ner": tag} for word, tag in zip(("Anna", "saw"), tags, strict=True)]
    with pytest.raises(SpanwrightError, match=r"a.json:1: .*the tags are no BILUO: .* at '(Anna|saw)'"):
        convert_value({"id": 0, "paragraphs": [{"sentences": [{"tokens": tokens}]}]}, tmp_path)


def test_tokens_of_spacy_are_no_spans(tmp_path):
    value = {
        "text": TEXT,
        "ents": [{"start": s, "end": e, "label": c} for s, e, c in SPANS],
        "sents": [{"start": 0, "end": 15}],
        "tokens": [{"id": 0, "start": 0, "end": 4, "tag": "NNP", "pos": "PROPN"}],
    }
    assert convert_value(value, tmp_path).spans == [SPANS]


@pytest.mark.parametrize("value", [{"sentiment": "pos"}, {"sentiment": {"choices": ["pos"]}}, {"label": ["pos"]}])
def test_categories_of_other_tools(value, tmp_path):
    outcome = convert_value({"text": TEXT, "annotator": 1, "annotation_id": 1, **value}, tmp_path)
    assert outcome.docs[0].cats == {"pos": 1.0}


def test_relations_are_reported(tmp_path):
    entities = [{"id": i, "start_offset": s, "end_offset": e, "label": c} for i, (s, e, c) in enumerate(SPANS)]
    value = {"text": TEXT, "entities": entities, "relations": [{"from_id": 0, "to_id": 1, "type": "saw"}]}
    outcome = convert_value(value, tmp_path)
    assert outcome.spans == [SPANS]
    assert [(f["code"], f["found"]) for f in outcome.findings] == [("unread", "1 relations")]


@pytest.mark.parametrize(
    "value",
    [
        {"category": "books", "label": "neg"},
        {"label": "neg", "labels": ["neg", "slow"]},
        {"cats": {"neg": 0}, "label": "neg"},
        {"intent": "ask", "topic": "books"},
    ],
)
def test_keys_with_different_categories_are_refused(value, tmp_path):
    with pytest.raises(SpanwrightError, match=r"a.json:1: .*hold different categories"):
        convert_value({"text": TEXT, **value}, tmp_path)


@pytest.mark.parametrize(
    "value",
    [
        {"cats": {"neg": 1, "pos": 0}, "label": "neg", "labels": ["neg"]},
        {"cats": {"neg": 0.8, "pos": 0.2}, "label": "neg"},
        {"label": "neg", "labels": [], "class": None, "category": " ", "topic": "books"},
        {"options": [{"id": "pos"}, {"id": "neg"}], "accept": ["neg"], "label": "pos", "answer": "accept"},
        {"label": "neg", "labels": [[0, 4, "PER"]]},
    ],
)
def test_keys_that_agree_or_hold_no_category(value, tmp_path):
    cats = convert_value({"text": TEXT, **value}, tmp_path).docs[0].cats
    assert max(cats, key=cats.get) == "neg"


def test_prodigy_answers_about_one_label(tmp_path):
    rows = [{"text": "a b", "label": "A", "answer": answer} for answer in ("accept", "reject", "ignore")]
    outcome = convert_text("\n".join(map(json.dumps, rows)), tmp_path, name="a.jsonl")
    assert [doc.cats for doc in outcome.docs] == [{"A": 1.0}, {"A": 0.0}]


@pytest.mark.parametrize("options", [None, []])
def test_prodigy_choices_without_options(options, tmp_path):
    outcome = convert_value({"text": "a b", "options": options, "accept": ["A"], "answer": "accept"}, tmp_path)
    assert outcome.docs[0].cats == {"A": 1.0}


@pytest.mark.parametrize("paragraphs", [None, 7, "x", {}])
def test_paragraphs_that_are_no_list(paragraphs, tmp_path):
    with pytest.raises(SpanwrightError, match=r"a.json:1: an annotation of no known shape: no text"):
        convert_value({"id": 0, "paragraphs": paragraphs}, tmp_path)


def test_records_without_a_category(tmp_path):
    rows = ['{"text": "a", "label": "A"}', '{"text": "b", "label": null}', '{"text": "c", "label": []}']
    outcome = convert_text("\n".join(rows), tmp_path, name="a.jsonl")
    assert [(doc.text, doc.cats) for doc in outcome.docs] == [("a", {"A": 1.0}), ("b", {"A": 0.0}), ("c", {"A": 0.0})]
    assert [(f["code"], f["line"]) for f in outcome.findings] == [("missing-label", 2), ("no-category", 3)]
    assert outcome.ledger["records"]["repaired"] == 1 and outcome.findings[0]["applied"]


def test_a_record_without_a_category_beside_scores_is_left_so(tmp_path):
    rows = ['{"text": "a", "cats": {"A": 1}}', '{"text": "b"}', '{"text": "c", "cats": {"A": 0}}']
    outcome = convert_text("\n".join(rows), tmp_path, name="a.jsonl")
    assert [doc.cats for doc in outcome.docs] == [{"A": 1.0}, {}, {"A": 0.0}]
    assert [(f["code"], f["applied"]) for f in outcome.findings] == [("missing-label", False)]
    assert outcome.ledger["records"]["repaired"] == 0


EMOJI = "😀 Anna 😀 saw Zürich."


@pytest.mark.parametrize(
    ("spans", "unit"),
    [
        ([(2, 6), (13, 19)], ""),
        ([(3, 7), (15, 21)], "UTF-16 units"),
        ([(5, 9), (19, 26)], "bytes"),
        ([(2, 6), (15, 21)], ""),
    ],
)
@pytest.mark.parametrize("quoted", [True, False])
def test_offsets_in_other_units(spans, unit, quoted, tmp_path):
    names = [{"text": name} if quoted else {} for name in ("Anna", "Zürich")]
    entities = [{"start": s, "end": e, "label": "X", **name} for (s, e), name in zip(spans, names, strict=True)]
    outcome = convert_value({"text": EMOJI, "spans": entities}, tmp_path)
    if unit and not quoted:
        assert outcome.codes[0] == "other-offsets" and f"may count {unit}" in outcome.decisions
        assert not outcome.findings[0]["applied"]
    elif unit:
        assert outcome.spans == [[(2, 6, "X"), (13, 19, "X")]]
        assert outcome.codes == ["other-offsets"] and unit in outcome.decisions
        assert outcome.ledger["annotations"]["X"]["repaired"] == 2
        with pytest.raises(SpanwrightError, match="other-offsets"):
            convert_value({"text": EMOJI, "spans": entities}, tmp_path, ConvertSettings(force=True, strict=True))
    else:
        assert "other-offsets" not in outcome.codes and outcome.spans[0][0] == (2, 6, "X")


@pytest.mark.parametrize("more", [{}, {"text": "Anna saw", "id": 1}])
def test_lists_of_tokens_and_tags(more, tmp_path):
    rows = [{"tokens": ["Anna", "saw"], "pos_tags": [1, 2], "ner_tags": ["B-PER", "O"], **more}]
    rows.append({"tokens": ["Bo"], "pos_tags": [1], "ner_tags": ["B-PER"], **more})
    outcome = convert_text("\n".join(map(json.dumps, rows)), tmp_path, name="a.jsonl")
    assert outcome.sentences == [[("Anna", "B-PER"), ("saw", "O")], [("Bo", "B-PER")]]
    for tags, message in ((["B-PER"], "S125.*a.jsonl: row 3"), (None, "S125")):
        bad = [*rows, {"tokens": ["Anna", "saw"], "ner_tags": tags}]
        with pytest.raises(SpanwrightError, match=message):
            convert_text("\n".join(map(json.dumps, bad)), tmp_path, ConvertSettings(force=True), name="a.jsonl")


def test_tags_as_numbers_are_refused(tmp_path):
    with pytest.raises(SpanwrightError, match="S130"):
        convert_value({"tokens": ["Anna", "saw"], "ner_tags": [1, 0]}, tmp_path)


def test_offsets_of_many_words_need_no_quotes(tmp_path):
    spans = [[3, 7, "X"], [15, 21, "X"]]
    rows = [json.dumps({"text": EMOJI, "entities": spans}), json.dumps({"text": EMOJI + " 😀", "entities": spans})]
    outcome = convert_text("\n".join(rows), tmp_path, name="a.jsonl")
    assert outcome.spans == [[(2, 6, "X"), (13, 19, "X")]] * 2
    assert outcome.codes == ["other-offsets"] * 2


def test_a_span_that_cuts_a_character_is_reported(tmp_path):
    rows = [json.dumps({"text": EMOJI, "entities": [[3, 7, "X"], [15, 21, "X"]]})] * 2
    rows.append(json.dumps({"text": EMOJI, "entities": [[1, 7, "Y"]]}))
    outcome = convert_text("\n".join(rows), tmp_path, name="a.jsonl")
    found = [(f["found"], f["applied"]) for f in outcome.findings if f["code"] == "other-offsets" and f["line"] == 3]
    assert found == [("Y 1-7 cuts a character", False)]


def test_ends_that_are_included_are_reported_with_the_place_meant(tmp_path):
    value = {"text": TEXT, "spans": [{"start": 9, "end": 13, "label": "LOC", "text": "Paris"}]}
    [finding] = [f for f in convert_value(value, tmp_path).findings if f["code"] == "span-text"]
    assert finding["repair"] == "move it to 9-14, where 'Paris' stands" and not finding["applied"]
    with pytest.raises(SpanwrightError, match="span-text"):
        convert_value(value, tmp_path, ConvertSettings(strict=True, force=True))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"tokens": ["Anna\ud83d"], "ner_tags": ["B-PER"]}, "S129.*a.json:1: half of a surrogate pair"),
        ({"tokens": ["Anna"], "ner_tags": ["B-X\ud83d"]}, "S110.*a.json:1"),
        ({"text": "a b", "label": "A\ud83d"}, "S110.*a.json:1"),
        ({"text": "a b", "spans": [[0, 1, "A\ud83d"]]}, "S110.*a.json:1"),
    ],
)
@pytest.mark.parametrize("pattern", [None, ".*"])
def test_halves_of_surrogate_pairs_are_refused(value, message, pattern, tmp_path):
    with pytest.raises(SpanwrightError, match=message):
        convert_value(value, tmp_path, ConvertSettings(ReadOptions(columns=ColumnOptions(label_pattern=pattern))))


def test_findings_hold_no_halves_of_surrogate_pairs(tmp_path):
    rows = [{"text": "a\ud83d", "spans": [], "answer": "reject"}, {"text": "b", "spans": [[0, 1, "X"]]}]
    outcome = convert_text("\n".join(map(json.dumps, rows)), tmp_path, name="a.jsonl")
    assert [(finding["code"], finding["found"]) for finding in outcome.findings] == [("rejected", "a?")]


def test_control_characters_in_lists_of_tokens_are_reported(tmp_path):
    outcome = convert_value({"tokens": ["a\0", "b"], "ner_tags": ["B-X", "O"]}, tmp_path)
    assert outcome.codes == ["control-character"]
