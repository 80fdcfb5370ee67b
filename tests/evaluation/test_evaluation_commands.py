"""scripts/evaluate.py and scripts/compare.py."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest
from small_corpora import write_corpus, write_ruler

SCRIPTS = Path(__file__).parents[2] / "scripts"


def command(name: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"{name}_command", SCRIPTS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_corpus(
        tmp_path / "dev.spacy", ("acme and bolt", [(0, 1, "A<b>"), (2, 3, "A<b>")]), ("acme", [(0, 1, "A<b>")])
    )


def test_evaluate_prints_a_table_and_writes_metrics(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline, output = write_ruler(tmp_path / "pipeline", acme="A<b>"), tmp_path / "metrics" / "evaluation.json"
    options = {"train": data, "errors": tmp_path / "errors.jsonl", "suspects": None, "resamples": 100, "seed": 0}
    command("evaluate").main(pipeline, data, output, gpu_id=-1, **options)
    report = json.loads(output.read_text("utf-8"))
    assert report["scores"]["ents_f"] == pytest.approx(0.8)
    assert report["entities"]["seen"]["tp"] == 2
    assert len((tmp_path / "errors.jsonl").read_text("utf-8").splitlines()) == 1
    shown = capsys.readouterr().out
    assert "A<b>    100.0   66.7   80.0      3" in shown
    assert f"scores in: {output}" in shown


def test_compare_prints_differences_and_texts(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = write_ruler(tmp_path / "a", acme="A<b>"), write_ruler(tmp_path / "b", acme="A<b>", bolt="A<b>")
    output = tmp_path / "comparison.json"
    command("compare").main(a, b, data, output, top=5, gpu_id=-1, resamples=100, seed=0)
    assert json.loads(output.read_text("utf-8"))["schema"] == "spanwright.comparison/1"
    shown = capsys.readouterr().out
    assert "only B: A<b> 'bolt' (right)" in shown
    assert "entities.micro.f" in shown
    assert "1 of 2 texts differ" in shown


def test_the_schema_in_the_documentation_names_what_is_written(data: Path, tmp_path: Path) -> None:
    page = (SCRIPTS.parent / "docs" / "metrics.md").read_text("utf-8")
    output = tmp_path / "evaluation.json"
    nothing = {"train": None, "errors": None, "suspects": None}
    command("evaluate").main(
        write_ruler(tmp_path / "a", acme="X"), data, output, gpu_id=-1, **nothing, resamples=100, seed=0
    )
    report = json.loads(output.read_text("utf-8"))
    entities = report["entities"]
    for key in (*report, *entities, *entities["errors"], *next(iter(entities["labels"].values()))):
        assert key in page, key
