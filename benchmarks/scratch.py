"""An encoder from scratch beside a pretrained one: strict F1, and how many texts a second each reads.

`python benchmarks/scratch.py`: the ingredients of recipes (TASTEset), `configs/ner_scratch.cfg` and `configs/ner.cfg` with their
own epochs, one text at a time and in batches. Each is trained first, unless its folder is given.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from corpora import prepare
from harness import ROOT, alternate_peers, finish
from ner import shared_options, spacy_command
from ner_inference import running, train
from options import ENCODER, Encoder, Limit, Threads

EPOCHS = {"pretrained": ("ner", 8), "scratch": ("ner_scratch", 30)}  # the configs, and what they set
BATCH_SIZES = (1, 8, 32, 128)


def main(
    pretrained: Annotated[Path | None, typer.Option(help="a pipeline that ner.cfg gave")] = None,
    scratch: Annotated[Path | None, typer.Option(help="a pipeline that ner_scratch.cfg gave")] = None,
    runs: Annotated[int, typer.Option(help="runs of each; the median counts")] = 3,
    threads: Threads = 1,
    limit: Limit = None,
    encoder: Encoder = ENCODER,
) -> None:
    """Run each in turn, with each batch size."""
    given = {"pretrained": pretrained, "scratch": scratch}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        corpora = prepare("tasteset", folder, limit=limit)
        commands = {}
        for kind, (config, epochs) in EPOCHS.items():
            command = spacy_command(ROOT / "configs" / f"{config}.cfg")
            options = shared_options("tasteset", corpora, encoder, epochs)
            model = given[kind] or train(command, options, folder / kind, threads)
            for size in BATCH_SIZES:
                commands[f"{kind}, batches of {size}"] = running("ours", model, corpora.dev, size)
        measured = alternate_peers(commands, range(runs), threads=threads)
    finish("scratch", measured, base=f"pretrained, batches of {BATCH_SIZES[-1]}", limit=limit)


if __name__ == "__main__":
    typer.run(main)
