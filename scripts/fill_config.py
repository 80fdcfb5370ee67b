"""Complete a partial config with `spacy init fill-config`; a faulty one is refused in one line."""

from pathlib import Path

import typer

from spanwright.cli import run, say
from spanwright.project.configs import fill_config


def main(
    base: Path = typer.Argument(..., help="A partial config, from configs/"),
    output: Path = typer.Argument(..., help="Where the complete config goes"),
    lang: str | None = typer.Option(None, help="Language of the texts, if not the config's"),
) -> None:
    """Write BASE, completed with spaCy's defaults, to OUTPUT."""
    fill_config(base, output, lang=lang)
    say.good("Complete config", output)


if __name__ == "__main__":
    run(main)
