"""Measure how fast a trained pipeline is."""

from pathlib import Path

import srsly
import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.evaluation.evaluate import use_gpu
from spanwright.evaluation.speed import PERCENTILES, fastest, measure_speed, table_rows
from spanwright.files import atomic_file


def main(
    pipeline: Path = typer.Argument(..., help="Folder of a trained pipeline"),
    data: Path = typer.Option(
        Path("corpus/dev.spacy"), help="Texts to run: .spacy, .txt (a text a line), .jsonl, .json"
    ),
    output: Path = typer.Option(Path("metrics/speed.json"), help="Where the numbers go"),
    limit: int = typer.Option(200, min=1, help="How many texts to run"),
    gpu_id: int = typer.Option(-1, help="GPU to run on; -1 = CPU"),
) -> None:
    """Print PIPELINE's words/s, documents/s, latencies, load time and peak memory, and write them to OUTPUT."""
    use_gpu(gpu_id)
    report = measure_speed(pipeline, data, limit=limit)
    header = ("batch size", "words/s", "documents/s", *(f"p{percent} (ms)" for percent in PERCENTILES))
    msg.table(table_rows(report), header=header, divider=True, aligns=("l", *"r" * (len(header) - 1)))
    say.info(f"Loaded in {report['load_seconds']:.1f} s on {report['device']} ({report['threads']} threads)")
    for place, peak in report["peak_memory"].items():
        if peak is not None:
            say.info(f"Peak memory of the {place}: {peak / 1e6:,.0f} MB")
    with atomic_file(output) as partial:
        srsly.write_json(partial, report)
    say.good(f"{fastest(report['batch_sizes'])['words_per_second']:,.0f} words/s at best; all numbers in", output)


if __name__ == "__main__":
    run(main)
