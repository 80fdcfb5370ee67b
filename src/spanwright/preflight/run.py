"""Everything that is checked between filling a config and training with it."""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spacy.util import load_config
from thinc.api import Config, ConfigValidationError

from spanwright.errors import Errors, SpanwrightError
from spanwright.preflight.corpora import check_corpora, needed_annotation
from spanwright.preflight.disk import check_output
from spanwright.preflight.encoder import check_encoder, size_of_weights
from spanwright.preflight.findings import Finding, count
from spanwright.preflight.keys import check_keys
from spanwright.preflight.overrides import (
    check_config_overrides,
    check_project_overrides,
    spacy_overrides,
    weasel_command,
    weasel_overrides,
)
from spanwright.preflight.settings import check_settings, dotted_items
from spanwright.preflight.tokens import check_tokens
from spanwright.preflight.variables import check_gpu, check_language, check_variables


@dataclass(frozen=True)
class Training:
    """What `spacy train` is about to be given.

    `config` is what `spacy init fill-config` made of `base`; `variables` are those of `project` (variable -> text).
    """

    config: Path
    base: Path
    train: Path
    dev: Path
    encoder: Path
    output: Path
    project: Path
    variables: Mapping[str, str]


def check_training(training: Training) -> list[Finding]:
    """Return all that is wrong with a training. Raises SpanwrightError when a config cannot be read."""
    raw, base = read_config(training.config), read_config(training.base)
    from_environment = spacy_overrides()
    known = dict(dotted_items(raw))
    paths = {f"paths.{name}": str(getattr(training, name)) for name in ("train", "dev", "encoder")}
    # spaCy lets the environment win over its command line
    overrides = paths | {key: value for key, value in from_environment.items() if key in known}
    config = read_config(training.config, overrides=overrides, interpolate=True)
    train, dev, encoder_folder = (Path(config["paths"][name]) for name in ("train", "dev", "encoder"))
    needed = needed_annotation(config)
    encoder = check_encoder(encoder_folder)
    size = 0 if count(encoder, "error") else size_of_weights(encoder_folder)
    return [
        *check_project_overrides(weasel_overrides(), training.project, weasel_command()),
        *check_config_overrides(from_environment, raw, training.config),
        *check_keys(base, raw, training.base),
        *check_settings(config),
        *_check_variables(training.variables, base),
        *check_corpora(train, dev, needed),
        *(check_tokens(train, config["nlp"]) if "entities" in needed else []),
        *encoder,
        *check_output(training.output, size),
    ]


def read_config(path: Path, *, overrides: Mapping[str, Any] | None = None, interpolate: bool = False) -> Config:
    """Read a training config. Raises SpanwrightError when it is missing or no config."""
    if not path.is_file():
        raise SpanwrightError(Errors.S001.format(path=path))
    try:
        return load_config(path, overrides=dict(overrides or {}), interpolate=interpolate)
    except (configparser.Error, ConfigValidationError, ValueError) as reason:
        text = " ".join(str(reason).split())
        raise SpanwrightError(Errors.S011.format(path=path, reason=text)) from None


def _check_variables(variables: Mapping[str, str], base: Config) -> list[Finding]:
    findings = check_variables(variables)
    own_language = base.get("nlp", {}).get("lang")
    if "lang" in variables and own_language is not None:
        findings += check_language(variables["lang"], own_language)
    if "gpu_id" in variables:
        findings += check_gpu(variables["gpu_id"])
    return findings
