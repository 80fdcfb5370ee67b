"""`spacy train`, with its result put in place only when it is whole."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from spacy.util import load_config
from thinc.config import ConfigValidationError

from spanwright.errors import Errors, SpanwrightError
from spanwright.files import last_change, replace_folder
from spanwright.planning import planned_settings
from spanwright.preflight.overrides import parse_overrides, spacy_overrides
from spanwright.project.commands import run_command, spacy_command

UNFINISHED = "unfinished"
LOG = "log.jsonl"  # where the configs of this project log to


def train_command(config: Path, output: Path, *, gpu_id: int, overrides: Sequence[str]) -> list[str]:
    """Return the `spacy train` command line that `train` runs."""
    options = ["--output", str(output / UNFINISHED), "--gpu-id", str(gpu_id)]
    return spacy_command("train", str(config), *options, *overrides)


def train(config: Path, output: Path, *, gpu_id: int, overrides: Sequence[str]) -> Path:
    """Train into `output/unfinished`, then move model-best and model-last from there to `output`; return model-best's path.

    overrides: config settings as command-line arguments, such as `["--paths.train", "corpus/train.spacy"]`.

    An interrupted run leaves what it had in `output/unfinished`, and `output/model-best` as it was. Raises SpanwrightError when
    training fails or ends without an evaluation, and for an override that the config would undo.

    `output/log.jsonl` is the log of this training; empty where the config logs elsewhere, so that no earlier one is taken for it.
    """
    _check_overrides(overrides, config)
    log = output / LOG
    before = last_change(log)
    unfinished = output / UNFINISHED
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    run_command(train_command(config, output, gpu_id=gpu_id, overrides=overrides))
    if not (unfinished / "model-best" / "meta.json").exists():
        raise SpanwrightError(Errors.S071.format(folder=unfinished))
    for name in ("model-best", "model-last"):
        replace_folder(unfinished / name, output / name)
    shutil.rmtree(unfinished)
    if last_change(log) == before:
        log.write_text("", encoding="utf-8")
    return output / "model-best"


def _check_overrides(overrides: Sequence[str], path: Path) -> None:
    given = parse_overrides(overrides) | spacy_overrides()
    try:
        config = load_config(path, overrides=given, interpolate=False)
    except (OSError, ConfigValidationError):
        return  # `spacy train` says what is wrong with it
    if in_vain := sorted(planned_settings(config) & given.keys()):
        raise SpanwrightError(Errors.S076.format(setting=in_vain[0], config=path))
