"""Wheels of a trained pipeline and of this package, side by side in one folder that pip can install from."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import srsly

from spanwright.errors import Errors, SpanwrightError
from spanwright.project.commands import run_command, spacy_command


def package(pipeline: Path, packages: Path, *, name: str, version: str, source: Path) -> list[Path]:
    """Build the wheel of `pipeline` (a trained pipeline's folder) and of Spanwright into `packages`; return their paths.

    source: the folder with Spanwright's pyproject.toml.

    Wheels are built in a temporary folder without the network and renamed into place. Raises SpanwrightError when a build
    fails, or the pipeline would not ask for Spanwright where it is installed.
    """
    packages.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".build.", dir=packages) as folder:
        partial = Path(folder)
        options = ["--name", name, "--version", version, "--build", "none"]
        run_command(spacy_command("package", str(pipeline), str(partial), *options), capture=True)
        (project,) = partial.iterdir()
        requirements = srsly.read_json(project / "meta.json")["requirements"]
        if not any(requirement.startswith("spanwright") for requirement in requirements):
            raise SpanwrightError(Errors.S072.format(pipeline=pipeline, requirements=requirements))
        _build_wheel(project, partial / "wheels")
        _build_wheel(source, partial / "wheels")
        return [wheel.replace(packages / wheel.name) for wheel in sorted((partial / "wheels").glob("*.whl"))]


def _build_wheel(project: Path, output: Path) -> None:
    # without --wheel, `build` makes the wheel from the sdist: nothing stale in the tree's build folder gets into it
    build = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(output.resolve()), str(project)]
    run_command(build, capture=True)
