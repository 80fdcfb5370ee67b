"""How fast a pipeline loads and runs, and what memory it needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from spacy.language import Language
from spacy.tokens import Doc
from thinc.api import get_torch_default_device

from spanwright.data.exporting.docs import question_of
from spanwright.data.preannotation.texts import read_texts
from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.evaluate import describe, load_pipeline
from spanwright.evaluation.memory import peak_memory

Measurement = dict[str, Any]  # of one batch size
Asked = tuple[str, str | None]  # a text and its question
PERCENTILES = (50, 90, 99)


def measure_speed(pipeline: Path, data: Path, *, limit: int) -> dict[str, Any]:
    """Measure the pipeline on the first `limit` texts of `data`, on the device that spaCy is set to.

    Times are in seconds; a latency is the time from handing over a batch to having all of it. `load_seconds` includes the
    imports that the first load in a process makes. Raises SpanwrightError where there is no pipeline, or no text.
    """
    start = time.perf_counter()
    nlp = load_pipeline(pipeline)
    load_seconds = time.perf_counter() - start
    texts = [(text.doc.text, question_of(text.doc)) for text in islice(read_texts([data], nlp), limit)]
    _check_questions(nlp, texts, data)
    measurements = search(lambda size: measure_batches(nlp, texts, size), largest=len(texts))
    return {
        **describe(nlp),
        "data": str(data),
        "documents": len(texts),
        "words": sum(len(nlp.make_doc(text)) for text, _ in texts),
        "device": _device_name(),
        "threads": torch.get_num_threads(),
        "load_seconds": round(load_seconds, 3),
        "batch_sizes": measurements,
        "best_batch_size": fastest(measurements)["batch_size"],
        "peak_memory": peak_memory(),
    }


def search(measure: Callable[[int], Measurement], *, largest: int) -> list[Measurement]:
    """Measure the batch sizes 1, 2, 4, ... up to `largest`; stop when two in a row were slower than the fastest."""
    measurements: list[Measurement] = []
    size = 1
    while size <= largest:
        measurements.append(measure(size))
        if fastest(measurements) not in measurements[-2:]:
            break
        size *= 2
    return measurements


def fastest(measurements: Sequence[Measurement]) -> Measurement:
    """Return the measurement with the most words per second."""
    return max(measurements, key=lambda measurement: measurement["words_per_second"])


def measure_batches(
    nlp: Language, texts: Sequence[Asked], size: int, *, clock: Callable[[], float] = time.perf_counter
) -> Measurement:
    """Run the texts, each with its question if it has one, through the pipeline in batches of `size`, after one that is not
    measured.
    """
    seconds, n_words = [], 0
    for number, batch in enumerate([texts[:size], *_batches(texts, size)]):
        start = clock()
        words = sum(map(len, nlp.pipe((_to_doc(nlp, *asked) for asked in batch), batch_size=size)))
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        if number:
            seconds.append(clock() - start)
            n_words += words
    return {
        "batch_size": size,
        "words_per_second": round(n_words / sum(seconds), 1),
        "documents_per_second": round(len(texts) / sum(seconds), 2),
        "latency_seconds": {
            f"p{percent}": round(float(value), 5)
            for percent, value in zip(PERCENTILES, np.percentile(seconds, PERCENTILES), strict=True)
        },
    }


def table_rows(report: dict[str, Any]) -> list[tuple[str, ...]]:
    """Return a row for each batch size: size (the best marked), words/s, documents/s and latencies in milliseconds."""
    return [
        (
            f"{of['batch_size']}{' (best)' if of['batch_size'] == report['best_batch_size'] else ''}",
            f"{of['words_per_second']:,.0f}",
            f"{of['documents_per_second']:,.1f}",
            *(f"{1000 * seconds:,.1f}" for seconds in of["latency_seconds"].values()),
        )
        for of in report["batch_sizes"]
    ]


def _to_doc(nlp: Language, text: str, question: str | None) -> Doc:
    doc = nlp.make_doc(text)
    if question is not None:
        doc._.question = question
    return doc


def _check_questions(nlp: Language, texts: Sequence[Asked], data: Path) -> None:
    """Raise SpanwrightError where a component answers questions, and there are none."""
    answering = [name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory == "extractive_qa"]
    silent = [name for name in answering if not nlp.get_pipe(name).cfg["questions"]]
    if silent and not any(question for _, question in texts):
        raise SpanwrightError(Errors.S606.format(path=data, component=silent[0]))


def _batches(texts: Sequence[Asked], size: int) -> Iterator[Sequence[Asked]]:
    return (texts[start : start + size] for start in range(0, len(texts), size))


def _device_name() -> str:
    device = get_torch_default_device()
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
