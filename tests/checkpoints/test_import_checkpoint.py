"""The command that imports checkpoints."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
from transformers import (
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)

SCRIPT = Path(__file__).parents[2] / "scripts" / "import_checkpoint.py"
TAGS = {"id2label": {0: "O", 1: "B-A", 2: "I-A"}, "label2id": {"O": 0, "B-A": 1, "I-A": 2}}


def run_command(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["import_checkpoint.py", *map(str, arguments)])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    return int(exit.value.code or 0)


@pytest.mark.parametrize(
    ("task", "auto_class", "settings", "pipes"),
    [
        ("ner", AutoModelForTokenClassification, TAGS, ["transformer", "ner"]),
        ("textcat", AutoModelForSequenceClassification, {}, ["transformer", "textcat"]),
        ("qa", AutoModelForQuestionAnswering, {}, ["extractive_qa"]),
    ],
)
def test_every_task_gives_a_pipeline(
    task: str,
    auto_class: type,
    settings: dict[str, object],
    pipes: list[str],
    make_checkpoint: Callable,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder, _ = make_checkpoint(auto_class, **settings)
    assert run_command(monkeypatch, task, folder, tmp_path / "out", "--lang", "de") == 0
    nlp = spacy.load(tmp_path / "out")
    assert nlp.pipe_names == pipes and nlp.lang == "de"
    nlp("some data")
    assert str(tmp_path / "out") in capsys.readouterr().out


def test_refusals_write_nothing(
    make_checkpoint: Callable, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification)
    out = tmp_path / "out"
    assert run_command(monkeypatch, "ner", folder, out) == 1
    assert "S464" in capsys.readouterr().out and not out.exists()
    assert run_command(monkeypatch, "ner", "no such name", out, "--store", tmp_path / "store") == 1
    assert "S060" in capsys.readouterr().out
    questions, _ = make_checkpoint(AutoModelForQuestionAnswering, "electra")
    assert run_command(monkeypatch, "qa", questions, out, "--lang", "xyz") == 1
    assert "S115" in capsys.readouterr().out and not out.exists()
    out.mkdir()
    assert run_command(monkeypatch, "ner", folder, out) == 1
    assert "S467" in capsys.readouterr().out and not list(out.iterdir())
