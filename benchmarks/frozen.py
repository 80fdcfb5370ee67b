"""What freezing saves: seconds of an epoch with the whole encoder frozen, its outputs cached, beside training it.

`python benchmarks/frozen.py`: tweets. Each trains for one epoch and for several; the difference, by epoch, is that of an epoch
after the first, in which a frozen encoder's outputs come from the cache.
"""

from __future__ import annotations

import itertools
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from corpora import prepare
from harness import Run, alternate_peers, finish, read_earlier
from ner import command_of, setting, shared_options
from options import ENCODER, Add, Encoder, Limit, Seeds, Threads, numbers_of

FREEZE_SETTING = "components.transformer.model.freeze"
# 5 = all but the last layer of MiniLM's six
FREEZE: tuple[str | int, ...] = ("none", 5, "all")


def main(
    seeds: Seeds = "0,1,2",
    epochs: Annotated[int, typer.Option(min=2, help="of the longer run")] = 3,
    threads: Threads = 1,
    limit: Limit = None,
    add: Add = False,
    encoder: Encoder = ENCODER,
) -> None:
    """Train with each setting of `freeze` in turn, seed by seed."""
    earlier = read_earlier("frozen", add=add)
    with tempfile.TemporaryDirectory() as folder:
        corpora = prepare("btc", Path(folder), limit=limit)
        commands = {}
        for freeze, n in itertools.product(FREEZE, (1, epochs)):
            options = [*shared_options("btc", corpora, encoder, n), *setting(FREEZE_SETTING, freeze)]
            commands[f"{freeze} {n}"] = [*command_of("ours", "btc"), *options]
        runs = alternate_peers(commands, numbers_of(seeds), threads=threads)
    by_epoch = {
        f"freeze = {freeze}": list(map(later_epoch, runs[f"{freeze} 1"], runs[f"{freeze} {epochs}"]))
        for freeze in FREEZE
    }
    finish("frozen", by_epoch, base="freeze = all", limit=limit, earlier=earlier)


def later_epoch(one: Run, several: Run) -> Run:
    """Return what the longer of two runs measured, but for the time, which is that of one of its later epochs."""
    epochs = round(several["steps"] / one["steps"])
    seconds = (several["seconds"] - one["seconds"]) / (epochs - 1)
    words = one["words_per_s"] * one["seconds"]
    others = {column: value for column, value in several.items() if column != "steps"}
    return {**others, "seconds": seconds, "words_per_s": words / seconds, "first_epoch": one["seconds"]}


if __name__ == "__main__":
    typer.run(main)
