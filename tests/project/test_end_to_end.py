"""The project's commands, run by weasel on a few ads and a tiny encoder, from files to an installed package."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from weasel.util import load_project_config

ROOT = Path(__file__).parents[2]
COPIED = ["configs", "scripts", "src", "LICENSE", "README.md", "constraints.txt", "project.yml", "pyproject.toml"]
SKILLS = ["python", "java", "excel", "welding", "dutch"]
SENTENCE = "we\tO\nwant\tO\n{skill}\tB-SKILLS\nand\tO\n{years}\tB-EXPERIENCE\nyears\tI-EXPERIENCE\n"


class Project:
    """A copy of the project template with data of its own."""

    def __init__(self, folder: Path, encoder: Path) -> None:
        self.folder = folder
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        for name, years in (("train", range(2, 12)), ("dev", range(12, 15))):
            ads = [SENTENCE.format(skill=skill, years=year) for skill in SKILLS for year in years]
            (folder / f"{name}.tsv").write_text("\n".join(ads), "utf-8")
        config = (folder / "configs" / "ner.cfg").read_text("utf-8")
        quick = {"max_steps": 60, "total_steps": 60, "eval_frequency": 30, "warmup_steps": 5, "initial_rate": 0.01}
        for setting, value in quick.items():
            config = re.sub(rf"(?m)^{setting} = .*$", f"{setting} = {value}", config)
        (folder / "quick.cfg").write_text(config, "utf-8")
        self.variables = {"encoder": encoder, "config": "quick.cfg", "train": "train.tsv", "dev": "dev.tsv"}

    def weasel(self, command: str, *options: str, **variables: object) -> subprocess.CompletedProcess[str]:
        overrides = [
            part for name, value in {**self.variables, **variables}.items() for part in (f"--vars.{name}", str(value))
        ]
        line = [sys.executable, "-m", "weasel", "run", command, ".", *overrides, *options]
        return subprocess.run(line, cwd=self.folder, capture_output=True, text=True, check=False)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([sys.executable, *command], cwd=self.folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, tiny_encoder: Path) -> Project:
    made = Project(tmp_path_factory.mktemp("project"), tiny_encoder)
    for step in load_project_config(ROOT)["workflows"]["all"][:-1]:
        done = made.weasel(step)
        assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_every_declared_output_is_there(project: Project) -> None:
    commands = load_project_config(project.folder)["commands"]
    outputs = [output for command in commands if command["name"] != "smoke-test" for output in command["outputs"]]
    assert [output for output in outputs if not (project.folder / output).exists()] == []


def test_metrics_and_meta_carry_scores_per_label(project: Project) -> None:
    report = json.loads((project.folder / "metrics" / "evaluation.json").read_text("utf-8"))
    assert report["documents"] == 15
    assert {label: of["support"] for label, of in report["per_label"].items()} == {"SKILLS": 15, "EXPERIENCE": 15}
    assert report["scores"]["ents_f"] > 0.8
    meta = json.loads((project.folder / "training" / "model-best" / "meta.json").read_text("utf-8"))
    assert set(meta["performance"]["ents_per_type"]) == {"SKILLS", "EXPERIENCE"}


def test_wheels_install_and_work_in_a_new_environment(project: Project) -> None:
    options = ["--lang", "en", "--name", "job_ads", "--version", "0.1.0", "--reuse-dependencies"]
    done = project.run("scripts/smoke_test.py", "training/model-best", "corpus/dev.spacy", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((project.folder / "metrics" / "smoke_test.json").read_text("utf-8"))
    nlp = spacy.load(project.folder / "training" / "model-best")
    assert results[0]["entities"] == [[e.start_char, e.end_char, e.label_] for e in nlp(results[0]["text"]).ents]
    assert results[0]["entities"] != []


def test_a_second_run_skips_all_but_the_check(project: Project) -> None:
    done = project.weasel("all", "--dry")
    skipped = re.findall(r"Skipping '([\w-]+)'", done.stdout)
    assert skipped == "fetch-encoder convert fill-config debug-data train evaluate package".split(), done.stdout


@pytest.mark.parametrize(
    ("changed", "first"),
    [
        ("train.tsv", "convert"),
        ("quick.cfg", "fill-config"),
        ("scripts/evaluate.py", "evaluate"),
        ("src/spanwright/ner/component.py", "fill-config"),
    ],
)
def test_a_changed_file_reruns_what_depends_on_it(project: Project, changed: str, first: str) -> None:
    path = project.folder / changed
    before = path.read_bytes()
    path.write_bytes(before + b"\n")
    try:
        output = project.weasel("all", "--dry").stdout
    finally:
        path.write_bytes(before)
    steps = "fetch-encoder convert fill-config evaluate".split()
    skipped = re.findall(r"Skipping '([\w-]+)'", output)
    assert first not in skipped
    assert [step for step in steps[: steps.index(first)] if step not in skipped] == []


@pytest.mark.parametrize(
    ("step", "variables", "named"),
    [
        # check collects all it finds: one run for five mistakes
        (
            "check",
            {"nmae": "x", "gpu_id": 7, "lang": "qq", "version": "one", "name": "job-ads"},
            ["nmae", "gpu_id = '7'", "'qq'", "'one'", "job-ads"],
        ),
        ("fetch-encoder", {"encoder": "minilm"}, ["minilm-l6"]),
        ("convert", {"train": "trian.tsv"}, ["trian.tsv"]),
        ("fill-config", {"config": "configs/nre.cfg"}, ["configs/nre.cfg"]),
    ],
)
def test_wrong_variables_stop_before_training(
    project: Project, step: str, variables: dict[str, object], named: list[str]
) -> None:
    done = project.weasel(step, **variables)
    assert done.returncode != 0
    assert [word for word in named if word not in done.stdout] == [], done.stdout
    assert "Traceback" not in done.stdout + done.stderr


def test_misspelt_setting_is_refused_with_its_nearest_name(project: Project) -> None:
    config = (project.folder / "quick.cfg").read_text("utf-8")
    (project.folder / "misspelt.cfg").write_text(config.replace("dropout = 0.1", "dropuot = 0.5"), "utf-8")
    options = ["--train", "corpus/train.spacy", "--dev", "corpus/dev.spacy", "--encoder", "assets/encoders/current"]
    reports = ["--output", "training", "--report", "misspelt.json"]
    done = project.run("scripts/check.py", "training/config.cfg", "--base", "misspelt.cfg", *options, *reports)
    assert done.returncode == 1
    assert "dropuot" in done.stdout
    assert "dropout" in done.stdout


def test_plain_spacy_train_takes_the_completed_config(project: Project) -> None:
    paths = ["--paths.train", "corpus/train.spacy", "--paths.dev", "corpus/dev.spacy"]
    encoder = ["--paths.encoder", str(project.variables["encoder"])]
    steps = ["--training.max_steps", "2", "--training.eval_frequency", "1"]
    done = project.run("-m", "spacy", "train", "training/config.cfg", "--output", "plain", *paths, *encoder, *steps)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project.folder / "plain" / "model-best" / "meta.json").exists()
