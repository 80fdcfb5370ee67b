"""What the metrics of a run look like: `spanwright.metrics/1`, as docs/metrics.md describes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

METRICS = "spanwright.metrics/1"
COMPARISON = "spanwright.comparison/1"

_WITHOUT = {"p": "predicted", "r": "annotated", "f": "annotated or predicted"}
_ELSEWHERE = {
    "seen": "the training corpus is not known: name it with --train",
    "unseen": "the training corpus is not known: name it with --train",
    "suspects": "the pipeline gives its entities no confidence",
    "token_accuracy": "no word is annotated",
    "accuracy": "no document has all of its labels annotated",
    "auc": "texts with the label and texts without it are needed",
    "average_precision": "no text has the label",
    "calibration": "nothing was predicted with a confidence",
    "has_answer_exact": "no question has an answer",
    "has_answer_f1": "no question has an answer",
    "no_answer_accuracy": "every question has an answer",
}


def undefined(section: Mapping[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Yield the path of every number of a section that is None, with the reason."""
    for key, value in section.items():
        if isinstance(value, Mapping):
            yield from undefined(value, f"{path}.{key}")
        elif value is None and key in _WITHOUT:
            yield f"{path}.{key}", f"nothing is {_WITHOUT[key]}"
        elif value is None and key in _ELSEWHERE:
            yield f"{path}.{key}", _ELSEWHERE[key]
