import json
import random
from collections import Counter
from pathlib import Path

import pytest
from helpers import convert_text, read_corpus

from spanwright.data.convert import ConvertSettings, convert
from spanwright.data.records import CategoryRecord
from spanwright.data.splitting import parse_shares, plan_split
from spanwright.errors import SpanwrightError

RECORDS = [
    CategoryRecord("a", i, f"text {i}", {"common": float(i % 20 != 0), "rare": float(i % 20 == 0)}, group=str(i // 10))
    for i in range(1000)
]


def test_shares_hold_for_every_label():
    split = plan_split(RECORDS, (80, 10, 10))
    for rare, total in ((False, 950), (True, 50)):
        parts = Counter(split.part(record) for record in RECORDS if bool(record.cats["rare"]) is rare)
        assert {part: round(100 * count / total) for part, count in parts.items()} == {
            "train": 80,
            "dev": 10,
            "test": 10,
        }


def test_order_does_not_matter():
    shuffled = random.Random(0).sample(RECORDS, len(RECORDS))
    assert plan_split(RECORDS, (90, 10)).parts == plan_split(shuffled, (90, 10)).parts


def test_few_new_records_move_few_old_ones():
    before, after = plan_split(RECORDS[:990], (80, 20)), plan_split(RECORDS, (80, 20))
    moved = sum(before.part(record) != after.part(record) for record in RECORDS[:990])
    assert moved < 50


def test_groups_stay_whole():
    split = plan_split(RECORDS, (80, 10, 10), by_group=True)
    parts = {(record.group, split.part(record)) for record in RECORDS}
    assert len(parts) == 100 and Counter(part for _, part in parts) == {"train": 80, "dev": 10, "test": 10}


def test_groups_with_a_text_in_common_stay_together():
    records = [CategoryRecord("a", i, f"text {i % 90}", {"x": 1.0}, group=str(i // 3)) for i in range(300)]
    split = plan_split(records, (50, 50), by_group=True)
    parts = {(record.text, split.part(record)) for record in records}
    assert len(parts) == 90 and {part for _, part in parts} == {"train", "dev"}


def test_a_label_that_becomes_rarer_than_another_moves_few_records():
    def record(i, labels):
        return CategoryRecord("a", i, f"text {i}", dict.fromkeys(labels, 1.0))

    both = [record(i, ("x", "y")) for i in range(1000)]
    before = plan_split([*both, record(-1, ("x",))], (80, 10, 10))
    after = plan_split([*both, *(record(-i, ("y",)) for i in range(1, 4))], (80, 10, 10))
    assert sum(before.part(one) != after.part(one) for one in both) < 50


def test_labels_of_one_record_do_not_all_train():
    records = [CategoryRecord("a", i, f"text {i}", {f"label {i}": 1.0}) for i in range(1000)]
    split = plan_split(records, (80, 10, 10))
    parts = Counter(split.part(record) for record in records)
    assert 750 < parts["train"] < 850 and 70 < parts["dev"] < 130


@pytest.mark.parametrize("text", ["80/10", "100", "80/10/10/0", "a/b", "110/-10", "100/0", ""])
def test_shares_must_add_up(text):
    with pytest.raises(SpanwrightError, match="--split"):
        parse_shares(text)


def test_equal_texts_never_part(tmp_path):
    rows = "".join(f"word{i % 50}\tB-X\nis\tO\n\n" for i in range(200))
    outcome = convert_text(rows, tmp_path, ConvertSettings(split=(80, 20)))
    train, dev = ({doc.text for doc in read_corpus(tmp_path / "out" / f"a-{part}.spacy")} for part in ("train", "dev"))
    assert (len(train), len(dev), train & dev) == (40, 10, set())
    assert outcome.ledger["records"]["written"] == 200 == len(outcome.docs)


def test_duplicates_are_dropped_on_demand(tmp_path):
    outcome = convert_text("a\tB-X\n\n" * 3 + "a\tO\n", tmp_path, ConvertSettings(dedupe=True))
    assert outcome.sentences == [[("a", "B-X")], [("a", "O")]]
    assert outcome.codes == ["duplicate", "duplicate", "conflict"]
    assert outcome.ledger["records"]["dropped"] == outcome.ledger["annotations"]["X"]["dropped"] == {"duplicate": 2}


def test_a_variant_that_comes_again_is_a_duplicate(tmp_path):
    rows = [json.dumps({"text": "so", "label": label}) for label in "abba"]
    outcome = convert_text("\n".join(rows), tmp_path, ConvertSettings(dedupe=True), name="a.jsonl")
    assert [max(doc.cats, key=doc.cats.get) for doc in outcome.docs] == ["a", "b"]
    found = [(f["code"], f["line"], f["found"][-2:]) for f in outcome.findings if f["code"] != "similar-labels"]
    assert found == [("conflict", 2, "se"), ("duplicate", 3, ":2"), ("duplicate", 4, ":1")]


@pytest.mark.parametrize(("groups", "reported"), [(2, ["100.0/0.0/0.0 for 80/10/10"]), (50, [])])
def test_shares_that_groups_do_not_allow_are_reported(groups, reported, tmp_path):
    rows = [json.dumps({"text": f"text {i}", "label": "a", "group": 4 + i % groups}) for i in range(50)]
    settings = ConvertSettings(split=(80, 10, 10), by_group=True)
    outcome = convert_text("\n".join(rows), tmp_path, settings, name="a.jsonl")
    assert [f["found"] for f in outcome.findings if f["code"] == "uneven-split"] == reported


def test_texts_in_two_inputs_are_reported(tmp_path):
    for name, text in (("train", "a\tB-X\n\nb\tO\n"), ("dev", "c\tB-X\n\na\tB-X\n")):
        (tmp_path / f"{name}.tsv").write_text(text)
    _, dev = convert([tmp_path / "train.tsv", tmp_path / "dev.tsv"], tmp_path / "out", ConvertSettings())
    [finding] = dev.findings.examples["train-dev-overlap"]
    assert finding.line == 3 and finding.found.endswith("train.tsv:1")


@pytest.mark.parametrize("meta", [{"group": None}, {"meta": {"group": None}}])
def test_a_group_that_is_null_is_none(meta, tmp_path):
    rows = [json.dumps({"text": f"text {i}", "label": "ab"[i % 2], **meta}) for i in range(50)]
    convert_text("\n".join(rows), tmp_path, ConvertSettings(split=(80, 10, 10), by_group=True), name="a.jsonl")
    assert [len(read_corpus(tmp_path / "out" / f"a-{part}.spacy")) for part in ("train", "dev", "test")] == [40, 4, 6]


def test_the_folder_one_stands_in_has_a_name(tmp_path, monkeypatch):
    (tmp_path / "films" / "neg").mkdir(parents=True)
    (tmp_path / "films" / "neg" / "1.txt").write_text("dull")
    monkeypatch.chdir(tmp_path / "films")
    [result] = convert([Path()], tmp_path / "out", ConvertSettings())
    assert result.docs == {tmp_path / "out" / "films.spacy": 1}


def overlaps(inputs, out):
    *_, last = convert(inputs, out, ConvertSettings())
    return [(f.file, f.line, f.found) for f in last.findings.examples.get("train-dev-overlap", [])]


def test_texts_in_inputs_of_other_formats_are_reported(tmp_path):
    paths = [tmp_path / name for name in ("a.tsv", "b.jsonl", "c.json")]
    paths[0].write_text("x\tO\n\nAnna\tB-PER\nleft\tO\n.\tO\n")
    paths[1].write_text('{"text": "Anna left.", "spans": []}\n')
    asked = {"context": "Anna left.", "question": "Who?", "answers": [], "is_impossible": True}
    paths[2].write_text(json.dumps(asked))
    assert overlaps(paths[:2], tmp_path / "one") == [(str(paths[1]), 1, f"the text of {paths[0]}:3")]
    assert overlaps([tmp_path / "one" / "a.spacy", paths[2]], tmp_path / "two") == [
        (str(paths[2]), 1, f"the text of {tmp_path / 'one' / 'a.spacy'}:2")
    ]


def test_texts_in_two_folders_are_reported_with_their_files(tmp_path):
    for name in ("train", "dev"):
        (tmp_path / name / "neg").mkdir(parents=True)
        (tmp_path / name / "neg" / f"{name}.txt").write_text("so dull")
    old, new = (tmp_path / name / "neg" / f"{name}.txt" for name in ("train", "dev"))
    assert overlaps([tmp_path / "train", tmp_path / "dev"], tmp_path / "out") == [(str(new), 1, f"the text of {old}:1")]
