"""Run `spacy debug data` and keep what it says, so that an unchanged corpus is not looked at twice."""

from pathlib import Path

import typer

from spanwright.cli import run, say
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file
from spanwright.project.commands import run_command, spacy_command

END_OF_REPORT = "Summary"


def main(
    config: Path = typer.Argument(..., help="A complete config"),
    train: Path = typer.Option(..., help="Training corpus (.spacy)"),
    dev: Path = typer.Option(..., help="Development corpus (.spacy)"),
    encoder: Path = typer.Option(..., help="Folder of the pretrained encoder"),
    output: Path = typer.Option(Path("metrics/debug_data.txt"), help="Where the output is kept"),
) -> None:
    """Print what `spacy debug data` finds, and write it to OUTPUT."""
    paths = ["--paths.train", str(train), "--paths.dev", str(dev), "--paths.encoder", str(encoder)]
    # it exits with 1 for what is no fault, such as fewer than 100 documents; what must stop a training is `check`'s to say
    findings = run_command(spacy_command("debug", "data", str(config), *paths), capture=True, accept=(0, 1))
    print(findings)
    if END_OF_REPORT not in findings:
        raise SpanwrightError(Errors.S084.format(config=config))
    with atomic_file(output) as partial:
        partial.write_text(findings, "utf8")
    say.good("Kept in", output)


if __name__ == "__main__":
    run(main)
