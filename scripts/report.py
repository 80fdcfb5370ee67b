"""Make one HTML page of what a run found, a model card and pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from spanwright.cli import run, say
from spanwright.evaluation.report.card import card
from spanwright.evaluation.report.collect import Sources, collect, usual_sources
from spanwright.evaluation.report.html import html
from spanwright.evaluation.report.sections import sections
from spanwright.evaluation.report.svg import write_pngs
from spanwright.files import atomic_file


def main(
    pipeline: Annotated[Path, typer.Option(help="Folder of a trained pipeline")] = Path("training/model-best"),
    metrics: Annotated[Path, typer.Option(help="What scripts/evaluate.py wrote")] = Path("metrics/evaluation.json"),
    out: Annotated[Path, typer.Option(help="The page")] = Path("metrics/report.html"),
    card_to: Annotated[Path | None, typer.Option("--card", help="Model card to write besides (.md)")] = None,
    png: Annotated[Path | None, typer.Option(help="Folder for the charts as PNG")] = None,
    errors: Annotated[
        Path | None, typer.Option(help="evaluate's --errors; default: errors.jsonl beside METRICS")
    ] = None,
    train: Annotated[Path | None, typer.Option(help="Training corpus; default: the one that METRICS names")] = None,
    log: Annotated[Path | None, typer.Option(help="Training log; default: log.jsonl beside PIPELINE")] = None,
    speed: Annotated[Path | None, typer.Option(help="speed.py's JSON; default: speed.json beside METRICS")] = None,
    learning_curve: Annotated[
        Path | None, typer.Option(help="learning_curve.py's JSON; default: learning_curve.json beside METRICS")
    ] = None,
) -> None:
    """Write a report on PIPELINE; default files that are not there are left out of it."""
    given = Sources(errors=errors, train=train, log=log, speed=speed, learning_curve=learning_curve)
    sources, left_out = usual_sources(pipeline, metrics, given)
    for path in left_out:
        say.warn(f"{path} is older than the pipeline and left out; name it as an option if it is still true")
    found = collect(pipeline, metrics, sources)
    parts = sections(found)
    with atomic_file(out) as partial:
        partial.write_text(html(f"{found.metrics['pipeline']} {found.metrics['version']}", parts), "utf-8")
    say.good("report", out)
    if card_to is not None:
        with atomic_file(card_to) as partial:
            partial.write_text(card(found.meta, found.metrics, found.data), "utf-8")
        say.good("model card", card_to)
    if png is not None:
        say.good(f"{len(write_pngs(parts, png))} pictures", png)


if __name__ == "__main__":
    run(main)
