"""Finding entities: `nlp.pipe` of ours and of stock spaCy beside transformers' token-classification pipeline.

`python benchmarks/ner_inference.py`: words per second, peak memory and strict F1 on the 3,250 sentences of CoNLL's `valid.txt`.
Each model is trained first, on 1,000 sentences, unless its folder is given.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from corpora import prepare
from harness import alternate_peers, finish, run_peer
from ner import COMMANDS, PEERS, shared_options
from options import ENCODER, Encoder, Limit, Threads

RUNNERS = {"ours": "run_spacy.py", "stock": "run_spacy.py", "trainer": "run_hf.py"}
BATCH_SIZES = (1, 8, 32)


def main(
    ours: Annotated[Path | None, typer.Option(help="our trained pipeline")] = None,
    stock: Annotated[Path | None, typer.Option(help="a stock pipeline")] = None,
    trainer: Annotated[Path | None, typer.Option(help="a model that the Trainer saved")] = None,
    pipe_batch: Annotated[int, typer.Option(help="batch size of nlp.pipe")] = 64,
    runs: Annotated[int, typer.Option(help="runs of each; the median counts")] = 3,
    epochs: Annotated[int | None, typer.Option(help="of the training before")] = None,
    threads: Threads = 1,
    limit: Limit = None,
    encoder: Encoder = ENCODER,
) -> None:
    """Run each in turn; the pipeline of transformers with each of its batch sizes; the fastest is to be compared."""
    with tempfile.TemporaryDirectory() as folder:
        texts = prepare("conll_valid", Path(folder) / "valid", limit=limit).dev
        small = prepare("conll", Path(folder) / "small", limit=limit)
        given = {"ours": ours, "stock": stock, "trainer": trainer}
        models = {
            name: model
            or train(COMMANDS[name], shared_options("conll", small, encoder, epochs), Path(folder) / name, threads)
            for name, model in given.items()
        }
        sizes = dict.fromkeys(("ours", "stock"), (pipe_batch,)) | {"trainer": BATCH_SIZES}
        commands = {
            f"{name}, batches of {size}": running(name, models[name], texts, size)
            for name, of in sizes.items()
            for size in of
        }
        int8 = [*running("ours", models["ours"], texts, pipe_batch), "--precision", "int8"]
        commands = {f"ours in 8 bits, batches of {pipe_batch}": int8, **commands}
        measured = alternate_peers(commands, range(runs), threads=threads)
    finish("ner_inference", measured, base=f"ours, batches of {pipe_batch}", limit=limit)


def train(command: list[str], options: list[str], folder: Path, threads: int) -> Path:
    """Train a model to run, and return its folder."""
    run_peer([*command, *options, "--save", str(folder), "--threads", str(threads)], threads=threads)
    return folder


def running(name: str, model: Path, texts: Path, batch_size: int) -> list[str]:
    script = str(PEERS / RUNNERS[name])
    return [sys.executable, script, "--model", str(model), "--data", str(texts), "--batch-size", str(batch_size)]


if __name__ == "__main__":
    typer.run(main)
