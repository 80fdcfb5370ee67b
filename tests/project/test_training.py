"""model-best is replaced by a finished training only."""

from __future__ import annotations

from pathlib import Path

import pytest

from spanwright.errors import SpanwrightError
from spanwright.project import training

FAKE = """
import pathlib, sys
output = pathlib.Path(sys.argv[1])
for name in sys.argv[2].split():
    (output / name).mkdir()
    (output / name / "meta.json").write_text("new")
if "logs" in sys.argv:
    (output.parent / "log.jsonl").write_text("new")
sys.exit(int(sys.argv[3]))
"""


def fake_spacy(monkeypatch: pytest.MonkeyPatch, *, makes: str, code: int = 0, logs: bool = False) -> None:
    def command(config: Path, output: Path, **_: object) -> list[str]:
        return [
            training.spacy_command()[0],
            "-c",
            FAKE,
            str(output / training.UNFINISHED),
            makes,
            str(code),
            "logs" * logs,
        ]

    monkeypatch.setattr(training, "train_command", command)


def run(tmp_path: Path) -> Path:
    (tmp_path / "model-best").mkdir(exist_ok=True)
    (tmp_path / "model-best" / "meta.json").write_text("old")
    return training.train(tmp_path / "config.cfg", tmp_path, gpu_id=-1, overrides=[])


def test_finished_training_replaces_both_models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_spacy(monkeypatch, makes="model-best model-last")
    assert run(tmp_path) == tmp_path / "model-best"
    assert (tmp_path / "model-best" / "meta.json").read_text() == "new"
    assert (tmp_path / "model-last").is_dir()
    assert not (tmp_path / training.UNFINISHED).exists()


@pytest.mark.parametrize("logs", [True, False])
def test_a_log_of_an_earlier_training_is_not_taken_for_this_ones(
    logs: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "log.jsonl").write_text("old")
    fake_spacy(monkeypatch, makes="model-best model-last", logs=logs)
    run(tmp_path)
    assert (tmp_path / "log.jsonl").read_text() == ("new" if logs else "")


def test_failed_training_leaves_the_old_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_spacy(monkeypatch, makes="model-best", code=3)
    with pytest.raises(SpanwrightError, match=r"(?s)S070.*exit code 3"):
        run(tmp_path)
    assert (tmp_path / "model-best" / "meta.json").read_text() == "old"
    assert (tmp_path / training.UNFINISHED / "model-best").is_dir()


def test_training_without_evaluation_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_spacy(monkeypatch, makes="model-last")
    with pytest.raises(SpanwrightError, match=r"S071.*eval_frequency"):
        run(tmp_path)
    assert (tmp_path / "model-best" / "meta.json").read_text() == "old"


@pytest.mark.parametrize("override", [["--training.max_steps", "2"], ["--training.eval-frequency=1"]])
@pytest.mark.parametrize("in_environment", [False, True])
def test_what_the_config_plans_is_not_overridden_in_vain(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, override: list[str], in_environment: bool
) -> None:
    config = Path(__file__).parents[2] / "configs" / "textcat.cfg"
    if in_environment:
        monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", " ".join(override))
        override = []
    with pytest.raises(SpanwrightError, match=r"S076.*--training\.\w+.*textcat\.cfg.*min_steps"):
        training.train(config, tmp_path, gpu_id=-1, overrides=override)


@pytest.mark.parametrize(
    ("content", "overrides"),
    [
        (
            '[initialize.before_init]\n@callbacks = "spanwright.steps_from_epochs.v1"\n',
            ["--initialize.before_init", "null"],
        ),
        ("[initialize]\nbefore_init = ${callback}\n[callback]\nx = 1\n", []),
        ("[initialize\n", []),
        (None, []),
    ],
    ids=["planning taken away", "a reference", "malformed", "missing"],
)
def test_other_configs_are_left_to_spacy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None, overrides: list[str]
) -> None:
    fake_spacy(monkeypatch, makes="model-best model-last")
    if content is not None:
        (tmp_path / "config.cfg").write_text(content)
    steps = ["--training.max_steps", "2"]
    assert training.train(tmp_path / "config.cfg", tmp_path, gpu_id=-1, overrides=[*steps, *overrides]).exists()


def test_stale_leftovers_are_not_published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stale = tmp_path / training.UNFINISHED / "model-best"
    stale.mkdir(parents=True)
    (stale / "meta.json").write_text("stale")
    fake_spacy(monkeypatch, makes="model-last")
    with pytest.raises(SpanwrightError, match="S071"):
        run(tmp_path)
    assert (tmp_path / "model-best" / "meta.json").read_text() == "old"


def test_command_is_spacys_own() -> None:
    overrides = ["--paths.train", "corpus/train.spacy"]
    command = training.train_command(Path("c.cfg"), Path("training"), gpu_id=0, overrides=overrides)
    assert (
        command[1:]
        == "-m spacy train c.cfg --output training/unfinished --gpu-id 0 --paths.train corpus/train.spacy".split()
    )
