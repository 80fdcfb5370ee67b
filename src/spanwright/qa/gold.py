"""Gold answers in word pieces, and what each window is trained to answer: pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from spacy.training import Example

from spanwright.encoder.windows import Window
from spanwright.qa.answers import ANSWERS
from spanwright.qa.decoding import Best
from spanwright.qa.windows import Ints1d, Ints2d, Ints3d


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
    return [(span.start_char, span.end_char) for span in example.reference.spans.get(ANSWERS, [])]


def credit_of(best: Best, gold: Ints2d) -> float:
    """Return the F-score of the best candidate's word pieces against the gold answer most like it.

    gold: (answers, 2), first and last pieces.
    """
    if not len(best.starts) or not len(gold):
        return 0.0
    start, end = best.starts[0], best.ends[0]
    shared = np.minimum(end, gold[:, 1] + 1) - np.maximum(start, gold[:, 0])
    return float(np.max(2 * np.maximum(shared, 0) / (end - start + gold[:, 1] + 1 - gold[:, 0])))
