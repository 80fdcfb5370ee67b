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
    (finding,) = check_project_overrides([key, "vars.name", "env.home", "project.title"], project)
    assert finding.level == "error"
    assert f"override --{key}: {project} {end}" in finding.message


def test_without_a_project_nothing_is_unknown(tmp_path):
    assert check_project_overrides(["vars.any"], tmp_path / "project.yml") == []


def test_an_unknown_setting_in_the_environment_is_found(monkeypatch, tmp_path):
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", "--training.dropuot 0.2 --training.dropout 0.5")
    overrides = spacy_overrides()
    assert overrides == {"training.dropuot": 0.2, "training.dropout": 0.5}
    (finding,) = check_config_overrides(overrides, Config({"training": {"dropout": 0.1}}), tmp_path / "config.cfg")
    assert "did you mean 'training.dropout'?" in finding.message


def test_weasel_takes_overrides_from_the_environment_too(monkeypatch):
    monkeypatch.setenv("WEASEL_CONFIG_OVERRIDES", "--vars.nmae 'two words'")
    assert weasel_overrides()["vars.nmae"] == "two words"
