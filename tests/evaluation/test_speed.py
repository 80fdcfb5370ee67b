"""Speed of a pipeline: the search for a batch size, what is measured, and what is written."""

from __future__ import annotations

import itertools
import runpy
import sys
from pathlib import Path

import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from spanwright.errors import SpanwrightError
from spanwright.evaluation.speed import fastest, measure_batches, measure_speed, search, table_rows

SCRIPT = Path(__file__).parents[2] / "scripts" / "speed.py"


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    nlp.to_disk(tmp_path / "pipeline")
    return tmp_path / "pipeline"


@pytest.mark.parametrize(
    ("speeds", "largest", "measured", "best"),
    [
        ([1, 2, 3, 2, 2, 9], 64, [1, 2, 4, 8, 16], 4),  # two slower ones end the search
        ([1, 2, 1, 3, 2, 2], 64, [1, 2, 4, 8, 16, 32], 8),  # one does not
        ([3, 2, 1], 64, [1, 2, 4], 1),
        ([1, 2, 3], 3, [1, 2], 2),
        ([1], 1, [1], 1),
    ],
)
def test_search(speeds: list[float], largest: int, measured: list[int], best: int) -> None:
    words_per_second = iter(speeds)
    found = search(lambda size: {"batch_size": size, "words_per_second": next(words_per_second)}, largest=largest)
    assert [measurement["batch_size"] for measurement in found] == measured
    assert fastest(found)["batch_size"] == best


def test_rates_and_percentiles_of_known_times() -> None:
    # a batch to warm up, whose end is not read, and batches of 1, 2, 3 and 4 seconds
    ticks = itertools.accumulate([0, 9, 1, 0, 2, 0, 3, 0, 4])
    found = measure_batches(spacy.blank("en"), [("one two", None)] * 8, 2, clock=ticks.__next__)
    assert found["batch_size"] == 2
    assert found["words_per_second"] == 1.6
    assert found["documents_per_second"] == 0.8
    assert found["latency_seconds"] == {"p50": 2.5, "p90": 3.7, "p99": 3.97}


def test_report_of_a_pipeline(pipeline: Path, tmp_path: Path) -> None:
    texts = tmp_path / "texts.txt"
    texts.write_text("one two three\n\nfour\nfive six\n")
    report = measure_speed(pipeline, texts, limit=2)
    assert (report["documents"], report["words"]) == (2, 4)
    assert report["device"] == "cpu" and report["load_seconds"] > 0
    assert [of["batch_size"] for of in report["batch_sizes"]] == [1, 2]
    assert report["peak_memory"]["process"] > 1e7 and report["peak_memory"]["gpu"] is None
    rows = table_rows(report)
    assert len(rows) == 2 and sum("best" in row[0] for row in rows) == 1


def test_command_writes_its_numbers(
    pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "dev.spacy"
    DocBin(docs=[Doc(spacy.blank("en").vocab, words=["one", "two"])] * 3).to_disk(data)
    output = tmp_path / "speed.json"
    monkeypatch.setattr(sys, "argv", ["speed.py", str(pipeline), "--data", str(data), "--output", str(output)])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert exit.value.code == 0
    report = srsly.read_json(output)
    assert report["words"] == 6
    printed = capsys.readouterr().out
    assert "words/s" in printed and "p99" in printed and str(output) in printed


def test_missing_pipeline_and_empty_data_are_refused(pipeline: Path, tmp_path: Path) -> None:
    with pytest.raises(SpanwrightError, match=r"S001.*absent"):
        measure_speed(tmp_path / "absent", tmp_path / "texts.txt", limit=1)
    (tmp_path / "texts.txt").write_text("\n")
    with pytest.raises(SpanwrightError, match=r"S165.*texts\.txt"):
        measure_speed(pipeline, tmp_path / "texts.txt", limit=1)


def test_questions_are_asked_where_there_are_any(
    tmp_path: Path, tiny_encoder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nlp = spacy.blank("en")
    architecture = {"@architectures": "spanwright.QuestionAnswering.v1", "name": str(tiny_encoder), "window": None}
    nlp.add_pipe("extractive_qa", config={"model": architecture})
    doc = nlp.make_doc("ten years of experience")
    doc._.question = "how many years"
    nlp.initialize(lambda: [Example(doc, doc)])
    asked: list[str] = []
    monkeypatch.setattr(nlp.get_pipe("extractive_qa"), "set_annotations", lambda docs, answers: asked.extend(*answers))
    measure_batches(nlp, [(doc.text, "how many years")], 1)
    assert asked == ["answers"] * 2  # once to warm up
    nlp.to_disk(tmp_path / "qa")
    (tmp_path / "texts.txt").write_text("ten years\n")
    with pytest.raises(SpanwrightError, match=r"S606.*texts\.txt.*'extractive_qa'"):
        measure_speed(tmp_path / "qa", tmp_path / "texts.txt", limit=1)
