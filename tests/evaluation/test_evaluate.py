"""Metrics of a pipeline on a corpus."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from small_corpora import write_categories, write_corpus, write_docs, write_ruler
from spacy.tokens import Doc, Span
from spacy.training import Corpus, Example

from spanwright.data.exporting.docs import read_docs
from spanwright.errors import SpanwrightError
from spanwright.evaluation.evaluate import evaluate_pipeline, label_rows, predicted_examples
from spanwright.evaluation.text_tallies import AnswerTally
from spanwright.qa.corpus import register_extensions
from spanwright.qa.scorer import qa_score

BAG_OF_WORDS = {
    "@architectures": "spacy.TextCatBOW.v3",
    "exclusive_classes": False,
    "ngram_size": 1,
    "no_output_layer": False,
    "length": 64,
}


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    return write_ruler(tmp_path / "pipeline", acme="ORG", may="DATE")


@pytest.fixture
def categoriser(tmp_path: Path) -> Path:
    """An untrained pipeline for two categories, beside entities and sentences."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler = nlp.add_pipe("entity_ruler")
    nlp.add_pipe("textcat_multilabel", config={"model": BAG_OF_WORDS})
    doc = nlp.make_doc("acme hires")
    nlp.initialize(lambda: [Example.from_dict(doc, {"cats": {"good": 1.0, "bad": 0.0}})])
    ruler.add_patterns([{"label": "ORG", "pattern": "acme"}])  # `initialize` removes patterns
    nlp.to_disk(tmp_path / "categoriser")
    return tmp_path / "categoriser"


