"""Answering questions: ours, together and one by one, beside transformers' question-answering pipeline.

`python benchmarks/qa_inference.py`: questions per second, peak memory, exact match and F1 on SQuAD's questions, all with the
weights of one checkpoint, which ours imports; with `--pipeline`, each as it was trained. `context_pieces` has only so many word
pieces of a context read. With `--many 500`: so many questions on one document.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import spacy
import typer
from spacy.tokens import Doc

from corpora import Corpora, prepare, read, write
from harness import ROOT, alternate_peers, finish, read_earlier, run_peer
from ner import PEERS, shared_options
from options import ENCODER, Add, Encoder, Limit, Threads
from qa import TRAINER
from spanwright.data.exporting.docs import question_of
from spanwright.qa.corpus import register_extensions

BATCH_SIZE = 64
PARAGRAPHS = 5  # of the document that many questions are asked about
INT8 = ("--precision", "int8")
READ = (48, 64, 80)  # word pieces


class Row(NamedTuple):
    """A way to answer: the script, whose model it takes, questions asked together, and further options."""

    script: str
    model: str
    batch_size: int
    options: tuple[str, ...] = ()


ROWS = {
    "ours, together": Row("run_qa_spacy.py", "ours", BATCH_SIZE),
    "ours, one by one": Row("run_qa_spacy.py", "ours", 1),
    "ours, together, 8 bits": Row("run_qa_spacy.py", "ours", BATCH_SIZE, INT8),
    **{
        f"ours, {read} pieces read, together, 8 bits": Row(
            "run_qa_spacy.py", "ours", BATCH_SIZE, (*INT8, "--context-pieces", str(read))
        )
        for read in READ
    },
    "transformers, one by one": Row("run_qa_hf.py", "checkpoint", 1),
    "transformers, batches of 8": Row("run_qa_hf.py", "checkpoint", 8),
    "transformers, batches of 32": Row("run_qa_hf.py", "checkpoint", 32),
}


def main(
    checkpoint: Annotated[Path | None, typer.Option(help="a model that qa.py saved; else one is trained")] = None,
    pipeline: Annotated[Path | None, typer.Option(help="one that qa.py saved; else the checkpoint is imported")] = None,
    many: Annotated[int | None, typer.Option(min=1, help="so many questions on one document instead")] = None,
    only: Annotated[str, typer.Option(help="rows whose name has this in it; with --add")] = "",
    add: Add = False,
    runs: Annotated[int, typer.Option(help="runs of each; the median counts")] = 3,
    epochs: Annotated[int, typer.Option(help="of the training before")] = 2,
    threads: Threads = 1,
    limit: Limit = None,
    encoder: Encoder = ENCODER,
) -> None:
    """Run each in turn; the pipeline of transformers with each of its batch sizes; the fastest is to be compared."""
    result = ("qa_one_document" if many else "qa_inference") + ("_trained" if pipeline else "")
    settings = {"threads": threads, "encoder": encoder}
    earlier = read_earlier(result, add=add, **settings)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpora = prepare("squad", folder, limit=limit)
        checkpoint = checkpoint or train(corpora, folder / "checkpoint", encoder, epochs, threads)
        pipeline = pipeline or import_checkpoint(checkpoint, folder / "pipeline")
        models = {"checkpoint": checkpoint, "ours": pipeline}
        data = corpora.dev if many is None else ask_of_one(corpora.dev, folder / "many.spacy", many)
        commands = {name: command(row, models[row.model], data) for name, row in ROWS.items() if only in name}
        measured = alternate_peers(commands, range(runs), threads=threads)
    if many is not None:
        measured = {name: [without_scores(run) for run in runs_of] for name, runs_of in measured.items()}
    finish(result, measured, limit=limit, earlier=earlier, **settings)


def train(corpora: Corpora, folder: Path, encoder: Path, epochs: int, threads: int) -> Path:
    """Train a checkpoint with the Trainer, and return its folder."""
    shared = shared_options("squad", corpora, encoder, epochs)
    run_peer([*TRAINER, *shared, "--save", str(folder), "--threads", str(threads)], threads=threads)
    return folder


def import_checkpoint(checkpoint: Path, out: Path) -> Path:
    """Make a pipeline of a checkpoint, as users do, and return its folder."""
    script = ROOT / "scripts" / "import_checkpoint.py"
    subprocess.run(
        [sys.executable, str(script), "qa", str(checkpoint), str(out)], check=True, stdout=subprocess.DEVNULL
    )
    return out


def ask_of_one(corpus: Path, out: Path, many: int) -> Path:
    """Write a corpus of the questions of another, repeated until there are enough, all about its first paragraphs joined."""
    register_extensions()
    nlp = spacy.blank("en")
    docs = list(read(corpus))
    document = "\n".join(list(dict.fromkeys(doc.text for doc in docs))[:PARAGRAPHS])
    made: list[Doc] = []
    for number in range(many):
        made.append(nlp.make_doc(document))
        made[-1]._.question = question_of(docs[number % len(docs)])
    write(made, out)
    return out


def command(row: Row, model: Path, data: Path) -> list[str]:
    options = ["--model", str(model), "--data", str(data), "--batch-size", str(row.batch_size), *row.options]
    return [sys.executable, str(PEERS / row.script), *options]


def without_scores(run: dict[str, Any]) -> dict[str, Any]:
    """What was measured, without what says nothing of questions about another text."""
    return {column: value for column, value in run.items() if column not in ("em", "f1")}


if __name__ == "__main__":
    typer.run(main)
