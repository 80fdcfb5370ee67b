"""Train with `spacy train`; model-best appears only when training is done."""

import shlex
import signal
import sys
from pathlib import Path

import typer

from spanwright.cli import run, say
from spanwright.project.training import UNFINISHED, train, train_command


def main(
    config: Path = typer.Argument(..., help="A complete config, as `spacy init fill-config` writes it"),
    train_data: Path = typer.Option(..., "--train", help="Training corpus (.spacy)"),
    dev_data: Path = typer.Option(..., "--dev", help="Development corpus (.spacy)"),
    encoder: Path = typer.Option(..., help="Folder of the pretrained encoder"),
    output: Path = typer.Option(Path("training"), help="Where model-best and model-last go"),
    gpu_id: int = typer.Option(-1, help="GPU to train on; -1 = CPU"),
    lang: str | None = typer.Option(None, help="Language of the texts, if not the config's"),
    seed: int = typer.Option(0, help="Seed of every random number"),
    overrides: list[str] = typer.Argument(
        None, help="After --: other settings, such as --initialize.before_init.epochs 3"
    ),
) -> None:
    """Run `spacy train` on CONFIG."""
    settings = {
        "paths.train": train_data,
        "paths.dev": dev_data,
        "paths.encoder": encoder,
        **({"nlp.lang": lang} if lang else {}),
        "system.seed": seed,
    }
    given = [part for name, value in settings.items() for part in (f"--{name}", str(value))]
    overrides = [*given, *(overrides or [])]
    say.info(
        "Running " + shlex.join(["python", *train_command(config, output, gpu_id=gpu_id, overrides=overrides)[1:]])
    )
    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # raises, so that `spacy train` does not outlive this process
    try:
        best = train(config, output, gpu_id=gpu_id, overrides=overrides)
    except KeyboardInterrupt:
        say.warn(f"Interrupted: what there is lies in {output / UNFINISHED}; {output / 'model-best'} is as it was")
        raise SystemExit(130) from None
    say.good("Trained pipeline", best)


if __name__ == "__main__":
    run(main)