def nones(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from nones(inner, f"{path}.{key}")
    elif value is None:
        yield path


def test_scores_and_support_by_label(pipeline: Path, tmp_path: Path) -> None:
    data = write_corpus(
        tmp_path / "dev.spacy", ("acme hires in may", [(0, 1, "ORG")]), ("bolt hires", [(0, 1, "ORG")]), ("hello", [])
    )
    report = evaluate_pipeline(pipeline, data)
    assert (report["schema"], report["documents"], report["words"]) == ("spanwright.metrics/1", 3, 7)
    org = report["entities"]["labels"]["ORG"]
    assert (org["p"], org["r"], org["f"], org["support"]) == (1.0, 0.5, pytest.approx(2 / 3), 2)
    assert org["intervals"]["r"] == (0.0, 1.0)
    assert report["entities"]["labels"]["DATE"]["support"] == 0
    assert report["scores"]["ents_p"] == report["entities"]["micro"]["p"] == 0.5
    assert report["words_per_second"] > 0
    assert label_rows(report["entities"])[-1] == ("all", "50.0", "50.0", "50.0", 2)
    assert label_rows(report["entities"])[0] == ("DATE", "0.0", "-", "0.0", 0)
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize("component", ["sentencizer", "textcat_multilabel"])
def test_scores_are_spacy_s_own(component: str, categoriser: Path, tmp_path: Path) -> None:
    """Also without `component`, and for a corpus whose tokens are not those of the pipeline."""
    entities = write_corpus(tmp_path / "a.spacy", ("acme can't hire. bolt!", [(0, 1, "ORG"), (3, 4, "ORG")]))
    good, bad = {"good": 1.0, "bad": 0.0}, {"good": 0.0, "bad": 1.0}
    categories = write_categories(tmp_path / "b.spacy", ("good one", good), ("bad", bad))
    data = write_docs(tmp_path / "dev.spacy", [*read_docs(entities), *read_docs(categories)])
    nlp = spacy.load(categoriser)
    nlp.remove_pipe(component)
    nlp.to_disk(tmp_path / "pipeline")
    expected = nlp.evaluate(list(Corpus(data)(nlp)))
    expected.pop("speed")
    assert expected["token_f"] < 1
    assert expected["ents_r"] == 0.5
    assert evaluate_pipeline(tmp_path / "pipeline", data)["scores"] == expected


def test_categories_are_scored_by_component(categoriser: Path, tmp_path: Path) -> None:
    data = write_categories(
        tmp_path / "dev.spacy", ("good one", {"good": 1.0, "bad": 0.0}), ("so bad", {"good": 0.0, "bad": 1.0})
    )
    report = evaluate_pipeline(categoriser, data)
    section = report["categories"]["textcat_multilabel"]
    assert section["documents"] == 2
    assert section["micro"]["tp"] + section["micro"]["fn"] == 2
    assert set(section["intervals"]) == {"accuracy"}
    assert report["reasons"]["entities"] == f"{data} has no annotated entities"
    json.dumps(report, allow_nan=False)


@pytest.mark.parametrize(
    ("texts", "micro", "reasons"),
    [
        pytest.param(
            [("nothing here", [])],
            (None, None, None),
            {"p": "nothing is predicted", "r": "nothing is annotated"},
            id="nothing",
        ),
        pytest.param([("acme here", [])], (0.0, None, 0.0), {"r": "nothing is annotated"}, id="empty gold"),
        pytest.param(
            [("bolt here", [(0, 1, "ORG")])], (None, 0.0, 0.0), {"p": "nothing is predicted"}, id="no predictions"
        ),
        pytest.param([("acme here", [(0, 1, "ORG")])], (1.0, 1.0, 1.0), {}, id="one label"),
    ],
)
def test_what_cannot_be_scored_is_none_with_a_reason(
    texts: list, micro: tuple, reasons: dict[str, str], pipeline: Path, tmp_path: Path
) -> None:
    report = evaluate_pipeline(pipeline, write_corpus(tmp_path / "dev.spacy", *texts))
    entities = report["entities"]
    assert tuple(entities["micro"][name] for name in "prf") == micro
    for name, reason in reasons.items():
        assert report["reasons"][f"entities.micro.{name}"] == reason
    assert (
        set(nones(entities, "entities")) - {f"entities.errors.strings.{i}" for i in range(9)}
        <= report["reasons"].keys()
    )
    assert report["reasons"]["entities.seen"].endswith("--train")


def test_pipelines_and_data_that_do_not_fit(pipeline: Path, tmp_path: Path) -> None:
    spacy.blank("en").to_disk(tmp_path / "blank")
    entities = write_corpus(tmp_path / "entities.spacy", ("acme", [(0, 1, "ORG")]))
    categories = write_categories(tmp_path / "categories.spacy", ("acme", {"good": 1.0}))
    with pytest.raises(SpanwrightError, match=r"S602.*finds no entities \(its components: none\)"):
        evaluate_pipeline(tmp_path / "blank", entities)
    with pytest.raises(SpanwrightError, match=r"S602.*categories\.spacy has no annotated entities"):
        evaluate_pipeline(pipeline, categories)


def test_what_the_data_does_not_hold_has_no_score_of_0(categoriser: Path, tmp_path: Path) -> None:
    report = evaluate_pipeline(categoriser, write_corpus(tmp_path / "dev.spacy", ("acme", [(0, 1, "ORG")])))
    assert report["categories"] is None
    assert report["reasons"]["categories"].endswith("has no annotated categories")
    assert not [key for key in report["scores"] if key.startswith("cats")]


def test_only_the_components_that_have_gold_labels_are_scored(tmp_path: Path) -> None:
    nlp = spacy.blank("en")
    for name, labels in (("family", ("good", "bad")), ("conditions", ("new", "old"))):
        pipe = nlp.add_pipe("textcat_multilabel", name=name, config={"model": BAG_OF_WORDS})
        for label in labels:
            pipe.add_label(label)
    nlp.initialize()
    nlp.to_disk(tmp_path / "pipeline")
    data = write_categories(tmp_path / "dev.spacy", ("good one", {"good": 1.0, "bad": 0.0}))
    report = evaluate_pipeline(tmp_path / "pipeline", data)
    assert list(report["categories"]) == ["family"]
    assert report["reasons"]["categories.conditions"] == f"{data} has no annotated categories of this component"
    assert set(report["scores"]["cats_f_per_type"]) == {"good", "bad"}


def test_missing_and_empty_files_are_refused(pipeline: Path, tmp_path: Path) -> None:
    with pytest.raises(SpanwrightError, match=r"S001.*absent\.spacy"):
        evaluate_pipeline(pipeline, tmp_path / "absent.spacy")
    with pytest.raises(SpanwrightError, match=r"S601.*empty\.spacy"):
        evaluate_pipeline(pipeline, write_corpus(tmp_path / "empty.spacy"))
    with pytest.raises(SpanwrightError, match=r"S603.*no-pipeline"):
        (tmp_path / "no-pipeline").mkdir()
        evaluate_pipeline(tmp_path / "no-pipeline", tmp_path / "empty.spacy")


def test_seen_entities_are_those_of_the_training_corpus(pipeline: Path, tmp_path: Path) -> None:
    train = write_corpus(tmp_path / "train.spacy", ("acme", [(0, 1, "ORG")]))
    data = write_corpus(tmp_path / "dev.spacy", ("acme bolt", [(0, 1, "ORG"), (1, 2, "ORG")]))
    entities = evaluate_pipeline(pipeline, data, train=train)["entities"]
    assert (entities["seen"]["r"], entities["unseen"]["r"]) == (1.0, 0.0)


def test_errors_are_written_only_when_all_went_well(pipeline: Path, tmp_path: Path) -> None:
    data = write_corpus(tmp_path / "dev.spacy", ("acme", []), ("hello", []))
    evaluate_pipeline(pipeline, data, errors=tmp_path / "errors.jsonl", suspects=tmp_path / "suspects.jsonl")
    records = [json.loads(line) for line in (tmp_path / "errors.jsonl").read_text("utf-8").splitlines()]
    assert [(record["document"], len(record["errors"])) for record in records] == [(1, 1)]
    assert (tmp_path / "suspects.jsonl").read_text("utf-8") == ""
    with pytest.raises(SpanwrightError):
        evaluate_pipeline(pipeline, write_corpus(tmp_path / "empty.spacy"), errors=tmp_path / "none.jsonl")
    assert not (tmp_path / "none.jsonl").exists()


def test_batches_keep_the_order(pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("spanwright.evaluation.evaluate.BATCH_WORDS", 3)
    data = write_corpus(tmp_path / "dev.spacy", *((f"acme number {number}", []) for number in range(5)))
    examples = list(predicted_examples(spacy.load(pipeline), data))
    assert [example.reference.text for example in examples] == [f"acme number {number}" for number in range(5)]
    assert all(example.predicted.ents for example in examples)


def test_answers_are_scored_as_by_the_scorer() -> None:
    register_extensions()
    nlp = spacy.blank("en")
    examples = []
    for gold, found in (("Paris", "Paris"), ("Rome", "old Rome"), (None, "Rome"), (None, None)):
        reference, predicted = nlp.make_doc("Paris and old Rome"), nlp.make_doc("Paris and old Rome")
        reference._.question = predicted._.question = "Where?"
        spans = [span for span in (reference[0:1], reference[3:4]) if span.text == gold]
        reference.spans["answers"] = [Span(reference, span.start, span.end, label="answers") for span in spans]
        predicted.spans["answers"] = []
        predicted.spans["answers"].attrs["records"] = [["answers", found or "", 0, 0, 0.5, 0.5, bool(found)]]
        examples.append(Example(predicted, reference))
    examples.append(Example(Doc(nlp.vocab, words=["x"]), Doc(nlp.vocab, words=["x"])))
    tally = AnswerTally()
    for example in examples:
        tally.add(example)
    section, expected = tally.section(), qa_score(examples)
    assert tally.documents == 4
    assert (
        (section["exact"], section["f1"])
        == (expected["qa_em"], expected["qa_f1"])
        == (0.5, pytest.approx(2 / 3, abs=0.01))
    )
    assert tally.amounts(()).sum(0).tolist() == pytest.approx([2, 4 * section["f1"], 4])
