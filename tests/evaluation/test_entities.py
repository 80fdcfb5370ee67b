"""Entity scores: tables by hand, and agreement with spaCy, seqeval, conlleval's rules and nervaluate."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from nervaluate import Evaluator
from seqeval.metrics import sequence_labeling, v1
from seqeval.scheme import IOB2
from spacy.scorer import get_ner_prf
from spacy.tokens import Doc, Span
from spacy.training import Example
from spacy.vocab import Vocab

from spanwright.data.schemes import entities, normalise
from spanwright.evaluation.entities import EntitySpan, outcomes, ratios, strict_counts, wrong_words
from spanwright.evaluation.entity_tally import EntityTally

VOCAB = Vocab()
LABELS = ("PER", "ORG", "LOC")
Spans = list[EntitySpan]


def spans(text: str) -> Spans:
    """Read "0-2 PER, 3-4 ORG"."""
    parts = [part.replace("-", " ").split() for part in text.split(",") if part.strip()]
    return [EntitySpan(int(start), int(end), label) for start, end, label in parts]


def example_of(gold: Spans, predicted: Spans, n_words: int) -> Example:
    docs = []
    for ents in (predicted, gold):
        doc = Doc(VOCAB, words=[f"w{i}" for i in range(n_words)])
        doc.set_ents([Span(doc, ent.start, ent.end, label=ent.label) for ent in ents])
        docs.append(doc)
    return Example(*docs)


def random_spans(rng: random.Random, n_words: int, labels: tuple[str, ...] = LABELS) -> Spans:
    """Spans that do not overlap; neighbours may touch."""
    cuts = sorted(rng.sample(range(n_words + 1), rng.randint(0, n_words)))
    return [EntitySpan(start, end, rng.choice(labels)) for start, end in pairwise(cuts) if rng.random() < 0.5]


def altered(rng: random.Random, gold: Spans, n_words: int) -> Spans:
    """Predictions that are right about half of the time."""
    if rng.random() < 0.5:
        return random_spans(rng, n_words)
    return [ent._replace(label=rng.choice((ent.label, *LABELS))) for ent in gold if rng.random() < 0.8]


def random_documents(seed: int, n_docs: int = 60) -> list[tuple[Spans, Spans, int]]:
    rng = random.Random(seed)
    found = []
    for _ in range(n_docs):
        n_words = rng.randint(1, 12)
        gold = random_spans(rng, n_words)
        found.append((gold, altered(rng, gold, n_words), n_words))
    return found


def tallied(documents: list[tuple[Spans, Spans, int]]) -> EntityTally:
    tally = EntityTally()
    for document in documents:
        tally.add(example_of(*document))
    return tally


def tags(ents: Spans, n_words: int) -> list[str]:
    found = ["O"] * n_words
    for ent in ents:
        found[ent.start : ent.end] = [f"B-{ent.label}"] + [f"I-{ent.label}"] * (ent.end - ent.start - 1)
    return found


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        ("", "", {}),
        ("0-2 A", "", {"strict": "missed", "exact": "missed", "partial": "missed", "type": "missed"}),
        ("", "0-2 A", {"strict": "spurious", "exact": "spurious", "partial": "spurious", "type": "spurious"}),
        ("0-2 A", "0-2 A", {"strict": "correct", "exact": "correct", "partial": "correct", "type": "correct"}),
        ("0-2 A", "0-2 B", {"strict": "incorrect", "exact": "correct", "partial": "correct", "type": "incorrect"}),
        ("0-2 A", "1-3 A", {"strict": "incorrect", "exact": "incorrect", "partial": "partial", "type": "correct"}),
        ("0-2 A", "1-3 B", {"strict": "incorrect", "exact": "incorrect", "partial": "partial", "type": "incorrect"}),
    ],
)
def test_outcomes_by_hand(gold: str, predicted: str, expected: dict[str, str]) -> None:
    assert dict(outcomes(spans(gold), spans(predicted))) == expected


def test_touching_spans_do_not_overlap() -> None:
    found = Counter(outcome for _, outcome in outcomes(spans("0-2 A"), spans("2-3 A")))
    assert found == {"missed": 4, "spurious": 4}


def test_a_gold_span_is_found_once() -> None:
    # alignment of another tokenisation can put two predictions on the same words
    counts = [column for column, _ in strict_counts(spans("0-1 A"), spans("0-1 A, 0-1 A"))]
    assert counts == ["tp", "fp"]


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ((0, 0, 0), (None, None, None)),
        ((0, 0, 3), (None, 0.0, 0.0)),
        ((0, 2, 0), (0.0, None, 0.0)),
        ((3, 1, 2), (0.75, 0.6, 2 / 3)),
    ],
)
def test_what_cannot_be_divided_is_none(counts: tuple[int, int, int], expected: tuple[float | None, ...]) -> None:
    assert tuple(ratios(*counts).values()) == pytest.approx(expected)


def test_wrong_words_are_those_with_another_tag() -> None:
    assert wrong_words(spans("0-2 A, 4-5 B"), spans("0-2 A")) == {4}
    assert wrong_words(spans("0-2 A, 2-3 A"), spans("0-3 A")) == {2}


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_nervaluate(seed: int) -> None:
    documents = random_documents(seed)
    section = tallied(documents).section()
    as_tags = [[tags(document[side], document[2]) for document in documents] for side in (0, 1)]
    results = Evaluator(*as_tags, tags=list(LABELS), loader="list").evaluate()

    def assert_agrees(ours: dict, theirs: dict) -> None:
        for ours_name, name in (("strict", "strict"), ("exact", "exact"), ("partial", "partial"), ("type", "ent_type")):
            for outcome in ("correct", "incorrect", "partial", "missed", "spurious"):
                assert ours[ours_name][outcome] == getattr(theirs[name], outcome), (ours_name, outcome)
            for short, long in (("p", "precision"), ("r", "recall"), ("f", "f1")):
                assert ours[ours_name][short] == pytest.approx(getattr(theirs[name], long))

    assert_agrees(section["schemes"], results["overall"])
    assert set(section["labels"]) == set(results["entities"])
    for label, of_label in section["labels"].items():
        assert_agrees(of_label["schemes"], results["entities"][label])


@pytest.mark.parametrize(
    "scores",
    [
        pytest.param(sequence_labeling.precision_recall_fscore_support, id="default"),
        pytest.param(partial(v1.precision_recall_fscore_support, scheme=IOB2), id="strict"),
    ],
)
@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_seqeval(seed: int, scores: Callable[..., Any]) -> None:
    documents = random_documents(seed)
    section = tallied(documents).section()
    gold, predicted = [[tags(document[side], document[2]) for document in documents] for side in (0, 1)]
    for average in ("micro", "macro", "weighted"):
        p, r, f, _ = scores(gold, predicted, average=average)
        assert [section[average][name] for name in "prf"] == pytest.approx([p, r, f])
    by_label = scores(gold, predicted, average=None)
    for label, p, r, f, support in zip(sorted(LABELS), *by_label, strict=True):
        found = section["labels"][label]
        assert [found["p"], found["r"], found["f"], found["support"]] == pytest.approx([p, r, f, support])
    assert section["token_accuracy"] == pytest.approx(sequence_labeling.accuracy_score(gold, predicted))


def test_tags_outside_of_the_scheme_are_read_by_conlleval_s_rules() -> None:
    """An I- after O or another label starts an entity; seqeval's default mode follows conlleval."""
    rng = random.Random(0)
    for _ in range(300):
        raw = [rng.choice(["O", "O", *(f"{prefix}-{label}" for prefix in "BI" for label in LABELS)]) for _ in range(10)]
        expected = [(start, end + 1, label) for label, start, end in sequence_labeling.get_entities(raw)]
        assert entities(normalise(raw, "IOB2")[0]) == expected


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("I-A I-A", [(0, 2, "A")]),
        ("O I-A", [(1, 2, "A")]),
        ("B-A I-B", [(0, 1, "A"), (1, 2, "B")]),
        ("B-A B-A", [(0, 1, "A"), (1, 2, "A")]),
        ("B-A I-A O I-A", [(0, 2, "A"), (3, 4, "A")]),
    ],
)
def test_conlleval_s_rules_by_hand(raw: str, expected: list[tuple[int, int, str]]) -> None:
    assert entities(normalise(raw.split(), "IOB2")[0]) == expected


