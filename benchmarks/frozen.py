"""What freezing saves: seconds of an epoch with the whole encoder frozen, its outputs cached, beside training it.

`python benchmarks/frozen.py`: tweets. Each trains for one epoch and for several; the difference, by epoch, is that of an epoch
after the first, in which a frozen encoder's outputs come from the cache.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from corpora import prepare
from harness import alternate_peers, finish, summarise
from ner import ENCODER, command_of, shared_options

# 5 = all but the last layer of MiniLM's six
FREEZE: tuple[str | int, ...] = ("none", 5, "all")


def main(
    seeds: Annotated[str, typer.Option(help="one run of each for each seed")] = "0,1,2",
    epochs: Annotated[int, typer.Option(min=2, help="of the longer run")] = 3,
    threads: Annotated[int, typer.Option(help="CPU threads of each")] = 1,
    limit: Annotated[int | None, typer.Option(help="Docs of each part, to try the command")] = None,
    encoder: Annotated[Path, typer.Option(help="folder of the encoder")] = ENCODER,
) -> None:
    """Train with each setting of `freeze` in turn, seed by seed."""
    with tempfile.TemporaryDirectory() as folder:
        corpora = prepare("btc", Path(folder), limit=limit)
        commands = {
            f"{freeze} {n}": [*command_of("ours", "btc"), *shared_options("btc", corpora, encoder, n), *setting(freeze)]
            for freeze in FREEZE
            for n in (1, epochs)
        }
        runs = alternate_peers(commands, list(map(int, seeds.split(","))), threads=threads)
    by_epoch = {
        f"freeze = {freeze}": [
            {**long, "seconds": (long["seconds"] - short["seconds"]) / (epochs - 1), "first_epoch": short["seconds"]}
            for short, long in zip(runs[f"{freeze} 1"], runs[f"{freeze} {epochs}"], strict=True)
        ]
        for freeze in FREEZE
    }
    finish("frozen", summarise(by_epoch, base="freeze = all"), limit=limit)


def setting(freeze: str | int) -> list[str]:
    return ["--set", f"components.transformer.model.freeze={json.dumps(freeze)}"]


if __name__ == "__main__":
    typer.run(main)
