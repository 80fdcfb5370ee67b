"""The project's commands, run by weasel on a few ads and a tiny encoder, from files to an installed package."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training import Example
from weasel.util import load_project_config

from spanwright.project.packaging import package
from spanwright.project.smoke import agree, smoke_test
from spanwright.qa.answers import read_answers

ROOT = Path(__file__).parents[2]
COPIED = [
    *("assets/job_ads", "assets/job_ads_categories", "assets/job_ads_qa", "configs", "scripts", "src"),
    *("LICENSE", "README.md", "constraints.txt", "project.yml", "pyproject.toml"),
]
# the step that is tried on its own, in an environment that borrows our packages
BORROWED = "smoke-test"
SKILLS = ["python", "java", "excel", "welding", "dutch"]
SENTENCE = "we\tO\nwant\tO\n{skill}\tB-SKILLS\nand\tO\n{years}\tB-EXPERIENCE\nyears\tI-EXPERIENCE\n"


def set_all(config: str, **settings: object) -> str:
    """Return the config with the value of every setting of these names replaced."""
    for setting, value in settings.items():
        config = re.sub(rf"(?m)^{setting} = .*$", f"{setting} = {value}", config)
    return config


class Project:
    """A copy of the project template with data of its own."""

    def __init__(self, folder: Path, encoder: Path) -> None:
        self.folder = folder
        (folder / "assets").mkdir()
        for name in COPIED:
            copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
            copy(ROOT / name, folder / name)
        for name, years in (("train", range(2, 12)), ("dev", range(12, 15))):
            ads = [SENTENCE.format(skill=skill, years=year) for skill in SKILLS for year in years]
            (folder / f"{name}.tsv").write_text("\n".join(ads), "utf-8")
        config = (folder / "configs" / "ner.cfg").read_text("utf-8")
        quick = set_all(config, min_steps=60, initial_rate=0.01, freeze=0)
        (folder / "quick.cfg").write_text(quick, "utf-8")
        # the tiny encoder takes 128 pieces, and has two layers
        for name, setting in (("qa", {"window": 128}), ("textcat", {"freeze": 1})):
            path = folder / "configs" / f"{name}.cfg"
            path.write_text(set_all(path.read_text("utf-8"), **setting), "utf-8")
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
    for step in load_project_config(ROOT)["workflows"]["all"]:
        if step != BORROWED:
            done = made.weasel(step)
            assert done.returncode == 0, done.stdout + done.stderr
    return made


def test_every_declared_output_is_there(project: Project) -> None:
    config = load_project_config(project.folder)
    steps = {*config["workflows"]["all"]} - {BORROWED}
    outputs = [output for command in config["commands"] if command["name"] in steps for output in command["outputs"]]
    assert [output for output in outputs if not (project.folder / output).exists()] == []


def test_metrics_and_meta_carry_scores_per_label(project: Project) -> None:
    report = json.loads((project.folder / "metrics" / "evaluation.json").read_text("utf-8"))
    assert report["documents"] == 15
    assert {label: of["support"] for label, of in report["entities"]["labels"].items()} == {
        "SKILLS": 15,
        "EXPERIENCE": 15,
    }
    assert report["scores"]["ents_f"] > 0.8
    meta = json.loads((project.folder / "training" / "model-best" / "meta.json").read_text("utf-8"))
    assert set(meta["performance"]["ents_per_type"]) == {"SKILLS", "EXPERIENCE"}


def test_report_and_wheel_carry_the_scores_of_evaluate(project: Project) -> None:
    scores = json.loads((project.folder / "metrics" / "evaluation.json").read_text("utf-8"))["scores"]
    with zipfile.ZipFile(project.folder / "packages" / "en_job_ads-0.1.0-py3-none-any.whl") as wheel:
        meta = json.loads(wheel.read("en_job_ads/meta.json"))
        assert "model-index" in wheel.read("en_job_ads/en_job_ads-0.1.0/README.md").decode()
    assert meta["performance"]["ents_f"] == scores["ents_f"]
    assert f'value="{scores["ents_f"]}"' in (project.folder / "metrics" / "report.html").read_text("utf-8")
    assert list((project.folder / "metrics" / "plots").glob("*.png")) != []


def test_wheels_install_and_work_in_a_new_environment(project: Project) -> None:
    options = ["--lang", "en", "--name", "job_ads", "--version", "0.1.0", "--reuse-dependencies"]
    done = project.run("scripts/smoke_test.py", "training/model-best", "corpus/dev.spacy", *options)
    assert done.returncode == 0, done.stdout + done.stderr
    results = json.loads((project.folder / "metrics" / "smoke_test.json").read_text("utf-8"))
    nlp = spacy.load(project.folder / "training" / "model-best")
    expected = [[e.start_char, e.end_char, e.label_, e._.confidence] for e in nlp(results[0]["text"]).ents]
    assert agree(results[0]["entities"], expected)
    assert results[0]["entities"] != []


def test_categories_and_answers_are_the_same_where_a_wheel_is_installed(tiny_encoder: Path, tmp_path: Path) -> None:
    spacy.util.fix_random_seed(0)
    nlp = spacy.blank("en")
    encoder = {"@architectures": "spanwright.Transformer.v1", "name": str(tiny_encoder)}
    nlp.add_pipe("transformer", config={"model": encoder})
    nlp.add_pipe("text_classifier_multilabel")
    questions = {"@architectures": "spanwright.QuestionAnswering.v1", "name": str(tiny_encoder), "window": None}
    nlp.add_pipe("extractive_qa", config={"model": questions, "questions": {"who": "who is in the data"}})
    doc = nlp.make_doc("you and the data of ten years")
    reference = doc.copy()
    reference.cats = {"a": 1.0, "b / c": 0.0}
    reference._.question = "how many"
    nlp.initialize(lambda: [Example(doc, reference)])
    nlp.to_disk(tmp_path / "pipeline")
    DocBin(docs=[reference], store_user_data=True).to_disk(tmp_path / "dev.spacy")
    package(tmp_path / "pipeline", tmp_path / "packages", name="several", version="1.0.0", source=ROOT)
    (result,) = smoke_test(
        "en_several==1.0.0",
        tmp_path / "pipeline",
        tmp_path / "dev.spacy",
        packages=tmp_path / "packages",
        constraints=ROOT / "constraints.txt",
        reuse_dependencies=True,
    )
    found = nlp(doc.text)
    assert agree(result["categories"], found.cats)
    assert result["categories"].keys() == {"a", "b / c"}
    answers = {key: [answer.text, answer.score] for key, answer in read_answers(found).items()}
    assert result["answers"].keys() == {"who", "answers"}
    assert agree(result["answers"]["who"], answers["who"])


def test_options_of_convert_reach_it(project: Project) -> None:
    overrides = {"vars.convert_options": "--strict --columns 1,2"}
    commands = load_project_config(project.folder, overrides=overrides)["commands"]
    (convert,) = [command for command in commands if command["name"] == "convert"]
    assert [line.split(" --force ")[1] for line in convert["script"]] == ["--strict --columns 1,2"] * 2


def test_a_second_run_skips_what_depends_on_its_files_alone(project: Project) -> None:
    done = project.weasel("all", "--dry")
    skipped = re.findall(r"Skipping '([\w-]+)'", done.stdout)
    assert skipped == "fetch-encoder convert fill-config debug-data train evaluate package".split(), done.stdout


@pytest.mark.parametrize(
    ("changed", "first"),
    [
        ("train.tsv", "convert"),
        ("quick.cfg", "fill-config"),
        ("scripts/evaluate.py", "evaluate"),
        ("src/spanwright/evaluation/report/templates/report.css", "report"),
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
    steps = "fetch-encoder convert fill-config evaluate report".split()
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
    steps = ["--initialize.before_init.epochs", "0.01", "--initialize.before_init.min_steps", "2"]
    done = project.run("-m", "spacy", "train", "training/config.cfg", "--output", "plain", *paths, *encoder, *steps)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (project.folder / "plain" / "model-best" / "meta.json").exists()
    assert spacy.util.load_config(project.folder / "plain" / "model-best" / "config.cfg")["training"]["max_steps"] == 2


@pytest.mark.parametrize(
    ("config", "train", "dev"),
    [
        ("textcat", "job_ads_categories/family/train.jsonl", "job_ads_categories/family/dev.jsonl"),
        ("textcat_multilabel", "job_ads_categories/conditions/train.jsonl", "job_ads_categories/conditions/dev.jsonl"),
        ("qa", "job_ads_qa/train.json", "job_ads_qa/dev.json"),
    ],
)
def test_all_prepares_every_task(project: Project, config: str, train: str, dev: str) -> None:
    """What comes before training takes the configs and corpora of the other tasks, in a folder of their own."""
    folder = Path(config)
    data = [f"assets/{train}", f"assets/{dev}"]
    corpora = ["--train", str(folder / "train.spacy"), "--dev", str(folder / "dev.spacy")]
    encoder = ["--encoder", "assets/encoders/current"]
    output = ["--output", str(folder), "--report", str(folder / "check.json")]
    filled = str(folder / "config.cfg")
    for command in (
        ["scripts/convert.py", *data, "--out", str(folder)],
        ["scripts/fill_config.py", f"configs/{config}.cfg", filled],
        ["scripts/check.py", filled, "--base", f"configs/{config}.cfg", *corpora, *encoder, *output, "--strict"],
        ["scripts/debug_data.py", filled, *corpora, *encoder, "--output", str(folder / "debug_data.txt")],
    ):
        done = project.run(*command)
        assert done.returncode == 0, done.stdout + done.stderr