def unalike_example(rng: random.Random) -> Example:
    """Gold with words that nobody annotated; predictions of another tokenisation."""
    words = [rng.choice(["ab", "c", "def"]) for _ in range(rng.randint(1, 10))]
    gold = Doc(VOCAB, words=words, spaces=[False] * len(words))
    ents = [Span(gold, ent.start, ent.end, label=ent.label) for ent in random_spans(rng, len(words), ("PER",))]
    inside = {word for ent in ents for word in range(ent.start, ent.end)}
    unknown = [gold[word : word + 1] for word in range(len(words)) if word not in inside and rng.random() < 0.3]
    gold.set_ents(ents, missing=unknown)
    pieces, text = [], gold.text
    while text:
        size = rng.choice((1, 2, 2, 3))
        pieces.append(text[:size])
        text = text[size:]
    predicted = Doc(VOCAB, words=pieces, spaces=[False] * len(pieces))
    found = random_spans(rng, len(pieces), ("PER",))
    predicted.set_ents([Span(predicted, ent.start, ent.end, label=ent.label) for ent in found])
    return Example(predicted, gold)


@pytest.mark.parametrize("seed", range(5))
def test_agrees_with_spacy_on_other_tokens_and_missing_annotation(seed: int) -> None:
    rng = random.Random(seed)
    examples = [unalike_example(rng) for _ in range(80)]
    tally = EntityTally()
    for example in examples:
        tally.add(example)
    expected, section = get_ner_prf(examples), tally.section()
    assert section["micro"]["tp"] > 0
    assert [section["micro"][name] for name in "prf"] == pytest.approx([expected[f"ents_{name}"] for name in "prf"])


