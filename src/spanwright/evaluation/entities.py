"""Which entities were found, under four schemes: pure functions over spans of words.

The schemes are those of SemEval 2013, task 9 (Segura-Bedmar et al.), as the `nervaluate` package counts them:

- strict: boundaries and label must be right.
- exact: boundaries must be right, whatever the label.
- partial: as exact, and an overlap counts half.
- type: the label must be right, and some word shared.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

Scheme = Literal["strict", "exact", "partial", "type"]
Outcome = Literal["correct", "incorrect", "partial", "missed", "spurious"]
SCHEMES: tuple[Scheme, ...] = get_args(Scheme)
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
LONGEST = 5


class EntitySpan(NamedTuple):
    """An entity as words from `start` to before `end`."""

    start: int
    end: int
    label: str

    def bounds(self) -> tuple[int, int]:
        return self.start, self.end


Match = list[int | None]  # for each predicted span the number of its gold span


def match_spans(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> Match:
    """Give each predicted span the gold span that is equal, else the one in the same place, else the first one it overlaps
    that is still free. Gold spans do not overlap.
    """
    match: Match = [None] * len(predicted)
    free = set(range(len(gold)))
    by_span = {span: index for index, span in enumerate(gold)}
    by_place = {span.bounds(): index for index, span in enumerate(gold)}
    ends = [span.end for span in gold]
    for candidates in (
        lambda span: (by_span.get(span),),
        lambda span: (by_place.get(span.bounds()),),
        lambda span: _overlapped(span, gold, ends),
    ):
        for number, span in enumerate(predicted):
            if match[number] is None:
                match[number] = next((index for index in candidates(span) if index in free), None)
                free.discard(match[number])
    return match


def match_types(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> Match:
    """Give each predicted span, in order, the free gold span it overlaps: of its own label the nearest in its ends, else the
    first of another label. Gold spans do not overlap.
    """
    match: Match = []
    free = set(range(len(gold)))
    ends = [span.end for span in gold]
    for span in predicted:
        overlapped = [index for index in _overlapped(span, gold, ends) if index in free]
        alike = [index for index in overlapped if gold[index].label == span.label]
        nearest = min(alike, key=lambda index: _distance(span, gold[index]), default=None)
        match.append(nearest if nearest is not None else next(iter(overlapped), None))
        free.discard(match[-1])
    return match


def outcomes(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> Iterator[tuple[Scheme, Outcome]]:
    """Yield what became of each span of a document, under each scheme."""
    by_place, by_type = match_spans(gold, predicted), match_types(gold, predicted)
    for scheme in SCHEMES:
        match = by_type if scheme == "type" else by_place
        for span, number in zip(predicted, match, strict=True):
            yield scheme, "spurious" if number is None else _outcome(scheme, span, gold[number])
        for _ in range(len(gold) - sum(number is not None for number in match)):
            yield scheme, "missed"


def scheme_score(counts: Mapping[Outcome, int]) -> dict[str, Any]:
    """Return `counts` with p, r and f of 1, where a partial match counts half; None where there is nothing to divide by."""
    hits = counts["correct"] + 0.5 * counts["partial"]
    paired = counts["correct"] + counts["incorrect"] + counts["partial"]
    shares = ratios(hits, paired + counts["spurious"] - hits, paired + counts["missed"] - hits)
    return {**{outcome: counts[outcome] for outcome in OUTCOMES}, **shares}


def ratios(tp: float, fp: float, fn: float) -> dict[str, float | None]:
    """Return precision, recall and F1, each None where there is nothing to divide by."""
    return {
        "p": tp / (tp + fp) if tp + fp else None,
        "r": tp / (tp + fn) if tp + fn else None,
        "f": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else None,
    }


def score(tp: int, fp: int, fn: int) -> dict[str, Any]:
    """Return `ratios` with the counts they were made of."""
    return {**ratios(tp, fp, fn), "tp": tp, "fp": fp, "fn": fn}


def strict_counts(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> Iterator[tuple[str, EntitySpan]]:
    """Yield ("tp" | "fp" | "fn", span) for each predicted span, and each gold span that was not found.

    As in `spacy.scorer.get_ner_prf`, a gold span is found once: its second prediction is wrong.
    """
    missing = set(gold)
    for span in predicted:
        yield ("tp" if span in missing else "fp"), span
        missing.discard(span)
    for span in sorted(missing):
        yield "fn", span


def wrong_words(gold: Sequence[EntitySpan], predicted: Sequence[EntitySpan]) -> set[int]:
    """Return the words whose IOB2 tags differ."""
    expected, found = _tags(gold), _tags(predicted)
    return {word for word in expected.keys() | found.keys() if expected.get(word) != found.get(word)}


def length_name(span: EntitySpan) -> str:
    """Return the number of words, the highest ones together: "1", "2", ... "5+"."""
    length = span.end - span.start
    return str(length) if length < LONGEST else f"{LONGEST}+"


def _outcome(scheme: Scheme, span: EntitySpan, other: EntitySpan) -> Outcome:
    if scheme == "type":
        return "correct" if span.label == other.label else "incorrect"
    if _same_bounds(span, other) and (scheme != "strict" or span.label == other.label):
        return "correct"
    return "partial" if scheme == "partial" else "incorrect"


def _same_bounds(span: EntitySpan, other: EntitySpan) -> bool:
    return span.bounds() == other.bounds()


def _overlapped(span: EntitySpan, gold: Sequence[EntitySpan], ends: Sequence[int]) -> Iterator[int]:
    """Yield the numbers of the gold spans that share a word with `span`; `ends` are those of the gold spans."""
    for index in range(bisect_right(ends, span.start), len(gold)):
        if gold[index].start >= span.end:
            return
        yield index


def _distance(span: EntitySpan, other: EntitySpan) -> int:
    return abs(span.start - other.start) + abs(span.end - other.end)


def _tags(spans: Sequence[EntitySpan]) -> dict[int, str]:
    return {word: f"{'BI'[word > span.start]}-{span.label}" for span in spans for word in range(span.start, span.end)}
