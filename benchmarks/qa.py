"""Training extractive question answering: ours beside Hugging Face's Trainer, as its script `run_qa` sets it up.

`python benchmarks/qa.py`: seconds, questions per second, peak memory, exact match and F1 on the same questions, with the same
encoder, epochs, batch size and learning rate; see docs/benchmarks.md.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from corpora import DATASETS, prepare
from harness import ROOT, alternate_peers, finish, read_earlier
from ner import PEERS, shared_options
from options import ENCODER, Add, Encoder, Limit, Seeds, Threads, numbers_of

TRAINER = [sys.executable, str(PEERS / "trainer_qa.py")]
COMMANDS = {
    "ours": [sys.executable, str(PEERS / "train_qa.py"), "--config", str(ROOT / "configs" / "qa.cfg")],
    "trainer": TRAINER,
    "trainer padded": [*TRAINER, "--pad-to-max-length"],
    "trainer 3e-5": [*TRAINER, "--learning-rate", "3e-5"],
}


def main(
    peers: Annotated[str, typer.Option(help=f"which to run, of {', '.join(COMMANDS)}")] = "ours,trainer",
    bf16: Annotated[bool, typer.Option("--bf16", help="the Trainer in bfloat16 too")] = False,
    seeds: Seeds = "0,1,2",
    epochs: Annotated[int, typer.Option(min=1)] = DATASETS["squad"].epochs,
    evaluate_each_epoch: Annotated[
        bool, typer.Option("--evaluate-each-epoch", help="em and f1 after the earlier epochs too, not timed")
    ] = False,
    batch_size: Annotated[int, typer.Option(min=1, help="in questions; run_qa's README has 12")] = DATASETS[
        "squad"
    ].batch_size,
    save: Annotated[Path | None, typer.Option(help="folder for the models of the last seed")] = None,
    threads: Threads = 1,
    limit: Limit = None,
    add: Add = False,
    encoder: Encoder = ENCODER,
) -> None:
    """Train each in turn, seed by seed."""
    result = f"qa_{epochs}_epochs"
    settings = {"epochs": epochs, "batch_size": batch_size, "threads": threads, "encoder": encoder}
    earlier = read_earlier(result, add=add, **settings)
    with tempfile.TemporaryDirectory() as folder:
        shared = shared_options("squad", prepare("squad", Path(folder), limit=limit), encoder, epochs)
        shared += ["--batch-size", str(batch_size)]
        shared += ["--evaluate-each-epoch"] * evaluate_each_epoch
        commands = {name: [*COMMANDS[name], *shared] for name in peers.split(",")}
        if bf16:
            commands["trainer bf16"] = [*TRAINER, *shared, "--bf16"]
        if save is not None:
            save.mkdir(parents=True, exist_ok=True)
            commands = {name: [*command, "--save", str(save / name)] for name, command in commands.items()}
        runs = alternate_peers(commands, numbers_of(seeds), threads=threads)
    finish(result, runs, limit=limit, earlier=earlier, **settings)


if __name__ == "__main__":
    typer.run(main)