def test_only_annotated_words_count() -> None:
    example = example_of(spans("0-1 A"), spans("0-1 A, 2-3 B"), 4)
    gold = example.reference
    gold.set_ents(list(gold.ents), missing=[gold[2:4]])
    tally = EntityTally()
    tally.add(example)
    section = tally.section()
    assert (section["words"], section["token_accuracy"], section["predicted"]) == (2, 1.0, 1)
    assert list(section["labels"]) == ["A"]


def test_seen_and_unseen_and_lengths() -> None:
    tally = EntityTally(in_training={("w0 w1", "A"), ("w3", "B")})
    tally.add(example_of(spans("0-2 A, 3-4 A, 5-11 B"), spans("0-2 A, 3-4 B"), 12))
    section = tally.section()
    # "w3" was annotated in training, but with another label
    assert section["seen"] == {**ratios(1, 1, 0), "tp": 1, "fp": 1, "fn": 0}
    assert section["unseen"] == {**ratios(0, 0, 2), "tp": 0, "fp": 0, "fn": 2}
    found = {name: (of["tp"], of["fp"], of["fn"]) for name, of in section["lengths"].items()}
    assert found == {"1": (0, 1, 1), "2": (1, 0, 0), "3": (0, 0, 0), "4": (0, 0, 0), "5+": (0, 0, 1)}
    assert section["lengths"]["3"]["f"] is None


def test_without_a_training_corpus_seen_is_unknown() -> None:
    section = tallied([(spans("0-1 A"), [], 1)]).section()
    assert section["seen"] is None
    assert section["unseen"] is None


def test_documents_without_annotation_are_left_out() -> None:
    example = example_of([], spans("0-1 A"), 2)
    example.reference.set_ents([], default="missing")
    tally = EntityTally()
    assert tally.add(example) == []
    assert (tally.documents, tally.labels) == (0, [])


def test_amounts_are_those_of_each_document() -> None:
    documents = random_documents(7)
    tally = tallied(documents)
    labels = ["ORG", "PER", "NEVER", "LOC"]
    amounts = tally.amounts(labels)
    assert amounts.shape == (len(documents), 12)
    for row, (gold, predicted, _) in zip(amounts, documents, strict=True):
        expected = Counter((span.label, column) for column, span in strict_counts(gold, predicted))
        assert row.tolist() == [expected[label, column] for label in labels for column in ("tp", "fp", "fn")]
