"""Wheels of a trained pipeline and of this package, side by side in one folder that pip can install from."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import srsly

from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.report.card import card
from spanwright.evaluation.report.collect import data_of, read_metrics
from spanwright.project.commands import run_command, spacy_command


def package(
    pipeline: Path, packages: Path, *, name: str, version: str, source: Path, metrics: Path | None = None
) -> list[Path]:
    """Build the wheel of `pipeline` (a trained pipeline's folder) and of Spanwright into `packages`; return their paths.

    source: the folder with Spanwright's pyproject.toml.
    metrics: what scripts/evaluate.py wrote; the wheel gets a model card, and these scores in its meta.json. None: the scores
        are those that training chose the pipeline by.

    Wheels are built in a temporary folder without the network and renamed into place. Raises SpanwrightError when a build
    fails, the pipeline would not ask for Spanwright where it is installed, or `metrics` is no file of metrics.
    """
    found = None if metrics is None else read_metrics(metrics)
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build.", dir=packages) as folder:
        partial = Path(folder)
        options = ["--name", name, "--version", version, "--build", "none"]
        run_command(spacy_command("package", str(pipeline), str(partial), *options), capture=True)
        (project,) = partial.iterdir()
        requirements = srsly.read_json(project / "meta.json")["requirements"]
        if not any(requirement.startswith("spanwright") for requirement in requirements):
            raise SpanwrightError(Errors.S072.format(pipeline=pipeline, requirements=requirements))
        if found is not None:
            _describe(project, found)
        _build_wheel(project, partial / "wheels")
        _build_wheel(source, partial / "wheels")
        return [wheel.replace(packages / wheel.name) for wheel in sorted((partial / "wheels").glob("*.whl"))]


def _describe(project: Path, metrics: dict[str, Any]) -> None:
    """Put the metrics' scores into the meta.json of what `spacy package` made, and a model card in place of its README.md."""
    meta = {**json.loads((project / "meta.json").read_text("utf-8")), "performance": metrics["scores"]}
    package = f"{meta['lang']}_{meta['name']}"
    pipeline = project / package / f"{package}-{meta['version']}"
    # srsly would round the scores
    content = json.dumps(meta, indent=2, ensure_ascii=False)
    for folder in (project, project / package, pipeline):
        (folder / "meta.json").write_text(content, "utf-8")
    readme = card(meta, metrics, data_of(metrics))
    for folder in (project, pipeline):
        (folder / "README.md").write_text(readme, "utf-8")


def _build_wheel(project: Path, output: Path) -> None:
    # without --wheel, `build` makes the wheel from the sdist: nothing stale in the tree's build folder gets into it
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output.resolve()), str(project)]
    run_command(build, capture=True)
