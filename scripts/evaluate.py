"""Score a pipeline on a corpus, label by label."""

from pathlib import Path

import spacy
import srsly
import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.evaluate import evaluate_pipeline, label_rows
from spanwright.files import atomic_file


def main(
    pipeline: Path = typer.Argument(..., help="Folder of a trained pipeline"),
    data: Path = typer.Argument(..., help="Corpus to score on (.spacy)"),
    output: Path = typer.Option(Path("metrics/evaluation.json"), help="Where the scores go"),
    gpu_id: int = typer.Option(-1, help="GPU to run on; -1 = CPU"),
) -> None:
    """Print PIPELINE's scores on DATA and write them to OUTPUT."""
    if gpu_id >= 0:
        try:
            spacy.require_gpu(gpu_id)
        except ValueError as error:
            raise SpanwrightError(Errors.S086.format(gpu_id=gpu_id, reason=error)) from error
    report = evaluate_pipeline(pipeline, data)
    msg.table(
        label_rows(report), header=("label", "P", "R", "F1", "gold"), divider=True, aligns=("l", "r", "r", "r", "r")
    )
    with atomic_file(output) as partial:
        srsly.write_json(partial, report)
    say.good(f"{report['documents']} documents, {report['words_per_second']:.0f} words/s; scores in", output)


if __name__ == "__main__":
    run(main)
