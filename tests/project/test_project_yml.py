"""project.yml is complete: what a command reads it depends on, what it leaves it declares, and all of that exists."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from weasel.util import load_project_config

import spanwright
from spanwright.project.dependencies import imported_modules, with_module_dependencies

ROOT = Path(__file__).parents[2]
PROJECT = load_project_config(ROOT)
TASKS = ["textcat", "multilabel", "qa", "job_ads_all"]
COMMANDS: dict[str, dict[str, Any]] = {command["name"]: command for command in PROJECT["commands"]}
IN_ORDER = [COMMANDS[name] for name in PROJECT["workflows"]["all"]]


def test_workflow_is_complete() -> None:
    steps = "fetch-encoder convert fill-config check debug-data train evaluate package smoke-test report"
    assert PROJECT["workflows"]["all"] == steps.split()


@pytest.mark.parametrize("position", range(len(IN_ORDER)), ids=PROJECT["workflows"]["all"])
def test_dependencies_exist_or_are_made_by_an_earlier_step(position: int) -> None:
    made = {output for command in IN_ORDER[:position] for output in command["outputs"]}
    missing = [dep for dep in IN_ORDER[position]["deps"] if dep not in made and not (ROOT / dep).exists()]
    assert missing == []


@pytest.mark.parametrize("task", TASKS)
def test_each_task_runs_from_its_data_to_its_report_and_overwrites_nothing_of_the_others(task: str) -> None:
    command = COMMANDS[task]
    steps = dict.fromkeys(line.split()[1] for line in command["script"])
    names = ["fetch_encoder", "convert", *(["merge"] if task == "job_ads_all" else [])]
    names += ["fill_config", "check", "train", "evaluate", "report"]
    assert list(steps) == [f"scripts/{name}.py" for name in names]
    assert [path for path in command["deps"] if not (ROOT / path).exists()] == []
    own = {*command["outputs"]} - {"assets/encoders/current"}
    assert [path for path in own if path.split("/")[1] != task] == []


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_commands_use_no_shell_and_no_globs(command: dict[str, Any]) -> None:
    for line in command["script"]:
        assert not re.search(r"[|&;<>]|\$\(|\*|\?", line), line
    for path in command["deps"] + command["outputs"]:
        assert not re.search(r"[*?\[\]]", path), path
        assert ", " not in path, "weasel has joined two variables into one path"


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_scripts_and_outputs_are_declared(command: dict[str, Any]) -> None:
    scripts = {part for line in command["script"] for part in line.split() if part.startswith("scripts/")}
    assert scripts <= set(command["deps"])
    assert command["outputs"], "without outputs weasel runs a command every time"
    arguments = {part.strip("'") for line in command["script"] for part in line.split()}
    files = {part for part in arguments if part.startswith(("corpus/", "training/", "assets/", "configs/", "metrics/"))}
    declared = [*command["deps"], *command["outputs"]]
    assert [file for file in files if not any(f"{path}/".startswith(f"{file}/") for path in declared)] == []


def test_train_depends_on_config_corpora_encoder_and_code() -> None:
    expected = {"training/config.cfg", "corpus/train.spacy", "corpus/dev.spacy", "assets/encoders/current"}
    code = {"src/spanwright/encoder/model.py", "src/spanwright/ner/component.py", "src/spanwright/optimizer.py"}
    assert expected | code <= set(COMMANDS["train"]["deps"])
    assert "metrics/check.json" in COMMANDS["train"]["deps"]


def test_lists_of_modules_are_current() -> None:
    text = (ROOT / "project.yml").read_text("utf-8")
    assert with_module_dependencies(text, ROOT) == text


def test_version_of_our_wheel_is_the_packages() -> None:
    assert f"packages/spanwright-{spanwright.__version__}-py3-none-any.whl" in COMMANDS["package"]["outputs"]


def test_variables_are_explained() -> None:
    block = re.search(r"^vars:\n((?:  .*\n)+)", (ROOT / "project.yml").read_text("utf-8"), re.MULTILINE)
    assert block is not None
    lines = block[1].splitlines()
    names = [i for i, line in enumerate(lines) if not line.lstrip().startswith("#")]
    assert {lines[i].split(":")[0].strip() for i in names} == set(PROJECT["vars"])
    assert all(i > 0 and lines[i - 1].lstrip().startswith("#") for i in names)


def test_templates_are_dependencies_of_what_reads_them() -> None:
    template = "src/spanwright/evaluation/report/templates/report.html"
    assert {name for name, command in COMMANDS.items() if template in command["deps"]} == {"package", "report", *TASKS}


def test_imports_are_followed(tmp_path: Path) -> None:
    package = tmp_path / "src" / "spanwright"
    (package / "inner").mkdir(parents=True)
    (package / "a.py").write_text("from spanwright.inner import b\nimport os\n")
    (package / "inner" / "__init__.py").write_text("")
    (package / "inner" / "b.py").write_text("import spanwright.c\n")
    (package / "c.py").write_text("import spanwright.a\n")
    (package / "unused.py").write_text("")
    script = tmp_path / "script.py"
    script.write_text("from spanwright.a import something\n")
    found = {path.relative_to(package).as_posix() for path in imported_modules([script], tmp_path / "src")}
    assert found == {"a.py", "inner/__init__.py", "inner/b.py", "c.py"}
