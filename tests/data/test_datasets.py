"""Hugging Face `datasets` on disk, and lists of tokens and tags as they hold them."""

import json

import pytest
from helpers import convert_file, convert_text

from spanwright.data.convert import ConvertSettings
from spanwright.data.readers.formats import ReadOptions
from spanwright.data.readers.layout import ColumnOptions
from spanwright.errors import SpanwrightError

CHUNKS = {"tokens": ["Anna", "saw"], "pos_tags": ["NNP", ","], "chunk_tags": ["B-NP", "B-VP"]}
ENTITIES = [[("Anna", "B-PER"), ("saw", "O")]]


def table_of(rows, features=None):
    pa = pytest.importorskip("pyarrow")
    named = {
        column: {"feature": {"names": names, "_type": "ClassLabel"}, "_type": "Sequence"}
        for column, names in (features or {}).items()
    }
    table = pa.table({name: [row[name] for row in rows] for name in rows[0]})
    return table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": named}})})


def write_parquet(path, rows, features=None):
    table = table_of(rows, features)
    import pyarrow.parquet as pq

    pq.write_table(table, path)
    return path


def write_arrow(path, rows, features=None):
    table = table_of(rows, features)
    import pyarrow as pa

    path.parent.mkdir(exist_ok=True)
    with pa.ipc.new_stream(str(path), table.schema) as stream:
        stream.write_table(table)
    return path


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
@pytest.mark.parametrize("tags", ["ner_tags", "tags", "labels"])
def test_tags_of_entities_go_before_chunks(name, tags, tmp_path):
    row = {**CHUNKS, tags: ["B-PER", "O"]}
    if name == "a.parquet":
        write_parquet(tmp_path / name, [row])
    else:
        (tmp_path / name).write_text(json.dumps(row))
    outcome = convert_file(tmp_path / name, tmp_path / "out", ConvertSettings(strict=True))
    assert outcome.sentences == ENTITIES and f"tags in {tags}" in outcome.decisions


def test_several_lists_of_tags_are_reported(tmp_path):
    text = json.dumps({"id": 1, "tokens": ["Anna", "saw"], "ner_tags": ["B-PER", "O"], "fine_ner_tags": ["B-X", "O"]})
    outcome = convert_text(text, tmp_path, name="a.jsonl")
    assert outcome.sentences == ENTITIES and outcome.codes == ["ambiguous-column"]
    for columns, label in (((2, 3), "B-PER"), ((2, -1), "B-X")):
        settings = ConvertSettings(ReadOptions(columns=ColumnOptions(columns=columns)), strict=True, force=True)
        assert convert_text(text, tmp_path, settings, name="a.jsonl").sentences[0][0] == ("Anna", label)
    with pytest.raises(SpanwrightError, match=r"S113.* 4 columns"):
        settings = ConvertSettings(ReadOptions(columns=ColumnOptions(columns=(2, 9))), force=True)
        convert_text(text, tmp_path, settings, name="a.jsonl")


@pytest.mark.parametrize("bad", [{"tokens": [None], "ner_tags": ["O"]}, {"tokens": ["x"], "ner_tags": [None]}])
@pytest.mark.parametrize("first", [{"ner_tags": ["B-PER"]}, {"ner_tags": [None], "chunk_tags": ["B-NP"]}])
def test_nothing_in_the_place_of_a_token_or_a_tag_is_refused(first, bad, tmp_path):
    rows = [{"tokens": ["Anna"], **first}, bad]
    with pytest.raises(SpanwrightError, match=r"S125.*a.jsonl: row [12]: .* null"):
        convert_text("\n".join(map(json.dumps, rows)), tmp_path, name="a.jsonl")


def test_sentences_without_tokens_are_dropped(tmp_path):
    rows = [{"tokens": ["Anna"], "ner_tags": ["B-PER"]}, {"tokens": [], "ner_tags": []}]
    write_parquet(tmp_path / "b.parquet", rows)
    for outcome in (
        convert_text("\n".join(map(json.dumps, rows)), tmp_path, name="a.jsonl"),
        convert_file(tmp_path / "b.parquet", tmp_path / "out"),
    ):
        assert outcome.sentences == [[("Anna", "B-PER")]]
        assert outcome.ledger["records"] == {"read": 2, "written": 1, "repaired": 0, "dropped": {"no token": 1}}
        assert [(f["code"], f["line"]) for f in outcome.findings] == [("empty-text", 2)]
    with pytest.raises(SpanwrightError, match="no records"):
        convert_text(json.dumps(rows[1]), tmp_path, name="c.jsonl")


def test_labels_below_zero_are_none(tmp_path):
    rows = [{"text": text, "label": label} for text, label in (("so bad", 0), ("so good", 1), ("so what", -1))]
    write_parquet(tmp_path / "a.parquet", rows, {"label": ["neg", "pos"]})
    outcome = convert_file(tmp_path / "a.parquet", tmp_path / "out")
    assert outcome.docs[2].cats == {"neg": 0.0, "pos": 0.0} and "missing-label" in outcome.codes


def test_a_file_that_was_cut_off_is_refused(tmp_path):
    rows = [{"text": f"so it was, {i}", "label": i % 2} for i in range(1000)]
    path = write_arrow(tmp_path / "d" / "data-00000.arrow", rows)
    path.write_bytes(path.read_bytes()[:-5000])
    with pytest.raises(SpanwrightError, match=r"data-00000.arrow: not readable as Arrow.*to_parquet\.$"):
        convert_file(tmp_path / "d", tmp_path / "out")


def test_files_that_are_not_of_the_dataset_are_reported(tmp_path):
    rows = [{"text": "so bad", "label": "neg"}, {"text": "so good", "label": "pos"}]
    for name in ("data-00000.arrow", "cache-1a2b.arrow"):
        write_arrow(tmp_path / "d" / name, rows)
    state = tmp_path / "d" / "state.json"
    state.write_text(json.dumps({"_data_files": [{"filename": "data-00000.arrow"}]}))
    outcome = convert_file(tmp_path / "d", tmp_path / "out")
    assert len(outcome.docs) == 2
    assert [(f["code"], f["found"]) for f in outcome.findings] == [("ignored-file", "cache-1a2b.arrow")]
    state.write_text(json.dumps({"_data_files": [{"filename": "data-00000.arrow"}, {"filename": "data-00001.arrow"}]}))
    with pytest.raises(SpanwrightError, match=r"data-00001\.arrow: not readable"):
        convert_file(tmp_path / "d", tmp_path / "out2")
    state.write_text("{")
    with pytest.raises(SpanwrightError, match=r"state.json:1: not readable as JSON"):
        convert_file(tmp_path / "d", tmp_path / "out2")


@pytest.mark.parametrize(("format", "name"), [("folders", "a.jsonl"), ("columns", "d"), ("csv", "d")])
def test_a_format_that_a_path_cannot_have_is_refused(format, name, tmp_path):
    (tmp_path / "d" / "pos").mkdir(parents=True)
    (tmp_path / "d" / "pos" / "1.txt").write_text("so good")
    (tmp_path / "a.jsonl").write_text('{"text": "so good", "label": "pos"}')
    with pytest.raises(SpanwrightError, match=rf"S136.*{name}: a f.* --format {format}"):
        convert_file(tmp_path / name, tmp_path / "out", ConvertSettings(ReadOptions(format=format)))
