"""Gold categories as arrays, and what to say about how they are distributed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from spacy.training import Example

from spanwright.errors import Errors, SpanwrightError
from spanwright.types import Doubles2d, Ints1d
from spanwright.weights import listed

# how many times more texts one label may have than another, or lack a label than have it, before we say so
MOST_UNEQUAL_LABELS = 10
MOST_UNEQUAL_ANSWERS = 20
SHOWN_CHARACTERS = 60


class Counts(NamedTuple):
    """How often each of some labels is given."""

    positive: Ints1d  # (labels,), texts that have the label
    negative: Ints1d  # (labels,), texts that have it not
    n_texts: int
    n_unlabelled: int  # texts about which nothing is said


def gold_categories(examples: Iterable[Example], labels: Sequence[str], *, exclusive: bool, name: str) -> Doubles2d:
    """Return the gold labels (texts, labels): 1 = has it, 0 = has it not, NaN = not said, as of an empty Doc.

    With `exclusive` labels, one that is given says that all others are not; where none is given, nothing is said.

    Raises SpanwrightError, as the component `name`, for other values than 0 and 1, and for two exclusive labels in a text.
    """
    rows = [_gold_row(example, labels, exclusive=exclusive, name=name) for example in examples]
    return np.array(rows, dtype=np.float64).reshape(-1, len(labels))


def count_labels(gold: Iterable[Doubles2d], n_labels: int) -> Counts:
    """Sum up batches of gold labels (texts, labels)."""
    counts = Counts(np.zeros(n_labels, dtype=np.int64), np.zeros(n_labels, dtype=np.int64), 0, 0)
    for batch in gold:
        counts = Counts(
            counts.positive + (batch == 1).sum(axis=0),
            counts.negative + (batch == 0).sum(axis=0),
            counts.n_texts + len(batch),
            counts.n_unlabelled + int(np.isnan(batch).all(axis=1).sum()),
        )
    return counts


def describe_imbalance(counts: Counts, labels: Sequence[str], *, exclusive: bool, name: str) -> Iterator[str]:
    """Yield a message, with numbers, for each reason why the component `name` may learn badly from these labels."""
    if counts.n_unlabelled:
        yield Errors.S523.format(name=name, n_unlabelled=counts.n_unlabelled, n_texts=counts.n_texts)
    most = int(counts.positive.argmax())
    n_labelled = counts.n_texts - counts.n_unlabelled
    if exclusive and counts.positive[most] == n_labelled:
        yield Errors.S520.format(name=name, n_texts=n_labelled, label=labels[most])
        return
    constant = counts.positive == 0 if exclusive else (counts.positive == 0) | (counts.negative == 0)
    if constant.any():
        found = [
            f"'{labels[i]}' (on {counts.positive[i]} of {n_labelled} texts)" for i in np.flatnonzero(constant).tolist()
        ]
        yield Errors.S521.format(name=name, labels=listed(found))
    is_rare = (
        counts.positive * MOST_UNEQUAL_LABELS < counts.positive[most]
        if exclusive
        else counts.positive * MOST_UNEQUAL_ANSWERS < counts.negative
    ) & ~constant
    if is_rare.any():
        yield Errors.S522.format(
            name=name,
            labels=listed([f"'{labels[i]}' ({counts.positive[i]})" for i in np.flatnonzero(is_rare).tolist()]),
            most=labels[most],
            n_most=counts.positive[most],
            n_texts=n_labelled,
        )


def _gold_row(example: Example, labels: Sequence[str], *, exclusive: bool, name: str) -> list[float]:
    cats = example.reference.cats
    row = [cats.get(label, np.nan) for label in labels]
    text = example.reference.text[:SHOWN_CHARACTERS]
    for label, value in zip(labels, row, strict=True):
        if not (value in (0, 1) or value != value):  # NaN alone differs from itself
            raise SpanwrightError(Errors.S505.format(name=name, label=label, found=value, text=text))
    if exclusive:
        given = [label for label, value in zip(labels, row, strict=True) if value == 1]
        if len(given) > 1:
            raise SpanwrightError(Errors.S504.format(name=name, found=", ".join(given), text=text))
        row = [float(label in given) if given else np.nan for label in labels]
    return row if len(example.predicted) else [np.nan] * len(labels)
