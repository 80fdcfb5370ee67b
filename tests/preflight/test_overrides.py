from pathlib import Path

import pytest
from thinc.api import Config

from spanwright.preflight.overrides import (
    check_config_overrides,
    check_project_overrides,
    parse_overrides,
    spacy_overrides,
    weasel_overrides,
    weasel_words,
)

PROJECT = """
title: Job ads
vars:
  name: job_ads
  gpu_id: -1
env:
  home: HOME
commands: []
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("all . --vars.name foo", {"vars.name": "foo"}),
        ("all . --vars.gpu_id -1 --force", {"vars.gpu_id": -1}),
        ("--vars.gpu-id=0 --vars.gpu-id 0", {"vars.gpu_id": 0, "vars.gpu-id": 0}),
        ("--vars.strict --vars.name=a=b", {"vars.strict": True, "vars.name": "a=b"}),
        ("all --dry path.with.dots", {}),
        ("", {}),
    ],
)
def test_overrides_are_read_as_weasel_reads_them(line, expected):
    assert parse_overrides(line.split()) == expected


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["python scripts/check.py", "/venv/bin/python /venv/bin/weasel run all . --vars.a 1"], "all . --vars.a 1"),
        (["python -m weasel run all"], "all"),
        (["python -m spacy project run train --vars.a 1"], "train --vars.a 1"),
        (["weasel run inner --vars.a 1", "weasel run outer --vars.b 2"], "inner --vars.a 1"),
        (["bash", "python train.py run", "weasel assets"], ""),
    ],
)
def test_the_nearest_weasel_is_found_among_command_lines(lines, expected):
    assert weasel_words(line.split() for line in lines) == expected.split()


@pytest.mark.parametrize(
    ("key", "end"),
    [
        ("vars.nmae", "has no such variable; did you mean 'vars.name'?"),
        ("vars.gpu-id", "has no such variable; did you mean 'vars.gpu_id'?"),
        ("vars.qqqqq", "has no such variable. weasel"),
    ],
)
def test_an_unknown_variable_is_found(tmp_path, key, end):
    project = tmp_path / "project.yml"
    project.write_text(PROJECT)
    given = dict.fromkeys([key, "vars.name", "env.home", "project.title"], "x")
    (finding,) = check_project_overrides(given, project)
    assert finding.level == "error"
    assert f"override --{key}: {project} {end}" in finding.message


def test_without_a_project_nothing_is_unknown(tmp_path):
    assert check_project_overrides({"vars.any": "x"}, tmp_path / "project.yml") == []


@pytest.mark.parametrize(
    ("text", "is_kept"), [("1.10", False), ("1.1", True), ("1.10.0", True), ('"1.10"', True), ("-1", True)]
)
def test_numbers_that_weasel_writes_otherwise_are_found(tmp_path, text, is_kept):
    project = tmp_path / "project.yml"
    project.write_text(PROJECT)
    findings = check_project_overrides({"vars.name": text}, project, "all")
    assert (findings == []) is is_kept
    assert is_kept or """--vars.name '"1.10"'""" in findings[0].message


@pytest.mark.parametrize(("written", "is_kept"), [("1.10", False), ('"1.10"', True), ("1.10.0", True)])
def test_a_version_that_yaml_reads_as_a_number_is_found(tmp_path, written, is_kept):
    project = tmp_path / "project.yml"
    project.write_text(PROJECT.replace("vars:", f"vars:\n  version: {written}"))
    findings = check_project_overrides({}, project)
    assert (findings == []) is is_kept
    assert is_kept or findings[0].message.startswith(f"[S087] {project}: vars.version is the number 1.1,")
    assert check_project_overrides({"vars.version": "1.2.0"}, project) == []


@pytest.mark.parametrize(
    ("command", "unused"),
    [
        ("all", []),
        ("textcat", ["vars.train", "vars.name"]),
        ("train", []),  # a step of its own may be given what the others are given
        (None, []),
    ],
)
def test_variables_that_the_command_does_not_use_are_found(command, unused):
    overrides = {"vars.train": "my.tsv", "vars.name": "mine", "vars.seed": "1"}
    findings = check_project_overrides(overrides, Path(__file__).parents[2] / "project.yml", command)
    assert [finding.message.split("--")[1].split(":")[0] for finding in findings] == unused
    assert all(f"weasel run {command}" in finding.message for finding in findings)


def test_an_unknown_setting_in_the_environment_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", "--training.dropuot 0.2 --training.dropout 0.5")
    overrides = spacy_overrides()
    assert overrides == {"training.dropuot": 0.2, "training.dropout": 0.5}
    (finding,) = check_config_overrides(overrides, Config({"training": {"dropout": 0.1}}), tmp_path / "config.cfg")
    assert "did you mean 'training.dropout'?" in finding.message


def test_weasel_takes_overrides_from_the_environment_too(monkeypatch):
    monkeypatch.setenv("WEASEL_CONFIG_OVERRIDES", "--vars.nmae 'two words'")
    assert weasel_overrides()["vars.nmae"] == "two words"
