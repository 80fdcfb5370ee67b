"""Overrides on a command line or in the environment that name nothing, which weasel and spaCy ignore in silence."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
MOST_SCRIPTS_OF_A_STEP = 2


def parse_overrides(words: Sequence[str]) -> dict[str, Any]:
    """Return the overrides among the words of a command line, read as spaCy and weasel read them.

    `--a.b 1`, `--a.b=1` and `--a.b` (true) are overrides; any other word is not, an option without a dot included.
    """
    return {name: _value(text) for name, text in read_overrides(words).items()}


def read_overrides(words: Sequence[str]) -> dict[str, str]:
    """Return the overrides among the words of a command line, with the text of each value."""
    overrides: dict[str, str] = {}
    for word, following in zip_longest(words, words[1:], fillvalue="--"):
        name, equals, value = word.removeprefix("--").partition("=")
        if not word.startswith("--") or "." not in name:
            continue
        if equals:
            # Only this form lets a dash stand for an underscore
            name = name.replace("-", "_")
        else:
            value = "true" if following.startswith("--") else following
        overrides[name] = value
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


def weasel_overrides() -> dict[str, str]:
    """Return the overrides of the `weasel run` above this process, from its command line and the environment."""
    return {
        **read_overrides(weasel_words(ancestor_command_lines())),
        **read_overrides(split_arg_string(os.environ.get(WEASEL_VARIABLE, ""))),
    }


def weasel_command() -> str | None:
    """Return the command or workflow that the `weasel run` above this process runs; None where none does."""
    words = weasel_words(ancestor_command_lines())
    return words[0] if words and not words[0].startswith("-") else None


def spacy_overrides() -> dict[str, Any]:
    """Return the overrides of the training config that `spacy train` will take from the environment."""
    return parse_overrides(split_arg_string(os.environ.get(SPACY_VARIABLE, "")))


def check_project_overrides(overrides: Mapping[str, str], project: Path, command: str | None = None) -> list[Finding]:
    """Find overrides that name no variable or setting of the `project.yml` at `project`, that the `command` which runs does not
    use, and numbers that weasel writes in another way than they were given, there or in the file.

    overrides: the text of each value.
    """
    if not project.is_file():
        return []
    try:
        config = srsly.read_yaml(project)
    except ValueError as reason:
        raise SpanwrightError(Errors.S011.format(path=project, reason=reason)) from None
    # The sections that weasel lets overrides reach
    sections = {"project": config, "vars": config.get("vars", {}), "env": config.get("env", {})}
    known = dict(dotted_items(sections))
    unknown = [key for key in overrides if key not in known]
    findings = [error(Errors.S018.format(key=key, path=project, nearest=nearest(key, known))) for key in unknown]
    for key, text in overrides.items():
        value = _value(text)
        if isinstance(value, float) and str(value) != text:
            findings.append(error(Errors.S077.format(key=key, found=text, value=value)))
    version = sections["vars"].get("version")
    if isinstance(version, float) and "vars.version" not in overrides:
        findings.append(error(Errors.S087.format(path=project, value=version)))
    used = _used_variables(config, command)
    if used is not None:
        unused = [key for key in overrides if key.startswith("vars.") and key in known and key not in used]
        findings += [error(Errors.S078.format(key=key, command=command)) for key in unused]
    return findings


def _used_variables(config: Mapping[str, Any], command: str | None) -> set[str] | None:
    """Return the variables, as vars.NAME, in what a command of several scripts, or a workflow, runs; None for any other."""
    commands = {part["name"]: part for part in config.get("commands", [])}
    names = config.get("workflows", {}).get(command, [command])
    scripts = [script for name in names for script in commands.get(name, {}).get("script", [])]
    # a single step may be given what the others are given
    return set(re.findall(r"\$\{(vars\.\w+)\}", " ".join(scripts))) if len(scripts) > MOST_SCRIPTS_OF_A_STEP else None


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
