"""Overrides on a command line or in the environment that name nothing, which weasel and spaCy ignore in silence."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

import psutil
import srsly
from click.shell_completion import split_arg_string
from thinc.api import Config

from spanwright.errors import Errors, SpanwrightError
from spanwright.preflight.findings import Finding, error, nearest
from spanwright.preflight.settings import dotted_items

WEASEL_VARIABLE = "WEASEL_CONFIG_OVERRIDES"
SPACY_VARIABLE = "SPACY_CONFIG_OVERRIDES"
# `spacy project` is weasel under another name
RUNNERS = (("weasel", "run"), ("spacy", "project", "run"))


def parse_overrides(words: Sequence[str]) -> dict[str, Any]:
    """Return the overrides among the words of a command line, read as spaCy and weasel read them.

    `--a.b 1`, `--a.b=1` and `--a.b` (true) are overrides; any other word is not, an option without a dot included.
    """
    overrides: dict[str, Any] = {}
    for word, following in zip_longest(words, words[1:], fillvalue="--"):
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or "." not in name:
            continue
        if equals:
            # Only this form lets a dash stand for an underscore
            name = name.replace("-", "_")
        else:
            value = "true" if following.startswith("--") else following
        overrides[name] = _value(value)
    return overrides


def weasel_words(command_lines: Iterable[Sequence[str]]) -> list[str]:
    """Return what follows `weasel run` on the first of `command_lines` that runs weasel; nothing where none does."""
    for line in command_lines:
        names = [Path(word).stem for word in line]
        for runner in RUNNERS:
            for start in range(len(names)):
                end = start + len(runner)
                if tuple(names[start:end]) == runner:
                    return list(line[end:])
    return []


def ancestor_command_lines() -> Iterator[list[str]]:
    """Yield the command line of each process above this one, the nearest first."""
    for process in psutil.Process().parents():
        try:
            yield process.cmdline()
        except psutil.Error:
            # It has ended, or belongs to someone else
            continue


def weasel_overrides() -> dict[str, Any]:
    """Return the overrides of the `weasel run` above this process, from its command line and the environment."""
    return {
        **parse_overrides(weasel_words(ancestor_command_lines())),
        **parse_overrides(split_arg_string(os.environ.get(WEASEL_VARIABLE, ""))),
    }


def spacy_overrides() -> dict[str, Any]:
    """Return the overrides of the training config that `spacy train` will take from the environment."""
    return parse_overrides(split_arg_string(os.environ.get(SPACY_VARIABLE, "")))


def check_project_overrides(overrides: Iterable[str], project: Path) -> list[Finding]:
    """Find overrides that name no variable or setting of the `project.yml` at `project`."""
    if not project.is_file():
        return []
    try:
        config = srsly.read_yaml(project)
    except ValueError as reason:
        raise SpanwrightError(Errors.S011.format(path=project, reason=reason)) from None
    # The sections that weasel lets overrides reach
    sections = {"project": config, "vars": config.get("vars", {}), "env": config.get("env", {})}
    known = dict(dotted_items(sections))
    return [
        error(Errors.S018.format(key=key, path=project, nearest=nearest(key, known)))
        for key in overrides
        if key not in known
    ]


def check_config_overrides(overrides: Iterable[str], config: Config, path: Path) -> list[Finding]:
    """Find overrides from the environment that name no setting of `config`, which was read from `path`."""
    known = dict(dotted_items(config))
    return [
        error(Errors.S019.format(key=key, path=path, variable=SPACY_VARIABLE, nearest=nearest(key, known)))
        for key in overrides
        if key not in known
    ]


def _value(text: str) -> Any:
    try:
        return srsly.json_loads(text)
    except ValueError:
        return text
