"""Refuse, before training starts, what `spacy train` lets pass."""

from __future__ import annotations

from pathlib import Path

import typer

from spanwright.cli import run, say
from spanwright.errors import Errors, SpanwrightError
from spanwright.preflight.findings import count, write_report
from spanwright.preflight.overrides import spacy_overrides
from spanwright.preflight.run import Training, check_training


def main(
    config: Path = typer.Argument(..., help="The config that `spacy init fill-config` has completed"),
    base: Path = typer.Option(..., help="The partial config that it was completed from"),
    train: Path = typer.Option(..., help="Training corpus: a .spacy file or a folder of them"),
    dev: Path = typer.Option(..., help="Development corpus: a .spacy file or a folder of them"),
    encoder: Path = typer.Option(..., help="Folder of the pretrained encoder"),
    output: Path = typer.Option(..., help="Folder that the pipelines will be saved to"),
    report: Path = typer.Option(..., help="JSON file to write the findings to"),
    project: Path = typer.Option(Path("project.yml"), help="The project whose variables may be overridden"),
    name: str = typer.Option(None, help="Name of the pipeline's package"),
    version: str = typer.Option(None, help="Version of the pipeline's package"),
    lang: str = typer.Option(None, help="Language of the pipeline"),
    gpu_id: str = typer.Option(None, help="GPU to train on, -1 for the CPU"),
    seed: str = typer.Option(None, help="Random seed"),
    strict: bool = typer.Option(False, "--strict", help="Fail on warnings too"),
) -> None:
    """Check config, variables, corpora, encoder and disk: one line per finding, errors exit with 1."""
    given = {"name": name, "version": version, "lang": lang, "gpu_id": gpu_id, "seed": seed}
    variables = {variable: text for variable, text in given.items() if text is not None}
    findings = check_training(Training(config, base, train, dev, encoder, output, project, variables))
    for finding in findings:
        show = say.fail if finding.level == "error" else say.warn
        show(finding.message)
    # Last, so that a full disk does not keep the findings to itself
    write_report(findings, spacy_overrides(), report)
    errors, warnings = count(findings, "error"), count(findings, "warning")
    if errors or (strict and warnings):
        raise SpanwrightError(Errors.S010.format(errors=errors, warnings=warnings, report=report))
    say.good(f"Ready to train (warnings: {warnings})", report)


if __name__ == "__main__":
    run(main)
