"""Show what a trained pipeline extracts, and where its wheel lies."""

from pathlib import Path

import spacy
import typer
from wasabi import msg

from spanwright.cli import run, say

TEXT = (
    "We need a data engineer with 3+ years of Python and Spark, who has run Airflow in production. "
    "A BSc or MSc in Computer Science or Statistics is welcome. Good communication matters; no Java needed."
)


def main(
    pipeline: Path = typer.Argument(Path("training/model-best"), help="Folder of a trained pipeline"),
    packages: Path = typer.Option(Path("packages"), help="Folder with the wheels"),
    text: str = typer.Option(TEXT, help="Text to read"),
) -> None:
    """Print the entities PIPELINE finds in TEXT, and the wheels in PACKAGES."""
    doc = spacy.load(pipeline)(text)
    print(text)
    msg.table([(ent.text, ent.label_) for ent in doc.ents], header=("entity", "label"), divider=True)
    for wheel in sorted(packages.glob("*.whl")):
        say.good(str(wheel))


if __name__ == "__main__":
    run(main)
