"""Fetch and verify an encoder, and point `assets/encoders/current` to it."""

from pathlib import Path

import typer

from spanwright.cli import run, say
from spanwright.encoder.fetching import point_to, resolve_encoder


def main(
    encoder: str = typer.Argument(..., help="A pinned name (minilm-l6), a folder, or a hub id (owner/name[@revision])"),
    store: Path = typer.Option(Path("assets/encoders"), help="Where fetched encoders are kept"),
) -> None:
    """Fetch ENCODER unless a verified copy is there, and make STORE/current stand for it."""
    folder = resolve_encoder(encoder, store, notify=say.info)
    point_to(store / "current", folder)
    say.good(f"Encoder '{encoder}' is ready", store / "current")


if __name__ == "__main__":
    run(main)
