"""Wheels of a pipeline and of this package, and what is asked of them."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import spacy
import srsly
from huggingface_hub import ModelCard
from spacy.tokens import DocBin

from spanwright.errors import SpanwrightError
from spanwright.evaluation.evaluate import evaluate_pipeline
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


def test_card_and_scores_come_from_the_metrics(tmp_path: Path, source: Path) -> None:
    pipeline = save_pipeline(tmp_path / "pipeline", "bio_ner")
    nlp = spacy.blank("en")
    doc = nlp.make_doc("some words")
    doc.set_ents([doc.char_span(0, 4, "SKILLS")])
    DocBin(docs=[doc]).to_disk(tmp_path / "dev.spacy")
    found = evaluate_pipeline(pipeline, tmp_path / "dev.spacy")
    found["scores"]["ents_f"] = found["entities"]["micro"]["f"] = 0.7567567567567568
    (tmp_path / "metrics.json").write_text(json.dumps(found))
    metrics = tmp_path / "metrics.json"
    wheel, _ = package(pipeline, tmp_path / "packages", name="tickets", version="2.1.0", source=source, metrics=metrics)
    with zipfile.ZipFile(wheel) as content:
        folders = ("en_tickets", "en_tickets/en_tickets-2.1.0")
        metas = [json.loads(content.read(f"{folder}/meta.json")) for folder in folders]
        card = ModelCard(content.read("en_tickets/en_tickets-2.1.0/README.md").decode())
        described = content.read("en_tickets-2.1.0.dist-info/METADATA").decode()
    assert [meta["performance"] for meta in metas] == [json.loads(json.dumps(found["scores"]))] * 2
    assert card.data.model_name == "en_tickets"
    assert 0.7567567567567568 in {result.metric_value for result in card.data.eval_results}
    assert "`SKILLS`" in card.text and "| version | `2.1.0` |" in card.text
    assert "## How to cite" in described


def test_metrics_of_another_kind_are_refused(tmp_path: Path, source: Path) -> None:
    pipeline = save_pipeline(tmp_path / "pipeline", "bio_ner")
    (tmp_path / "metrics.json").write_text("{}")
    with pytest.raises(SpanwrightError, match="S631"):
        package(
            pipeline,
            tmp_path / "packages",
            name="tickets",
            version="2.1.0",
            source=source,
            metrics=tmp_path / "metrics.json",
        )
    assert not (tmp_path / "packages").exists()
