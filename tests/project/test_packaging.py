"""Wheels of a pipeline and of this package, and what is asked of them."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
import spacy
import srsly

from spanwright.errors import SpanwrightError
from spanwright.project.packaging import package
from spanwright.project.smoke import missing_outputs

ROOT = Path(__file__).parents[2]


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A small package in place of our own, with a file left over from an earlier build."""
    folder = tmp_path / "source"
    (folder / "src" / "tiny").mkdir(parents=True)
    (folder / "src" / "tiny" / "__init__.py").write_text("")
    stale = folder / "build" / "lib" / "tiny"
    stale.mkdir(parents=True)
    (stale / "deleted_long_ago.py").write_text("")
    (folder / "pyproject.toml").write_text('[project]\nname = "tiny"\nversion = "1.0"\n')
    return folder


def save_pipeline(folder: Path, factory: str) -> Path:
    nlp = spacy.blank("en")
    pipe = nlp.add_pipe(factory)
    if factory == "bio_ner":
        pipe.add_label("SKILLS")
        nlp.initialize(lambda: [spacy.training.Example.from_dict(nlp.make_doc("some words"), {})])
    nlp.to_disk(folder)
    return folder


def test_both_wheels_and_nothing_else(tmp_path: Path, source: Path) -> None:
    pipeline = save_pipeline(tmp_path / "pipeline", "bio_ner")
    wheels = package(pipeline, tmp_path / "packages", name="tickets", version="2.1.0", source=source)
    names = ["en_tickets-2.1.0-py3-none-any.whl", "tiny-1.0-py3-none-any.whl"]
    assert [wheel.name for wheel in wheels] == names
    assert sorted(path.name for path in (tmp_path / "packages").iterdir()) == names
    with zipfile.ZipFile(wheels[0]) as wheel:
        metadata = wheel.read("en_tickets-2.1.0.dist-info/METADATA").decode()
    assert "Requires-Dist: spanwright" in metadata
    with zipfile.ZipFile(wheels[1]) as wheel:
        assert "tiny/deleted_long_ago.py" not in wheel.namelist()


def test_pipeline_that_would_not_require_us_is_refused(tmp_path: Path, source: Path) -> None:
    pipeline = save_pipeline(tmp_path / "pipeline", "sentencizer")
    with pytest.raises(SpanwrightError, match="S072"):
        package(pipeline, tmp_path / "packages", name="tickets", version="2.1.0", source=source)
    assert list((tmp_path / "packages").iterdir()) == []


def test_a_failing_build_names_its_command(tmp_path: Path, source: Path) -> None:
    (source / "pyproject.toml").write_text("[project\n")
    pipeline = save_pipeline(tmp_path / "pipeline", "bio_ner")
    with pytest.raises(SpanwrightError, match=r"(?s)S070.*-m build"):
        package(pipeline, tmp_path / "packages", name="tickets", version="2.1.0", source=source)
    assert list((tmp_path / "packages").iterdir()) == []


def test_missing_outputs_follow_the_variables(tmp_path: Path) -> None:
    commands = [
        {"name": "package", "script": [], "outputs": ["packages/${vars.lang}_${vars.name}.whl", "other"]},
        {"name": "smoke-test", "script": [], "outputs": ["later"]},
    ]
    project = {
        "vars": {"lang": "en", "name": "a"},
        "workflows": {"all": ["package", "smoke-test"]},
        "commands": commands,
    }
    srsly.write_yaml(tmp_path / "project.yml", project)
    (tmp_path / "packages").mkdir()
    (tmp_path / "packages" / "de_b.whl").touch()
    assert missing_outputs(tmp_path, {"lang": "de", "name": "b"}, before="smoke-test") == ["other"]
    assert missing_outputs(tmp_path, {}, before="smoke-test") == ["packages/en_a.whl", "other"]
    assert missing_outputs(tmp_path, {}, before="package") == []
