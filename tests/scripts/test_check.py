import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import srsly
from spacy.cli.init_config import fill_config
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spanwright.errors import SpanwrightError

SCRIPT = Path(__file__).parents[2] / "scripts" / "check.py"
BASE = (SCRIPT.parents[1] / "configs" / "ner.cfg").read_text(encoding="utf-8")
PROJECT = """
vars:
  name: job_ads
  gpu_id: -1
directories: [training]
commands:
  - name: check
    script:
      - "python {script} training/config.cfg --base base.cfg --train train.spacy --dev dev.spacy --encoder encoder
        --output training --report metrics/check.json --name ${{vars.name}} --gpu-id ${{vars.gpu_id}}"
"""


@pytest.fixture
def check():
    """The command's function."""
    spec = importlib.util.spec_from_file_location("check", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.main


@pytest.fixture
def folder(tmp_path, tiny_encoder, monkeypatch):
    """A project as it is before training, and the current folder."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_encoder, "encoder")
    write_config(BASE)
    write_corpus("train.spacy", range(20))
    write_corpus("dev.spacy", range(20, 25))
    Path("project.yml").write_text(PROJECT.format(script=SCRIPT))
    return tmp_path


def write_config(base):
    Path("base.cfg").write_text(base)
    Path("training").mkdir(exist_ok=True)
    fill_config(Path("training/config.cfg"), Path("base.cfg"), silent=True)


def write_corpus(name, numbers, label="SKILL"):
    docs = [Doc(Vocab(), words=["number", str(number)], ents=["O", f"B-{label}"]) for number in numbers]
    DocBin(docs=docs).to_disk(name)


def settings(**changed):
    given = {"base": "base.cfg", "train": "train.spacy", "dev": "dev.spacy", "encoder": "encoder", "output": "training"}
    paths = {name: Path(path) for name, path in {**given, "project": "project.yml", "report": "check.json"}.items()}
    variables = {"name": "job_ads", "version": "1.0.0", "lang": "en", "gpu_id": "-1", "seed": "0"}
    return {"config": Path("training/config.cfg"), **paths, **variables, "strict": False, **changed}


def codes():
    return [finding["message"][1:5] for finding in srsly.read_json("check.json")["findings"]]


def test_a_project_in_order_passes(folder, check, capsys):
    check(**settings(strict=True))
    assert "Ready to train" in capsys.readouterr().out
    assert srsly.read_json("check.json") == {"errors": 0, "warnings": 0, "findings": [], "overrides": {}}


def test_every_mistake_is_listed_at_once_with_its_remedy(folder, check, capsys):
    write_config(BASE.replace("dropout = 0.1", "dropuot = 0.5\ndropout = 2.0"))
    write_corpus("dev.spacy", range(20, 25), label="DIPLOMA")
    (folder / "encoder" / "tokenizer.json").unlink()
    (folder / "encoder" / "vocab.txt").unlink()
    with pytest.raises(SpanwrightError, match=r"errors: 5, warnings: 1.*check\.json has the list"):
        check(**settings(version="latest"))
    assert codes() == ["S012", "S020", "S022", "S031", "S032", "S045"]
    lines = capsys.readouterr().out.strip().splitlines()
    assert len(lines) == 6
    assert "did you mean 'dropout'?" in lines[0]


def test_warnings_fail_only_when_strict(folder, check):
    write_corpus("train.spacy", range(10))
    check(**settings())
    assert codes() == ["S034"]
    with pytest.raises(SpanwrightError, match="errors: 0, warnings: 1"):
        check(**settings(strict=True))


def test_findings_are_shown_where_the_report_cannot_be_written(folder, check, capsys):
    (folder / "file").write_text("")
    with pytest.raises(OSError, match="file"):
        check(**settings(version="latest", report=Path("file/check.json")))
    assert "[S022] vars.version = 'latest'" in capsys.readouterr().out


def test_overrides_in_the_environment_are_checked_too(folder, check, monkeypatch):
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", "--training.dropout 2.0 --training.dropuot 0.1 --trainng.seed 1")
    with pytest.raises(SpanwrightError, match="errors: 3"):
        check(**settings())
    assert codes() == ["S019", "S019", "S020"]


@pytest.mark.parametrize("content", [None, "[training", "[training]\ndropout = ${nothing.here}"])
def test_a_config_that_cannot_be_read_is_named(folder, check, content):
    path = folder / "broken.cfg"
    if content is not None:
        path.write_text(content)
    with pytest.raises(SpanwrightError, match=r"broken\.cfg: "):
        check(**settings(config=path))


def test_weasel_is_asked_for_the_variables_it_ignores(folder):
    words = [sys.executable, "-m", "weasel", "run", "check", ".", "--vars.nmae", "foo", "--vars.gpu_id", "x"]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    messages = [finding["message"] for finding in srsly.read_json("metrics/check.json")["findings"]]
    assert messages[0].startswith(
        "[S018] override --vars.nmae: project.yml has no such variable; did you mean 'vars.name'?"
    )
    assert messages[1].startswith("[S022] vars.gpu_id = 'x': allowed is -1 for the CPU")
    assert len(messages) == 2
