import json
import subprocess
import sys
from pathlib import Path

import pytest
from spacy.tokens import DocBin
from spacy.vocab import Vocab

ROOT = Path(__file__).parents[2]
GOOD = "Anna\tB-PER\nsaw\tO\n"


def run(*arguments):
    command = [sys.executable, str(ROOT / "scripts" / "convert.py"), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture
def good(tmp_path):
    path = tmp_path / "good.tsv"
    path.write_text(GOOD)
    return path


def test_writes_corpus_ledger_and_report(good, tmp_path):
    done = run(good, "--out", tmp_path / "corpus", "--name", "train", "--report", tmp_path / "report.json")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "corpus").iterdir()) == ["train.ledger.json", "train.spacy"]
    ledger = json.loads((tmp_path / "corpus" / "train.ledger.json").read_text())
    assert ledger["records"] == {"read": 1, "written": 1, "repaired": 0, "dropped": {}}
    assert json.loads((tmp_path / "report.json").read_text())["inputs"] == [ledger]
    for shown in ("format columns", "separated by tab", "scheme IOB2", "PER", "1 documents"):
        assert shown in done.stdout
    again = run(good, "--out", tmp_path / "corpus", "--name", "train")
    assert again.returncode == 1 and "Use --force" in again.stdout + again.stderr
    assert run(good, "--out", tmp_path / "corpus", "--name", "train", "--force").returncode == 0


def test_one_bad_input_leaves_nothing(good, tmp_path):
    (tmp_path / "bad.tsv").write_bytes(b"a\xff\tO\n")
    done = run(good, tmp_path / "bad.tsv", "--out", tmp_path / "corpus", "--report", tmp_path / "report.json")
    assert done.returncode == 1 and "bad.tsv:1" in done.stdout.replace("\n", "") + done.stderr.replace("\n", "")
    assert not (tmp_path / "corpus").exists() and not (tmp_path / "report.json").exists()


def test_two_inputs_of_one_name(good, tmp_path):
    (tmp_path / "good.iob").write_text(GOOD)
    done = run(good, tmp_path / "good.iob", "--out", tmp_path / "corpus")
    assert done.returncode == 1 and "would both be written" in done.stdout + done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--task", "pos"],
        ["--columns", "0,1"],
        ["--split", "50/20"],
        ["--label-pattern", "("],
        ["--expand", "--drop"],
        ["--nmae", "x"],
        ["--name", "x/y"],
        ["--name", ".."],
        ["--report", "{folder}"],
        ["--report", "{folder}/good.tsv"],
        ["--report", "{folder}/good.tsv/report.json"],
        ["--out", "{folder}/good.tsv"],
        ["--out", "{folder}/good.tsv/corpus"],
    ],
)
def test_wrong_usage(arguments, good, tmp_path):
    arguments = [argument.format(folder=tmp_path) for argument in arguments]
    done = run(good, "--out", tmp_path / "corpus", *arguments)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["good.tsv"] and good.read_text() == GOOD


def test_name_goes_with_one_input(good, tmp_path):
    assert run(good, good, "--out", tmp_path / "corpus", "--name", "x").returncode == 2


def test_strict_and_missing_files(tmp_path):
    (tmp_path / "a.tsv").write_text(GOOD + "x\n")
    for arguments in ([tmp_path / "a.tsv", "--strict"], [tmp_path / "none.tsv"]):
        done = run(*arguments, "--out", tmp_path / "corpus")
        assert done.returncode == 1 and not (tmp_path / "corpus").exists()


def test_strict_leaves_the_report(tmp_path):
    (tmp_path / "a.tsv").write_text(GOOD + "x\n\nhere\tI-LOC\ny\n")
    report = tmp_path / "report.json"
    done = run(tmp_path / "a.tsv", "--strict", "--out", tmp_path / "corpus", "--report", report)
    assert done.returncode == 1 and "a.tsv:3: missing-tag" in done.stdout and not (tmp_path / "corpus").exists()
    written = json.loads(report.read_text())
    found = {(one["code"], one["line"]) for one in written["findings"]}
    assert found == {("missing-tag", 3), ("orphan-inside", 5), ("missing-tag", 6)}
    assert "a.tsv:3" in written["refused"] and written["inputs"] == []


def test_messages_are_not_wrapped(tmp_path):
    folder = tmp_path / ("long" * 30)
    folder.mkdir()
    (folder / "a.tsv").write_text(GOOD + "x\n")
    done = run(folder / "a.tsv", "--out", tmp_path / "corpus")
    assert f"first at {folder / 'a.tsv'}:3: x" in done.stdout
    assert f"1 documents: {tmp_path / 'corpus' / 'a.spacy'}" in done.stdout


def test_categories_may_have_slashes_and_emoji(tmp_path):
    labels = ["full time / part time", "50% (remote)", "👨\u200d🍳 cook", "C++/C#", "\u0642\u0627\u0646\u0648\u0646"]
    rows = [{"text": f"text {i}", "label": label} for i, label in enumerate(labels)]
    path = tmp_path / "ads.jsonl"
    path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    done = run(path, "--task", "textcat", "--out", tmp_path / "corpus")
    assert done.returncode == 0, done.stdout + done.stderr
    docs = DocBin().from_disk(tmp_path / "corpus" / "ads.spacy").get_docs(Vocab())
    assert [max(doc.cats, key=doc.cats.get) for doc in docs] == labels
    for bad in ("two\nlines", "tab\tin", "x" * 101):
        path.write_text(json.dumps({"text": "text", "label": bad}) + "\n" + json.dumps(rows[0]) + "\n")
        done = run(path, "--task", "textcat", "--out", tmp_path / "other")
        assert done.returncode == 1 and "ads.jsonl:1" in done.stdout and "Traceback" not in done.stderr
