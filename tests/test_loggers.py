"""Training logs: their records, their files, and the loggers beside them."""

from __future__ import annotations

import io
import json
import math
import sys
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example
from spacy.training.loop import train
from spacy.util import registry
from thinc.api import Config

from spanwright import loggers
from spanwright.errors import SpanwrightError
from spanwright.loggers import (
    StepRecorder,
    build_json_lines_logger,
    build_tensorboard_logger,
    gradient_norms,
    read_log,
)
from spanwright.ner.model import build_tag_head

CONFIG = """
[training]
max_steps = 4
eval_frequency = 2
dev_corpus = "corpora.data"
train_corpus = "corpora.data"

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
warmup_steps = 2
total_steps = 10
initial_rate = 0.01

[corpora]

[corpora.data]
@readers = "test_loggers.data"
"""


@registry.readers("test_loggers.data")
def build_data():
    def read(nlp: Language) -> list[Example]:
        doc = Doc(nlp.vocab, words=["acme", "hires"])
        return [Example.from_dict(doc, {"entities": ["U-ORG", "O"]})] * 3

    return read


@pytest.fixture
def nlp() -> Language:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", config={"model": {"hidden_width": 8, "tok2vec": {"width": 8, "embed_size": 50}}})
    config = Config().from_str(CONFIG)
    nlp.config["training"] = nlp.config["training"] | config["training"]
    nlp.config["corpora"] = config["corpora"]
    nlp.initialize(lambda: build_data()(nlp))
    return nlp


