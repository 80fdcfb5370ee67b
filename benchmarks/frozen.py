"""What freezing saves: seconds of an epoch with the whole encoder frozen, its outputs cached, beside training it.

`python benchmarks/frozen.py`: tweets. The seconds are those of an epoch after the first, in which a frozen encoder's outputs come
from the cache.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from corpora import DATASETS, prepare
from harness import alternate_peers, finish, read_earlier
from ner import command_of, setting, shared_options
from options import ENCODER, Add, Encoder, Limit, Seeds, Threads, numbers_of

FREEZE_SETTING = "components.transformer.model.freeze"
# 5 = all but the last layer of MiniLM's six
FREEZE: tuple[str | int, ...] = ("none", 5, "all")


def main(
    seeds: Seeds = "0,1,2",
    epochs: Annotated[int, typer.Option(min=2)] = DATASETS["btc"].epochs,
    threads: Threads = 1,
    limit: Limit = None,
    add: Add = False,
    encoder: Encoder = ENCODER,
) -> None:
    """Train with each setting of `freeze` in turn, seed by seed."""
    settings = {"epochs": epochs, "threads": threads, "encoder": encoder}
    earlier = read_earlier("frozen", add=add, **settings)
    with tempfile.TemporaryDirectory() as folder:
        corpora = prepare("btc", Path(folder), limit=limit)
        command = [*command_of("ours", "btc"), *shared_options("btc", corpora, encoder, epochs), "--by-epoch"]
        commands = {f"freeze = {freeze}": [*command, *setting(FREEZE_SETTING, freeze)] for freeze in FREEZE}
        runs = alternate_peers(commands, numbers_of(seeds), threads=threads)
    finish("frozen", runs, base="freeze = all", limit=limit, earlier=earlier, **settings)


if __name__ == "__main__":
    typer.run(main)
