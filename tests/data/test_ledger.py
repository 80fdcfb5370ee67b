"""Nothing is lost: ledgers balance, and texts and offsets survive the way through `.spacy`."""

import json
import tempfile
from collections import Counter
from pathlib import Path

import pytest
from fuzz_readers import attempt
from helpers import convert_text
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.data.convert import ConvertSettings
from spanwright.data.ledger import Account, Ledger
from spanwright.errors import SpanwrightError

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30).filter(str.strip)
SPANS = st.lists(st.tuples(st.integers(-2, 32), st.integers(-2, 32), st.sampled_from(["A", "B", "Ä b"])), max_size=4)
ROWS = st.tuples(
    st.sampled_from(["a", "b", ".", "", " ", "c d"]), st.sampled_from(["O", "B-A", "I-A", "B-B", "I-B", ""])
)
QUICK = settings(deadline=None, max_examples=40)


def balances(account):
    return account["read"] == account["written"] + account["repaired"] + sum(account["dropped"].values())


def check(outcome, records, labels):
    accounts = outcome.ledger["annotations"]
    assert all(map(balances, [outcome.ledger["records"], *accounts.values()]))
    assert outcome.ledger["records"]["read"] == records
    assert {name: account["read"] for name, account in accounts.items() if account["read"]} == dict(labels)
    kept = Counter(label for spans in outcome.spans for _, _, label in spans)
    assert {name: a["written"] + a["repaired"] for name, a in accounts.items() if a["written"] + a["repaired"]} == kept


@QUICK
@given(
    st.lists(st.tuples(TEXTS, SPANS), min_size=1, max_size=4), st.sampled_from(["split", "expand", "contract", "drop"])
)
def test_spans_balance(records, alignment):
    with tempfile.TemporaryDirectory() as folder:
        lines = [json.dumps({"text": text, "entities": spans}) for text, spans in records]
        outcome = convert_text("\n".join(lines), Path(folder), ConvertSettings(alignment=alignment), name="a.jsonl")
    check(outcome, len(records), Counter(label for _, spans in records for _, _, label in spans))
    assert [doc.text for doc in outcome.docs] == [text for text, _ in records]


@QUICK
@given(TEXTS, st.data())
def test_offsets_survive(text, data):
    """Spans with something at their edges and nothing in common come back as they went in, whatever the tokenizer does."""
    edges = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    pairs = list(zip(edges[::2], edges[1::2], strict=False))
    spans = [(start, end, "X") for start, end in pairs if text[start:end] == text[start:end].strip()]
    with tempfile.TemporaryDirectory() as folder:
        record = json.dumps({"text": text, "entities": spans})
        outcome = convert_text(record, Path(folder), name="a.jsonl")
    assert outcome.docs[0].text == text
    assert outcome.spans == [spans]
    assert all(account["repaired"] == 0 for account in outcome.ledger["annotations"].values())


@QUICK
@given(st.lists(st.lists(ROWS, min_size=1, max_size=6), min_size=1, max_size=4), st.booleans())
def test_columns_balance(sentences, dedupe):
    sentences.append([("x", "B-A"), ("y", "I-A"), ("z", "O")])
    text = "\n\n".join("\n".join("\t".join(row) for row in rows if row[0].strip() or row[1]) for rows in sentences)
    with tempfile.TemporaryDirectory() as folder:
        try:
            outcome = convert_text(text, Path(folder), ConvertSettings(dedupe=dedupe))
        except SpanwrightError as error:
            assert "S199" not in str(error)
            return
    accounts = outcome.ledger["annotations"]
    assert all(map(balances, [outcome.ledger["records"], *accounts.values()]))
    kept = Counter(label for spans in outcome.spans for _, _, label in spans)
    assert {name: a["written"] + a["repaired"] for name, a in accounts.items() if a["written"] + a["repaired"]} == kept


@pytest.mark.parametrize("seeds", [range(start, start + 40) for start in range(0, 400, 40)])
def test_broken_files_are_written_or_refused(seeds, tmp_path):
    assert {len(attempt(seed, tmp_path)) for seed in seeds} <= {4, len("written")}


def test_a_ledger_that_does_not_balance_is_an_error():
    ledger = Ledger(records=Account(read=2, written=1))
    ledger.label("X").read = 1
    with pytest.raises(SpanwrightError, match=r"a.tsv: the ledger does not balance \(records, X\)"):
        ledger.close("a.tsv")
