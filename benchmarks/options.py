"""Options that several benchmarks have."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from harness import ROOT

ENCODER = ROOT / "assets" / "encoders" / "current"

Seeds = Annotated[str, typer.Option(help="one run of each for each seed")]
Threads = Annotated[int, typer.Option(help="CPU threads of each")]
Limit = Annotated[int | None, typer.Option(help="Docs of each part, to try the command")]
Encoder = Annotated[Path, typer.Option(help="folder of the encoder")]
Add = Annotated[
    bool, typer.Option("--add", help="keep the runs of other seeds, and of other peers, that the results have")
]


def numbers_of(seeds: str) -> list[int]:
    """Return the seeds that an option names: "0,1,2"."""
    return [int(seed) for seed in seeds.split(",")]
