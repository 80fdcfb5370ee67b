"""Compare two pipelines on the same corpus: scores, whether their difference may be chance, and the texts where they differ."""

from pathlib import Path
from typing import Any

import srsly
import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.evaluation.comparison import TOP, compare_pipelines
from spanwright.evaluation.evaluate import percent, use_gpu
from spanwright.evaluation.significance import RESAMPLES
from spanwright.files import atomic_file

SHOWN = 200  # characters of a text


def main(
    a: Path = typer.Argument(..., help="Folder of a trained pipeline"),
    b: Path = typer.Argument(..., help="Folder of another"),
    data: Path = typer.Option(Path("corpus/dev.spacy"), help="Corpus to compare them on (.spacy)"),
    output: Path = typer.Option(Path("metrics/comparison.json"), help="Where the comparison goes"),
    top: int = typer.Option(TOP, min=0, help="How many texts to keep where they differ; as many are printed"),
    gpu_id: int = typer.Option(-1, help="GPU to run on; -1 = CPU"),
    resamples: int = typer.Option(RESAMPLES, min=100, help="Samples of the intervals, and trials of the test"),
    seed: int = typer.Option(0, help="Seed of these samples"),
) -> None:
    """Score A and B on DATA side by side. docs/metrics.md explains the numbers."""
    use_gpu(gpu_id)
    comparison = compare_pipelines(a, b, data, top=top, resamples=resamples, seed=seed)
    with atomic_file(output) as partial:
        srsly.write_json(partial, comparison)
    for text in reversed(comparison["texts"]):
        show_text(text)
    header = ("measure", "A", "B", "B - A", "p")
    aligns = ("l", "r", "r", "r", "r")
    msg.table([measure_row(row) for row in comparison["measures"]], header=header, divider=True, aligns=aligns)
    say.info("A", f"{a} ({comparison['a']['words_per_second'] or 0:.0f} words/s)")
    say.info("B", f"{b} ({comparison['b']['words_per_second'] or 0:.0f} words/s)")
    say.good(f"{comparison['differing']} of {comparison['documents']} texts differ; comparison in", output)


def measure_row(row: dict[str, Any]) -> tuple[str, ...]:
    values = [percent(row[side]["value"], row[side]["interval"]) for side in ("a", "b")]
    return (row["measure"], *values, percent(row["difference"], row["interval"]), f"{row['p_value']:.3f}")


def show_text(text: dict[str, Any]) -> None:
    """Print the beginning of a text and what only one of the pipelines found in it."""
    say.info(f"document {text['document']}", " ".join(text["text"].split())[:SHOWN])
    for side, other in (("a", "b"), ("b", "a")):
        for item in text[side]["found"]:
            if item not in text[other]["found"]:
                found = " ".join(f"{item.get('label', '')} {item.get('text', '')!r}".split())
                print(f"   only {side.upper()}: {found} ({'right' if item['right'] else 'wrong'})")


if __name__ == "__main__":
    run(main)
