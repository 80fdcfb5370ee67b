"""Build the wheels of a trained pipeline and of Spanwright into one folder."""

from pathlib import Path

import typer

from spanwright.cli import run, say
from spanwright.project.packaging import package

ROOT = Path(__file__).parent.parent


def main(
    pipeline: Path = typer.Argument(..., help="Folder of a trained pipeline"),
    packages: Path = typer.Argument(Path("packages"), help="Where the wheels go"),
    name: str = typer.Option(..., help="Name of the package, without the language"),
    version: str = typer.Option(..., help="Version of the package"),
    metrics: Path | None = typer.Option(None, help="What scripts/evaluate.py wrote, for the model card and the scores"),
) -> None:
    """Package PIPELINE, so that `pip install --find-links PACKAGES` installs it."""
    for wheel in package(pipeline, packages, name=name, version=version, source=ROOT, metrics=metrics):
        say.good(f"{wheel.stat().st_size / 1e6:.1f} MB", wheel)


if __name__ == "__main__":
    run(main)
