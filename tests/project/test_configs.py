"""Completing configs."""

from __future__ import annotations

from pathlib import Path

import pytest
from spacy.util import load_config

from spanwright.errors import SpanwrightError
from spanwright.project.configs import fill_config, one_line

BASE = Path(__file__).parents[2] / "configs" / "ner.cfg"


def test_our_configs_complete(tmp_path: Path) -> None:
    fill_config(BASE, tmp_path / "made" / "config.cfg")
    config = load_config(tmp_path / "made" / "config.cfg")
    assert config["components"]["ner"]["scorer"] == {"@scorers": "spanwright.ner_scorer.v1"}
    assert set(config["paths"]) >= {"train", "dev", "encoder"}


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('head = "crf"', 'head = "crff"', "crff"),
        ('head = "crf"', 'haed = "crf"', "haed"),
        ("spanwright.BioNer.v1", "spanwright.BioNre.v1", "BioNre"),
        ("[training.batcher]", "[training.batcher", "batcher"),
    ],
)
def test_faulty_configs_are_refused_in_one_line(tmp_path: Path, old: str, new: str, named: str) -> None:
    base, output = tmp_path / "base.cfg", tmp_path / "config.cfg"
    base.write_text(BASE.read_text("utf-8").replace(old, new), "utf-8")
    output.write_text("earlier", "utf-8")
    with pytest.raises(SpanwrightError, match="S085") as error:
        fill_config(base, output)
    assert named in str(error.value)
    assert "\n" not in str(error.value)
    assert "Traceback" not in str(error.value)
    assert ".." not in str(error.value)
    assert output.read_text("utf-8") == "earlier"


def test_missing_config_is_named(tmp_path: Path) -> None:
    with pytest.raises(SpanwrightError, match=r"S001.*nre\.cfg"):
        fill_config(tmp_path / "nre.cfg", tmp_path / "config.cfg")


def test_another_language_brings_its_own_tokenizer(tmp_path: Path) -> None:
    fill_config(BASE, tmp_path / "config.cfg", lang="zh")
    nlp = load_config(tmp_path / "config.cfg")["nlp"]
    assert (nlp["lang"], nlp["tokenizer"]["@tokenizers"]) == ("zh", "spacy.zh.ChineseTokenizer")
    assert nlp["pipeline"] == ["transformer", "ner"]


def test_one_line() -> None:
    traceback = "Traceback (most recent call last):\n  File x\na.b.SomeError: too\n  bad\n"
    assert one_line(traceback) == "too bad"
    assert one_line("\x1b[31m✘ Config\x1b[0m\nwrong\n") == "✘ Config wrong"
    assert (
        one_line("Config error\nname   not permitted\n\n{'name': 1,\n 'other': {}}\n")
        == "Config error name not permitted"
    )
