"""Score a pipeline on a corpus."""

from __future__ import annotations

import time
from collections import Counter
from pathlib import Path
from typing import Any

import spacy
from spacy.training import Corpus

from spanwright.errors import Errors, SpanwrightError


def evaluate_pipeline(pipeline: Path, data: Path) -> dict[str, Any]:
    """Return what `spacy evaluate` would score, with the number of gold entities and the speed.

    `scores` holds spaCy's own keys (ents_f, cats_score, ...); a score that cannot be computed is None. `per_label` maps each
    entity label to p, r, f and support. `words_per_second` covers prediction and scoring.

    Raises SpanwrightError when `pipeline` or `data` does not exist or `data` holds no documents.
    """
    for path in (pipeline, data):
        if not path.exists():
            raise SpanwrightError(Errors.S001.format(path=path))
    nlp = spacy.load(pipeline)
    examples = list(Corpus(data)(nlp))
    if not examples:
        raise SpanwrightError(Errors.S601.format(path=data))
    start = time.perf_counter()
    scores = nlp.evaluate(examples)
    seconds = time.perf_counter() - start
    scores.pop("speed", None)
    support = Counter(ent.label_ for example in examples for ent in example.reference.ents)
    per_label = scores.get("ents_per_type") or {}
    return {
        "pipeline": f"{nlp.meta['lang']}_{nlp.meta['name']}",
        "version": nlp.meta["version"],
        "data": str(data),
        "documents": len(examples),
        "words": sum(len(example.reference) for example in examples),
        "words_per_second": round(sum(len(example.reference) for example in examples) / seconds, 1),
        "scores": scores,
        "per_label": {
            label: {**per_label.get(label, {"p": None, "r": None, "f": None}), "support": support[label]}
            for label in sorted({*support, *per_label})
        },
    }


def label_rows(report: dict[str, Any]) -> list[tuple[str, str, str, str, int]]:
    """Return a row for each label of `evaluate_pipeline`'s report: label, precision, recall, F1 (percent) and support."""
    rows = [
        (label, *map(_percent, (of["p"], of["r"], of["f"])), of["support"]) for label, of in report["per_label"].items()
    ]
    if "ents_f" in report["scores"]:
        scores = report["scores"]
        total = sum(of["support"] for of in report["per_label"].values())
        rows.append(("all", *map(_percent, (scores["ents_p"], scores["ents_r"], scores["ents_f"])), total))
    return rows


def _percent(value: float | None) -> str:
    return "-" if value is None else f"{100 * value:.1f}"
