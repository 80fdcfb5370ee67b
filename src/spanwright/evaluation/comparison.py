"""Two pipelines on the same corpus: is the difference more than chance, and where is it?"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from spacy.training import Example

from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.answers import exact_match
from spanwright.evaluation.error_analysis import Case
from spanwright.evaluation.evaluate import Clock, Evaluation, describe, load_pipeline, predicted_examples
from spanwright.evaluation.measures import MeasurePath, Measures, Tally, values
from spanwright.evaluation.schema import COMPARISON
from spanwright.evaluation.significance import LEVEL, RESAMPLES, Amounts, bootstrap, compare, interval
from spanwright.qa.scorer import found_answer, given_text, gold_answers

TOP = 20


def compare_pipelines(
    a: Path, b: Path, data: Path, *, top: int = TOP, resamples: int = RESAMPLES, seed: int = 0
) -> dict[str, Any]:
    """Return the comparison of docs/metrics.md. The corpus is read as a stream, once for each pipeline.

    top: how many texts with different results to keep, those first where the pipelines' numbers of errors differ most.
    resamples: how many samples the intervals, and how many trials the tests are made from, drawn with `seed`.

    Raises SpanwrightError where a path does not exist, or the two have no task in common that `data` is annotated for.
    """
    systems = [_System(path, data) for path in (a, b)]
    texts = _Texts(top)
    for pair in zip(*(system.results() for system in systems), strict=True):
        texts.add(*pair)
    rows = [
        row for path, tallies in _shared(systems, data).items() for row in _measures(path, tallies, resamples, seed)
    ]
    return {
        "schema": COMPARISON,
        **{name: system.description() for name, system in zip("ab", systems, strict=True)},
        "data": str(data),
        "documents": systems[0].evaluation.documents,
        "intervals": {"level": LEVEL, "resamples": resamples, "seed": seed},
        "measures": rows,
        "differing": texts.differing,
        "texts": texts.top(),
    }


class _Judged(NamedTuple):
    """What a pipeline found in a document. Items say in `right` whether they are."""

    gold: list[dict[str, Any]]
    found: list[dict[str, Any]]
    errors: int


class _System:
    """A pipeline under comparison."""

    def __init__(self, path: Path, data: Path) -> None:
        self._path, self._data = path, data
        self._nlp = load_pipeline(path)
        self._clock = Clock()
        self.evaluation = Evaluation(self._nlp)

    def results(self) -> Iterator[tuple[str, _Judged]]:
        """Yield each text of the corpus with what was found in it."""
        for example in predicted_examples(self._nlp, self._data, self._clock):
            cases = self.evaluation.add(example)
            yield example.reference.text, _judge(self.evaluation, example, cases)

    def tallies(self) -> dict[tuple[str, ...], Tally]:
        return self.evaluation.tallies(self._data)

    def description(self) -> dict[str, Any]:
        speed = round(self.evaluation.words / self._clock.seconds, 1) if self._clock.seconds else None
        return {**describe(self._nlp), "path": str(self._path), "words_per_second": speed}


class _Texts:
    """Keeps the texts in which two pipelines' numbers of errors differ most."""

    def __init__(self, size: int) -> None:
        self.differing = 0
        self._numbers = count(1)
        self._size = size
        self._heap: list[tuple[int, int, dict[str, Any]]] = []  # how far apart; early documents win ties

    def add(self, a: tuple[str, _Judged], b: tuple[str, _Judged]) -> None:
        number, (text, of_a), (_, of_b) = next(self._numbers), a, b
        if of_a.found == of_b.found:
            return
        self.differing += 1
        results = {name: {"errors": of.errors, "found": of.found} for name, of in (("a", of_a), ("b", of_b))}
        record = {"document": number, "text": text, "gold": of_a.gold, **results}
        heapq.heappush(self._heap, (abs(of_a.errors - of_b.errors), -number, record))
        if len(self._heap) > self._size:
            heapq.heappop(self._heap)

    def top(self) -> list[dict[str, Any]]:
        return [record for _, _, record in sorted(self._heap, reverse=True)]


def _judge(evaluation: Evaluation, example: Example, cases: list[Case]) -> _Judged:
    doc, text = example.reference, example.reference.text
    gold = [{"label": span.label, "text": doc[span.start : span.end].text} for case in cases if (span := case.gold)]
    found = [
        {
            "label": case.found.span.label,
            "text": text[case.found.start_char : case.found.end_char],
            "start": case.found.start_char,
            "right": case.kind == "correct",
        }
        for case in cases
        if case.found
    ]
    errors = sum(case.kind != "correct" for case in cases)
    for tally in evaluation.categories.values():
        expected, given = tally.decision(example)
        gold += [{"label": label} for label in sorted(expected)]
        found += [{"label": label, "right": label in expected} for label in sorted(given)]
        errors += len(expected ^ given)
    if evaluation.answers_questions:
        golds, answer = gold_answers(example), given_text(found_answer(example))
        is_right = bool(exact_match(answer, golds))
        gold += [{"text": text} for text in golds]
        found.append({"text": answer, "right": is_right})
        errors += not is_right
    return _Judged(gold, found, errors)


def _shared(systems: list[_System], data: Path) -> dict[tuple[str, ...], tuple[Tally, Tally]]:
    """The tallies of the tasks that both pipelines do."""
    a, b = (system.tallies() for system in systems)
    shared = {path: (a[path], b[path]) for path in a if path in b}
    if not shared:
        tasks = [", ".join(".".join(path) for path in tallies) for tallies in (a, b)]
        raise SpanwrightError(Errors.S604.format(path=data, a=tasks[0], b=tasks[1]))
    for path, (of_a, of_b) in shared.items():
        if path[0] == "categories" and set(of_a.labels) != set(of_b.labels):
            unlike = ", ".join(sorted(set(of_a.labels) ^ set(of_b.labels)))
            raise SpanwrightError(Errors.S605.format(component=path[1], labels=unlike))
        if of_a.documents != of_b.documents:
            counts = {"a": of_a.documents, "b": of_b.documents}
            raise SpanwrightError(Errors.S607.format(path=data, task=".".join(path), **counts))
    return shared


def _measures(
    path: tuple[str, ...], tallies: tuple[Tally, Tally], resamples: int, seed: int
) -> Iterator[dict[str, Any]]:
    """Yield a row for each measure of a task that both pipelines have a value for."""
    labels = sorted({label for tally in tallies for label in tally.labels})
    statistics = tallies[0].measures(labels)
    a, b = (tally.amounts(labels) for tally in tallies)
    differences = compare(a, b, statistics, resamples=resamples, seed=seed)
    sides = [_with_intervals(statistics, amounts, resamples, seed) for amounts in (a, b)]
    for key, found in differences.items():
        if found:
            yield {
                "measure": ".".join((*path, *key)),
                "a": sides[0][key],
                "b": sides[1][key],
                "difference": found.value,
                "interval": found.interval,
                "p_value": found.p,
            }


def _with_intervals(
    statistics: Measures, amounts: Amounts, resamples: int, seed: int
) -> dict[MeasurePath, dict[str, Any]]:
    sums = bootstrap(amounts, resamples=resamples, seed=seed)
    return {
        key: {"value": value, "interval": interval(statistics[key](sums))}
        for key, value in values(statistics, amounts).items()
    }