def train_with(nlp: Language, logger: loggers.Logger, monkeypatch: pytest.MonkeyPatch) -> str:
    """Train with spaCy's own loop; return what it printed."""
    monkeypatch.setitem(nlp.config["training"], "logger", {"@loggers": "test_loggers.logger"})
    registry.loggers("test_loggers.logger", func=lambda: logger)
    out = io.StringIO()
    train(nlp, None, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def info(step: int = 0, **other: Any) -> loggers.Info:
    """What spaCy's loop tells of a step."""
    scores = {"ents_f": 0.5, "ents_per_type": {"ORG": {"p": 1.0, "r": 0.25, "f": 0.4}}}
    told = {"epoch": 0, "step": step, "score": 0.5, "other_scores": scores, "losses": {"ner": 6.0}, "words": 0}
    return {**told, "seconds": 0, **other}


def test_records_of_a_real_training(nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "deep" / "log.jsonl"
    printed = train_with(nlp, build_json_lines_logger(str(path)), monkeypatch)
    records = read_log(path)
    assert [record["step"] for record in records] == [0, 2, 4]
    assert [record["learn_rate"] for record in records] == pytest.approx([0.0, 0.01, 0.0075])
    assert all(record["losses"]["ner"] > 0 for record in records)
    assert set(records[-1]["per_label"]["ents_per_type"]["ORG"]) == {"p", "r", "f"}
    assert records[-1]["scores"]["ents_f"] == records[-1]["score"]
    assert records[-1]["peak_memory"]["process"] > 1e7
    assert records[0]["words_per_second"] is None and records[1]["words_per_second"] > 0
    assert "LOSS NER" in printed and printed.count("\n") >= 5  # the console logger ran besides


def test_silent_without_console(nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    printed = train_with(nlp, build_json_lines_logger(str(tmp_path / "log.jsonl"), console=False), monkeypatch)
    assert "LOSS" not in printed


def test_losses_are_means_and_speed_leaves_out_the_evaluation(nlp: Language) -> None:
    times = iter([0.0, 1.0, 1.0, 2.0, 3.0, 99.0])
    record_of = StepRecorder(nlp, clock=lambda: next(times))
    record_of(None)
    assert record_of(info(words=10))["losses"] == {"ner": 3.0}  # type: ignore[index]
    assert record_of(None) is None
    assert record_of(None) is None
    record = record_of(info(step=3, words=70))
    assert record is not None
    assert record["losses"] == {"ner": 2.0}
    assert record["words_per_second"] == pytest.approx(60 * (2 / 3) / 2)


@pytest.mark.parametrize("value", [math.nan, math.inf, None, "n/a"])
def test_what_is_no_number_is_null(value: Any, nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log_step, finalize = build_json_lines_logger(str(path), console=False)(nlp, sys.stdout, sys.stderr)
    log_step(info(losses={"ner": math.nan}, other_scores={"ents_f": value, "cats": {"a": value}}))
    finalize()
    (record,) = [json.loads(line, parse_constant=pytest.fail) for line in path.read_text().splitlines()]
    assert record["losses"] == {"ner": None}
    assert record["scores"] == {"ents_f": None} and record["per_label"] == {"cats": {"a": None}}


def test_every_line_is_on_disk_at_once_and_a_cut_line_is_passed_over(nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    log_step, finalize = build_json_lines_logger(str(path), console=False)(nlp, sys.stdout, sys.stderr)
    for step in range(2):
        log_step(info(step))
        assert len(read_log(path)) == step + 1
    finalize()
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert len(read_log(path)) == whole[:cut].count(b"\n")


def test_a_broken_line_inside_is_named(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"step": 0}\n{"st\n{"step": 2}\n')
    with pytest.raises(SpanwrightError, match=r"S651.*log\.jsonl:2"):
        read_log(path)
    with pytest.raises(SpanwrightError, match="S001"):
        read_log(tmp_path / "absent.jsonl")


def test_a_new_run_replaces_the_log(nlp: Language, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    for n_records in (2, 1):
        log_step, finalize = build_json_lines_logger(str(path), console=False)(nlp, sys.stdout, sys.stderr)
        for step in range(n_records):
            log_step(info(step))
        finalize()
    assert len(read_log(path)) == 1


def test_norms_that_an_optimizer_left_at_the_shims(nlp: Language) -> None:
    assert gradient_norms(nlp) == {}
    head = build_tag_head(3, head="linear", lstm_width=None, dropout=None)
    other = build_tag_head(3, head="linear", lstm_width=None, dropout=None)
    head.shims[0].gradient_norm, other.shims[0].gradient_norm = 3.0, 4.0
    head.layers.append(other)
    nlp.get_pipe("ner").model.layers.append(head)  # type: ignore[attr-defined]
    assert gradient_norms(nlp) == {"ner": 5.0}


def test_tensorboard_reads_the_run_back(nlp: Language, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tensorboard", reason="the extra 'tensorboard' is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    log = tmp_path / "log.jsonl"
    logger = build_tensorboard_logger(str(tmp_path / "runs"), console=build_json_lines_logger(str(log), console=False))
    train_with(nlp, logger, monkeypatch)
    (run,) = (tmp_path / "runs").iterdir()
    accumulator = EventAccumulator(str(run)).Reload()
    records = read_log(log)
    for tag, numbers in {
        "losses/ner": [record["losses"]["ner"] for record in records],
        "learn_rate": [record["learn_rate"] for record in records],
        "per_label/ents_per_type/ORG/f": [record["per_label"]["ents_per_type"]["ORG"]["f"] for record in records],
    }.items():
        events = accumulator.Scalars(tag)
        assert [event.step for event in events] == [0, 2, 4]
        assert [event.value for event in events] == pytest.approx(numbers)
    assert [event.step for event in accumulator.Scalars("words_per_second")] == [2, 4]  # None is left out


def test_missing_tensorboard_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(SpanwrightError, match=r"S650.*spanwright\[tensorboard\]"):
        build_tensorboard_logger()


def test_config_nests_loggers(tmp_path: Path) -> None:
    registry.loggers("test_loggers.json", func=build_json_lines_logger)
    config = {"@loggers": "test_loggers.json", "path": str(tmp_path / "log.jsonl")}
    console = {"@loggers": "spacy.ConsoleLogger.v3", "progress_bar": "eval"}
    filled = registry.fill({"logger": config})["logger"]
    assert filled["console"] is True
    for nested in (config, {**config, "console": False}, {**config, "console": console}, {**config, "console": config}):
        assert callable(registry.resolve({"logger": nested})["logger"])
