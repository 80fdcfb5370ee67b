"""The files under ../shared, where they are: each as it must be read, with counts taken independently."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
from helpers import SHARED, convert_file

from spanwright.errors import SpanwrightError

BAD = SHARED / "bad_inputs"
DATA = SHARED / "data"
EXPECTED = json.loads((BAD / "expected.json").read_text(encoding="utf-8")) if BAD.is_dir() else {}

needs_bad_inputs = pytest.mark.skipif(not EXPECTED, reason="../shared/bad_inputs is not here")
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="../shared/data is not here")


@needs_bad_inputs
@pytest.mark.parametrize("name", EXPECTED)
def test_bad_inputs(name, tmp_path):
    expected = EXPECTED[name]
    if expected["outcome"] == "refuses":
        with pytest.raises(SpanwrightError):
            convert_file(BAD / name, tmp_path / "out")
        assert not (tmp_path / "out").exists()
        return
    outcome = convert_file(BAD / name, tmp_path / "out")
    if "sentences" in expected:
        sentences = [[tuple(pair) for pair in sentence] for sentence in expected["sentences"]]
        assert outcome.sentences == sentences
    if expected["outcome"] in ("repairs", "warns"):
        assert all(finding["line"] for finding in outcome.findings) and outcome.findings
    if expected["outcome"] == "repairs":
        assert any(finding["applied"] for finding in outcome.findings)


@needs_bad_inputs
@pytest.mark.parametrize(
    ("name", "tokens"), [("20b_1MB_line_pipe.iob", 100_000), ("21_50k_tokens_no_blank.iob", 50_000)]
)
def test_long_inputs(name, tokens, tmp_path):
    assert [len(doc) for doc in convert_file(BAD / name, tmp_path / "out").docs] == [tokens]


def starts_in_columns(path: Path) -> Counter[str]:
    lines = path.read_text(encoding="utf-8").split("\n")
    return Counter(
        line.rstrip().split("B-")[-1] for line in lines if line.rstrip().split(" ")[-1].split("\t")[-1][:2] == "B-"
    )


def spans_in_csv(path: Path) -> Counter[str]:
    with path.open(encoding="utf-8", newline="") as file:
        return Counter(span["type"] for row in list(csv.reader(file))[1:] for span in json.loads(row[1]))


def answers_in_squad(path: Path) -> Counter[str]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    questions = [qa for article in articles for paragraph in article["paragraphs"] for qa in paragraph["qas"]]
    return Counter(answer=sum(len(qa["answers"]) for qa in questions))


def cats_in_jsonl(path: Path) -> Counter[str]:
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
    if "cats" in records[0]:
        return Counter(label for record in records for label in record["cats"])
    return Counter({label: len(records) for label in {record["label"] for record in records}})


@needs_data
@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("job_ads/train.tsv", starts_in_columns),
        ("job_ads/test.tsv", starts_in_columns),
        ("conll2003/train.txt", starts_in_columns),
        ("conll2003/valid.txt", starts_in_columns),
        ("broad_twitter/btc.train.conll", starts_in_columns),
        ("broad_twitter/btc.dev.conll", starts_in_columns),
        ("broad_twitter/h.conll", starts_in_columns),
        ("tasteset/TASTEset.csv", spans_in_csv),
        ("squad/dev.json", answers_in_squad),
        ("imdb/test-500.jsonl", cats_in_jsonl),
        ("cooking/cooking-dev.jsonl", cats_in_jsonl),
    ],
)
def test_counts_per_label(name, count, tmp_path):
    outcome = convert_file(DATA / name, tmp_path / "out")
    expected = count(DATA / name)
    accounts = outcome.ledger["annotations"]
    assert {label: account["written"] + account["repaired"] for label, account in accounts.items()} == expected
    assert all(not account["dropped"] for account in accounts.values())
    in_docs = Counter(ent.label_ for doc in outcome.docs for ent in doc.ents)
    in_docs += Counter(label for doc in outcome.docs for label in doc.cats)
    in_docs += Counter("answer" for doc in outcome.docs if "answers" in doc.spans for _ in doc.spans["answers"])
    assert in_docs == expected
