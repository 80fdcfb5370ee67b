"""Score a pipeline on a corpus, label by label."""

from pathlib import Path
from typing import Any

import srsly
import typer
from wasabi import msg

from spanwright.cli import run, say
from spanwright.evaluation.evaluate import evaluate_pipeline, label_rows, percent, use_gpu
from spanwright.evaluation.significance import RESAMPLES
from spanwright.files import atomic_file


def main(
    pipeline: Path = typer.Argument(..., help="Folder of a trained pipeline"),
    data: Path = typer.Argument(..., help="Corpus to score on (.spacy)"),
    output: Path = typer.Option(Path("metrics/evaluation.json"), help="Where the scores go"),
    gpu_id: int = typer.Option(-1, help="GPU to run on; -1 = CPU"),
    train: Path | None = typer.Option(None, help="Training corpus, to score seen and unseen entities apart"),
    errors: Path | None = typer.Option(None, help="JSONL file for the documents with errors"),
    suspects: Path | None = typer.Option(None, help="JSONL file for annotations to look at again"),
    resamples: int = typer.Option(RESAMPLES, min=100, help="Samples that intervals are made from"),
    seed: int = typer.Option(0, help="Seed of these samples"),
) -> None:
    """Print PIPELINE's scores on DATA and write them to OUTPUT. docs/metrics.md explains each."""
    use_gpu(gpu_id)
    report = evaluate_pipeline(
        pipeline, data, train=train, errors=errors, suspects=suspects, resamples=resamples, seed=seed
    )
    with atomic_file(output) as partial:
        srsly.write_json(partial, report)
    sections = {"": report["entities"], **(report["categories"] or {})}
    for name, section in sections.items():
        if section:
            show_labels(name, section)
    if report["answers"]:
        show_answers(report["answers"])
    say.good(f"{report['documents']} documents, {report['words_per_second'] or 0:.0f} words/s; scores in", output)


def show_labels(name: str, section: dict[str, Any]) -> None:
    header = (name or "label", "P", "R", "F1", "gold")
    msg.table(label_rows(section), header=header, divider=True, aligns=("l", "r", "r", "r", "r"))
    interval = section["micro"].get("intervals", {}).get("f")
    say.info("F1 of all, with its 95% interval", percent(section["micro"]["f"], interval))
    if unscored := section.get("unscored"):
        found = ", ".join(f"{row['label']} ({row['documents']})" for row in unscored)
        say.warn("Not scored, since the pipeline does not know these labels (documents that have them)", found)


def show_answers(section: dict[str, Any]) -> None:
    intervals = section.get("intervals", {})
    for name in ("exact", "f1"):
        say.info(f"{name}, with its 95% interval", percent(section[name], intervals.get(name)))


if __name__ == "__main__":
    run(main)
