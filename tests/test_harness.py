"""The benchmarks' harness: what is made of runs, and how later ones are added."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def harness(monkeypatch, tmp_path) -> ModuleType:
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    harness = importlib.import_module("harness")
    monkeypatch.setattr(harness, "RESULTS", tmp_path)
    monkeypatch.setattr(sys, "argv", [str(BENCHMARKS / "ner.py"), "--seeds", "0,1"])
    return harness


def run(seed: int, seconds: float, f1: float = 0.5) -> dict[str, float]:
    return {"seed": seed, "seconds": seconds, "f1": f1}


def test_medians_of_times_and_means_of_scores(harness):
    runs = {"ours": [run(0, 1, 0.8), run(1, 2, 0.9), run(2, 9, 0.7)], "other": [run(1, 6), run(2, 6)]}
    rows = harness.summarise(runs, base="ours")
    assert {name: row["seconds"] for name, row in rows.items()} == {"ours": 2, "other": 6}
    assert rows["ours"]["f1"] == 0.8 and rows["ours"]["f1 sd"] == 0.1
    # ours took 2 and 9 seconds with the seeds that the other ran with
    assert rows["other"]["times_as_long"] == 1.09
    assert rows["ours"]["all"]["seconds"] == [1, 2, 9]


def test_columns_that_some_runs_lack_are_left_out(harness):
    rows = harness.summarise({"ours": [{**run(0, 1), "em_1": 0.4}, run(1, 2)]}, base="ours")
    assert rows["ours"]["all"].keys() == {"seed", "seconds", "f1"}


def test_a_command_can_be_run_again(harness, monkeypatch):
    monkeypatch.setattr(sys, "argv", [str(BENCHMARKS / "qa.py"), "--peers", "ours,trainer 3e-5"])
    harness.finish("x", {"ours": [run(0, 1)]}, limit=None)
    content = json.loads((harness.RESULTS / "x.json").read_text("utf8"))
    assert content["command"] == "python benchmarks/qa.py --peers 'ours,trainer 3e-5'"


def test_time_by_epoch(harness, monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS / "peers"))
    train_spacy = importlib.import_module("train_spacy")
    trained = train_spacy.Trained(steps=25, words=2500, seconds=25, first_words=1000, first_seconds=10)
    assert trained.speed == 100
    # 1,500 words in 15 seconds came after the first epoch
    assert trained.by_epoch() == {"seconds": 10, "words_per_s": 100, "first_epoch": 10}


def test_medians_of_labels(harness):
    runs = {"ours": [{**run(seed, 1), "labels": {"a": {"f": seed / 10}}} for seed in (1, 2, 9)]}
    assert harness.summarise(runs, base="ours")["ours"]["labels"] == {"a": {"f": 0.2}}


def test_runs_are_added_seed_by_seed(harness):
    harness.finish("x", {"ours": [run(0, 1), run(1, 2)], "other": [run(0, 5)]}, limit=None)
    harness.finish(
        "x",
        {"ours": [run(1, 4), run(2, 3)], "new": [run(2, 9)]},
        base="ours",
        limit=None,
        earlier={**harness.read_earlier("x", add=True), "note": "one core was busy"},
    )
    content = json.loads((harness.RESULTS / "x.json").read_text("utf8"))
    found = {
        name: list(zip(row["all"]["seed"], row["all"]["seconds"], strict=True))
        for name, row in content["results"].items()
    }
    assert found == {"ours": [(0, 1), (1, 4), (2, 3)], "other": [(0, 5)], "new": [(2, 9)]}
    assert content["note"] == "one core was busy"
    assert content["command"] == " && ".join(["python benchmarks/ner.py --seeds 0,1"] * 2)


def test_limited_runs_are_not_written(harness):
    harness.finish("x", {"ours": [run(0, 1)]}, limit=5)
    assert not list(harness.RESULTS.iterdir())


def test_nothing_is_added_to_what_does_not_compare(harness):
    assert harness.read_earlier("x", add=False) is None
    with pytest.raises(SystemExit, match=r"x\.json does not exist"):
        harness.read_earlier("x", add=True)
    harness.finish("x", {"ours": [run(0, 1)]}, limit=None)
    path = harness.RESULTS / "x.json"
    content = json.loads(path.read_text("utf8"))
    harness.finish("y", {"ours": [run(0, 1)]}, limit=None, epochs=3, encoder=Path("assets/encoders/minilm"))
    assert harness.read_earlier("y", add=True, epochs=3, encoder=Path("/elsewhere/minilm")) is not None
    with pytest.raises(SystemExit, match=r"y\.json has settings .*'epochs': 3.*'epochs': 2"):
        harness.read_earlier("y", add=True, epochs=2, encoder=Path("/elsewhere/minilm"))
    with pytest.raises(SystemExit, match=r"x\.json has settings \{\}, here they are .*'epochs': 2"):
        harness.read_earlier("x", add=True, epochs=2)
    path.write_text(json.dumps({**content, "machine": "another"}), "utf8")
    with pytest.raises(SystemExit, match="has machine another"):
        harness.read_earlier("x", add=True)
    del content["results"]["ours"]["all"]["seed"]
    path.write_text(json.dumps(content), "utf8")
    with pytest.raises(SystemExit, match=r"x\.json does not tell the seeds"):
        harness.read_earlier("x", add=True)
