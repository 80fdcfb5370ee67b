"""Learning curves: their parts, what is kept of an interrupted one, and what they foretell."""

from __future__ import annotations

import runpy
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import spacy
import srsly
from spacy.tokens import Doc, DocBin, Span
from thinc.api import Config

from spanwright.errors import SpanwrightError
from spanwright.evaluation import learning_curve
from spanwright.evaluation.learning_curve import Point, Run, draw, nested_part, plan_runs, summarise, train_parts

SCRIPT = Path(__file__).parents[2] / "scripts" / "learning_curve.py"
VOCAB = spacy.blank("en").vocab


def make_docs(n_docs: int) -> list[Doc]:
    docs = []
    for number in range(n_docs):
        doc = Doc(VOCAB, words=["acme", "hires", str(number)])
        doc.set_ents([Span(doc, 0, 1, label="ORG")])
        docs.append(doc)
    return docs


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A config, and corpora of 20 and 2 documents."""
    nlp = spacy.blank("en")
    nlp.add_pipe("ner", config={"model": {"hidden_width": 8, "tok2vec": {"width": 8, "embed_size": 100}}})
    config = nlp.config.copy()
    config["paths"]["encoder"] = None
    config["training"] |= {"max_steps": 4, "eval_frequency": 4}
    config.to_disk(tmp_path / "config.cfg")
    for name, size in (("train", 20), ("dev", 2)):
        DocBin(docs=make_docs(size)).to_disk(tmp_path / f"{name}.spacy")
    return tmp_path / "config.cfg", tmp_path / "train.spacy", tmp_path / "dev.spacy"


class FakeTrainer:
    """Scores the more, the more it is given; notes what it was called with."""

    def __init__(self, fails_at: int = 99) -> None:
        self.fails_at = fails_at
        self.calls: list[tuple[list[str], dict[str, str]]] = []

    def __call__(self, config: Path, output: Path, *, gpu_id: int, overrides: Sequence[str]) -> Path:
        settings = dict(zip(overrides[::2], overrides[1::2], strict=True))
        docs = DocBin().from_disk(settings["--paths.train"]).get_docs(VOCAB)
        texts = [doc.text for doc in docs]
        self.calls.append((texts, settings))
        if len(self.calls) == self.fails_at:
            raise KeyboardInterrupt
        best = output / "model-best"
        best.mkdir()
        (best / "config.cfg").write_text("[training]\n\n[training.score_weights]\nents_f = 1.0\nents_p = 0.0\n")
        performance = {"ents_f": 0.9 - 0.2 * len(texts) ** -0.5, "ents_p": 0.5, "ents_per_type": {}}
        srsly.write_json(best / "meta.json", {"performance": performance})
        return best


def test_plan() -> None:
    assert plan_runs(20, percents=(100, 10, 10), seeds=(0, 1)) == [
        Run(0, 10, 2),
        Run(1, 10, 2),
        Run(0, 100, 20),
        Run(1, 100, 20),
    ]
    assert plan_runs(3, percents=(10,), seeds=(0,)) == [Run(0, 10, 1)]
    for percent in (0, 101):
        with pytest.raises(SpanwrightError, match=f"S660.*{percent}"):
            plan_runs(20, percents=(percent,), seeds=(0,))


def test_parts_of_a_seed_are_nested_and_seeds_differ() -> None:
    docs = make_docs(20)
    parts = [{doc.text for doc in nested_part(docs, Run(7, 0, size))} for size in (2, 5, 20)]
    assert parts[0] < parts[1] < parts[2] and [len(part) for part in parts] == [2, 5, 20]
    assert parts[1] != {doc.text for doc in nested_part(docs, Run(8, 0, 5))}


def test_each_training_gets_its_part_and_the_same_dev(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    trainer = FakeTrainer()
    points = list(
        train_parts(*files, tmp_path / "c", percents=(10, 100), seeds=(3,), overrides=["--a.b", "c"], trainer=trainer)
    )
    assert [len(texts) for texts, _ in trainer.calls] == [2, 20]
    assert {settings["--paths.dev"] for _, settings in trainer.calls} == {str(files[2])}
    assert {settings["--system.seed"] for _, settings in trainer.calls} == {"3"}
    assert {settings["--a.b"] for _, settings in trainer.calls} == {"c"}
    assert [(point.metric, point.score) for point in points] == [
        ("ents_f", pytest.approx(0.9 - 0.2 * size**-0.5)) for size in (2, 20)
    ]
    assert [path.name for path in (tmp_path / "c").iterdir()] == [learning_curve.POINTS]  # no pipeline is kept


def test_logs_of_the_projects_training_are_left_alone(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    json_lines = {"@loggers": "spanwright.JsonLinesLogger.v1", "path": "training/log.jsonl"}
    logger = {"@loggers": "spanwright.TensorBoardLogger.v1", "folder": "training/runs", "console": json_lines}
    config = Config().from_disk(files[0], interpolate=False)
    config["training"]["logger"] = logger
    config.to_disk(files[0])
    list(train_parts(*files, tmp_path / "c", percents=(10,), trainer=(trainer := FakeTrainer())))
    [(_, settings)] = trainer.calls
    for name in ("training.logger.folder", "training.logger.console.path"):
        assert settings[f"--{name}"].startswith(str(tmp_path / "c" / "unfinished"))


def test_an_interrupted_curve_goes_on_where_it_stopped(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    first = FakeTrainer(fails_at=3)
    with pytest.raises(KeyboardInterrupt):
        list(train_parts(*files, tmp_path / "c", trainer=first))
    (tmp_path / "c" / "unfinished" / "model-best").mkdir()  # what a killed training leaves
    second, announced = FakeTrainer(), []
    points = list(
        train_parts(
            *files, tmp_path / "c", trainer=second, announce=lambda run, number, _: announced.append((number, run))
        )
    )
    assert [len(texts) for texts, _ in second.calls] == [10, 15, 20]
    assert [number for number, _ in announced] == [3, 4, 5]
    again = list(train_parts(*files, tmp_path / "c", trainer=FakeTrainer(fails_at=1)))
    assert [(point.run, point.score) for point in again] == [(p.run, pytest.approx(p.score)) for p in points]
    assert len(list(train_parts(*files, tmp_path / "c", seeds=(0, 1), trainer=(third := FakeTrainer())))) == 10
    assert {settings["--system.seed"] for _, settings in third.calls} == {"1"}


def test_points_of_another_encoder_are_refused(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    encoder = tmp_path / "current"
    encoder.mkdir()
    (encoder / "model.safetensors").write_text("one")
    settings = {"percents": (10,), "encoder": encoder}
    list(train_parts(*files, tmp_path / "c", **settings, trainer=(trainer := FakeTrainer())))
    assert trainer.calls[0][1]["--paths.encoder"] == str(encoder)
    (encoder / "model.safetensors").write_text("other")
    with pytest.raises(SpanwrightError, match=r"S662.*points\.json"):
        list(train_parts(*files, tmp_path / "c", **settings, trainer=FakeTrainer()))


@pytest.mark.parametrize("changed", ["config", "train", "dev", "overrides"])
def test_points_of_other_inputs_are_refused(changed: str, files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    list(train_parts(*files, tmp_path / "c", percents=(10,), trainer=FakeTrainer()))
    overrides = ["--a.b", "c"] if changed == "overrides" else []
    for name, path in zip(("config", "train", "dev"), files, strict=True):
        if name == changed:
            path.write_text(path.read_text() + "# changed") if name == "config" else DocBin(docs=make_docs(3)).to_disk(
                path
            )
    with pytest.raises(SpanwrightError, match=r"S662.*points\.json"):
        list(train_parts(*files, tmp_path / "c", percents=(10,), overrides=overrides, trainer=FakeTrainer()))


def test_empty_corpus_and_missing_score_are_refused(files: tuple[Path, Path, Path], tmp_path: Path) -> None:
    def without_score(config: Path, output: Path, **settings) -> Path:
        best = FakeTrainer()(config, output, **settings)
        srsly.write_json(best / "meta.json", {"performance": {"ents_f": None}})
        return best

    with pytest.raises(SpanwrightError, match=r"S661.*'ents_f'"):
        list(train_parts(*files, tmp_path / "c", trainer=without_score))
    DocBin().to_disk(files[1])
    with pytest.raises(SpanwrightError, match=r"S601.*train\.spacy"):
        list(train_parts(*files, tmp_path / "c", trainer=FakeTrainer()))


def points_of(scores: Sequence[float], sizes: Sequence[int] = (10, 25, 50, 75, 100)) -> list[Point]:
    return [Point(Run(0, size, size), "ents_f", score, {}, 1.0) for size, score in zip(sizes, scores, strict=True)]


@pytest.mark.parametrize(
    ("scores", "verdict"),
    [
        ([0.9 - 1.0 / size**0.5 for size in (10, 25, 50, 75, 100)], "More annotation would help."),
        ([0.8, 0.8001, 0.8, 0.8001, 0.8], "hardly help"),
        ([0.5, 0.7, 0.55, 0.75, 0.6], "not settled"),
    ],
)
def test_answer(scores: list[float], verdict: str) -> None:
    report = summarise(points_of(scores))
    assert verdict in report["answer"] and "200 documents" in report["answer"] and "ents_f" in report["answer"]
    gain = report["fit"]["gain"]
    assert gain["low"] <= gain["score"] <= gain["high"]
    curve = report["fit"]["curve"]
    assert curve[0]["documents"] == pytest.approx(10) and curve[-1]["documents"] == pytest.approx(200)
    assert curve[-1]["score"] - np.interp(100, *([r[k] for r in curve] for k in ("documents", "score"))) == (
        pytest.approx(gain["score"], abs=0.01)
    )


@pytest.mark.parametrize("points", [points_of([0.5], [10]), points_of([0.5, 0.6, 0.55, 0.6], [10, 10, 20, 20])])
def test_too_few_points_are_said_so(points: list[Point]) -> None:
    report = summarise(points)
    assert report["fit"] is None and "Too few points" in report["answer"]


@pytest.mark.parametrize(("scores", "sizes"), [([0.5, 0.6, 0.65, 0.68, 0.7], (10, 25, 50, 75, 100)), ([0.5], (10,))])
def test_picture(scores: list[float], sizes: tuple[int, ...], tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    path = draw(summarise(points_of(scores, sizes)), tmp_path)
    assert path == tmp_path / "learning_curve.png" and path.read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_there_is_no_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(SpanwrightError, match="S632"):
        draw(summarise(points_of([0.5], [10])), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_command_trains_with_spacy(
    files: tuple[Path, Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config, train, dev = files
    options = {"train": train, "dev": dev, "encoder": "none", "folder": tmp_path / "c", "percents": "50"}
    options |= {"output": tmp_path / "curve.json", "n-seeds": 1}
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    monkeypatch.setattr(sys, "argv", ["learning_curve.py", str(config), *arguments])
    with pytest.raises(SystemExit) as exit:
        runpy.run_path(str(SCRIPT), run_name="__main__")
    assert exit.value.code == 0
    report = srsly.read_json(tmp_path / "curve.json")
    assert [(p["percent"], p["documents"]) for p in report["points"]] == [(50, 10)]
    assert all(0 <= p["score"] <= 1 for p in report["points"])
    assert "Training 1 of 1: 50 % (10 documents), seed 0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("broken", "content", "message"),
    [
        ("config.cfg", None, r"S001.*config\.cfg"),
        ("config.cfg", "no config", r"S011.*config\.cfg"),
        ("dev.spacy", None, r"S001.*dev\.spacy"),
        ("dev.spacy", "no corpus", r"S028.*dev\.spacy"),
        ("c/points.json", "{", r"S663.*points\.json"),
        ("c/points.json", "[1]", r"S663.*points\.json"),
    ],
)
def test_files_that_cannot_be_read(
    broken: str, content: str | None, message: str, files: tuple[Path, Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / broken
    path.parent.mkdir(exist_ok=True)
    path.unlink(missing_ok=True)
    if content is not None:
        path.write_text(content)
    with pytest.raises(SpanwrightError, match=message):
        next(train_parts(*files, tmp_path / "c", trainer=FakeTrainer()))
