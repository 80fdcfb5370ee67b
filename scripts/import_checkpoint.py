"""Make a pipeline of a checkpoint that was fine-tuned with Hugging Face's libraries."""

import enum
from pathlib import Path

import transformers
import typer

from spanwright.checkpoints.loading import find_checkpoint
from spanwright.checkpoints.ner import import_ner
from spanwright.checkpoints.qa import import_qa
from spanwright.checkpoints.textcat import import_textcat
from spanwright.cli import run, say
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_folder


class Task(enum.StrEnum):
    """What a checkpoint was fine-tuned for."""

    ner = "ner"
    qa = "qa"
    textcat = "textcat"


IMPORTERS = {Task.ner: import_ner, Task.qa: import_qa, Task.textcat: import_textcat}


def main(
    task: Task = typer.Argument(..., help="What it was fine-tuned for"),
    name: str = typer.Argument(..., help="Folder of the checkpoint, or its id on the Hugging Face hub"),
    out: Path = typer.Argument(..., help="Where the pipeline goes"),
    lang: str = typer.Option("en", help="Language of the texts"),
    store: Path = typer.Option(Path("assets/checkpoints"), help="Where downloads are kept"),
    force: bool = typer.Option(False, "--force", help="Replace an output that exists"),
) -> None:
    """Write the checkpoint NAME, its head included, to OUT as a pipeline that `spacy.load` reads."""
    if out.exists() and not force:
        raise SpanwrightError(Errors.S467.format(path=out))
    transformers.logging.set_verbosity_error()  # what it warns of (an unused pooler) or worse is checked here
    nlp = IMPORTERS[task](find_checkpoint(name, store, notify=say.info), lang=lang)
    nlp.meta["description"] = f"Imported from {name}"
    with atomic_folder(out) as partial:
        nlp.to_disk(partial)
    say.good(f"A pipeline with {', '.join(nlp.pipe_names)}, whose scores are those of {name}", out)


if __name__ == "__main__":
    run(main)
