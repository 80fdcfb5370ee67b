"""Train on growing parts of the data: would more annotation help?"""

import signal
import sys
from pathlib import Path

import srsly
import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.errors import SpanwrightError
from spanwright.evaluation.learning_curve import PERCENTS, Run, draw, summarise, train_parts
from spanwright.files import atomic_file


def main(
    config: Path = typer.Argument(Path("training/config.cfg"), help="A complete config"),
    train_data: Path = typer.Option(Path("corpus/train.spacy"), "--train", help="Training corpus (.spacy)"),
    dev_data: Path = typer.Option(Path("corpus/dev.spacy"), "--dev", help="Development corpus (.spacy)"),
    encoder: Path = typer.Option(Path("assets/encoders/current"), help="Folder of the pretrained encoder"),
    folder: Path = typer.Option(Path("training/learning_curve"), help="Where finished trainings are noted"),
    output: Path = typer.Option(Path("metrics/learning_curve.json"), help="Where the numbers go; a picture beside it"),
    percents: str = typer.Option(",".join(map(str, PERCENTS)), help="Parts of the data"),
    n_seeds: int = typer.Option(3, min=1, help="How often each part is drawn and trained on"),
    gpu_id: int = typer.Option(-1, help="GPU to train on; -1 = CPU"),
    lang: str | None = typer.Option(None, help="Language of the texts, if not the config's"),
) -> None:
    """Run `spacy train` on parts of the training corpus and say what twice the data would give.

    Can be interrupted: the same command goes on with the training that was under way.
    """
    try:
        parts = [int(part) for part in percents.split(",")]
    except ValueError:
        raise typer.BadParameter(f"--percents {percents}: not whole numbers between commas") from None

    def announce(part: Run, number: int, total: int) -> None:
        say.info(f"Training {number} of {total}: {part.percent} % ({part.documents} documents), seed {part.seed}")
        sys.stdout.flush()  # `spacy train` writes to the same place

    signal.signal(
        signal.SIGTERM, lambda *_: sys.exit(143)
    )  # raises, so that `spacy train` does not outlive this process
    points = []
    try:
        for point in train_parts(
            config,
            train_data,
            dev_data,
            folder,
            percents=parts,
            seeds=range(n_seeds),
            gpu_id=gpu_id,
            encoder=encoder,
            overrides=["--nlp.lang", lang] if lang else [],
            announce=announce,
        ):
            points.append(point)
    except KeyboardInterrupt:
        say.warn(f"Interrupted after {len(points)} trainings; the same command goes on with the next")
        raise SystemExit(130) from None
    report = summarise(points)
    rows = [(p["percent"], p["documents"], p["seed"], f"{100 * p['score']:.1f}") for p in report["points"]]
    msg.table(rows, header=("%", "documents", "seed", report["metric"]), divider=True, aligns=("r", "r", "r", "r"))
    with atomic_file(output) as partial:
        srsly.write_json(partial, report)
    try:
        say.info("Picture", draw(report, output.parent))
    except SpanwrightError as error:  # the numbers do without matplotlib
        say.warn(str(error))
    say.good(report["answer"], output)


if __name__ == "__main__":
    run(main)
