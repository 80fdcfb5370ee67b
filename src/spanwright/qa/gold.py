"""Gold answers in word pieces, and what each window is trained to answer: pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from spacy.training import Example

from spanwright.data.exporting.docs import answer_spans
from spanwright.encoder.windows import Window
from spanwright.qa.decoding import Best
from spanwright.types import Ints1d, Ints2d, Ints3d


def find_pieces(offsets: Ints2d, answers: Sequence[tuple[int, int]]) -> Ints2d:
    """Return the first and the last piece `(answers, 2)` of each answer, given in characters, the end not included.

    offsets: (pieces, 2). Answers without a piece, such as characters that the tokenizer drops, are left out.
    """
    characters = np.array(answers, dtype=np.int64).reshape(-1, 2)
    first = np.searchsorted(offsets[:, 1], characters[:, 0], side="right")
    last = np.searchsorted(offsets[:, 0], characters[:, 1], side="left") - 1
    return np.stack([first, last], axis=1)[first <= last]


def window_targets(window: Window, gold: Ints2d) -> Ints2d | None:
    """Return the answers `(answers, 2)` that lie within the window, as pieces of the window; none where it has no part of one.

    gold: (answers, 2), the first and last pieces of all answers. A window that shows only part of an answer is neither
    an answer's nor one without: for it the result is None.
    """
    is_inside = (gold[:, 0] >= window.start) & (gold[:, 1] < window.end)
    touches = (gold[:, 0] < window.end) & (gold[:, 1] >= window.start)
    if touches.any() and not is_inside.any():
        return None
    return gold[is_inside] - window.start


def pad_targets(targets: Sequence[Ints2d], context_starts: Ints1d) -> Ints3d:
    """Return the answers (windows, answers, 2) as pieces of the rows whose context starts at `context_starts` (windows,).

    targets: by window what `window_targets` returns; without an answer it is the first piece that is pointed at. Windows
        that have fewer answers than others are filled with -1.
    """
    padded = np.full((len(targets), max(1, *map(len, targets)), 2), -1, dtype=np.int64)
    for row, (answers, start) in enumerate(zip(targets, context_starts.tolist(), strict=True)):
        padded[row, : len(answers)] = answers + start
        if not len(answers):
            padded[row, 0] = 0
    return padded


def gold_characters(example: Example) -> list[tuple[int, int]]:
    """Return where the gold answers of an example stand, in characters, the end not included."""
    return [(span.start_char, span.end_char) for span in answer_spans(example.reference)]


def credit_of(best: Best, offsets: Ints2d, answers: Sequence[tuple[int, int]]) -> float:
    """Return the F-score of the best candidate's characters against the gold answer most like it.

    offsets: (pieces, 2), of what was read of the context.
    answers: in characters. They are widened to whole pieces, and what was not read of one counts too.
    """
    if not len(best.starts):
        return 0.0
    start, end = offsets[best.starts[0], 0], offsets[best.ends[0] - 1, 1]
    credit = 0.0
    for answer in answers:
        low, high = answer
        for first, last in find_pieces(offsets, [answer]):
            low, high = min(low, offsets[first, 0]), max(high, offsets[last, 1])
        shared = max(min(end, high) - max(start, low), 0)
        credit = max(credit, float(2 * shared / (end - start + high - low)))
    return credit
