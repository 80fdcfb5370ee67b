"""From questions and contexts to windows, and through the model to their scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from thinc.api import Model
from torch import Tensor

from spanwright.encoder.windows import Window
from spanwright.errors import Errors, SpanwrightError
from spanwright.qa.contexts import ContextCache
from spanwright.qa.decoding import WindowScores
from spanwright.qa.model import encoder_of, multiple_of, pieces_at_once_of, settings_of, window_of
from spanwright.qa.selection import draw_pieces
from spanwright.qa.windows import (
    Context,
    Ints1d,
    Row,
    WindowBatch,
    batches_of_like_length,
    build_batch,
    count_special,
    cut_context,
    padded_length,
)


class Asked(NamedTuple):
    """A question about a context, in word pieces."""

    question: Ints1d  # (pieces,), ids
    context: Context
    windows: list[Window]

    def rows(self) -> list[Row]:
        return [Row(self.question, self.context.ids[window.start : window.end]) for window in self.windows]


def cut_pairs(
    model: Model[WindowBatch, Tensor],
    questions: Sequence[str],
    texts: Sequence[str],
    contexts: ContextCache,
    *,
    name: str,
    needed: Sequence[list[tuple[int, int]]] | None = None,
) -> list[Asked]:
    """Cut questions and the texts they are about into word pieces and windows.

    name: of the component, for messages.
    needed: in training, what must be read of each text, in characters.

    Raises SpanwrightError for a question that is empty, or leaves less than half of a window to the context.
    """
    for question in questions:
        check_question(question, place=name)
    tokenizer, window = encoder_of(model).tokenizer, window_of(model)
    free = window - count_special(tokenizer.pair_template())
    unique = list(dict.fromkeys(questions))
    pieces = dict(zip(unique, (cut.ids for cut in tokenizer(unique)), strict=True))
    for question, ids in pieces.items():
        if len(ids) > free // 2:
            found = {"question": question[:60], "n_pieces": len(ids), "window": window, "allowed": free // 2}
            raise SpanwrightError(Errors.S403.format(name=name, **found))
    read = contexts(texts, tokenizer)
    if (most := settings_of(model)["context_pieces"]) is not None:
        most = most if needed is None else draw_pieces(most)
        read = contexts.shorten(questions, texts, read, most=most, needed=needed)
    overlap = settings_of(model)["overlap"]
    asked = []
    for question, context in zip(questions, read, strict=True):
        ids = pieces[question]
        asked.append(Asked(ids, context, cut_context(len(context.ids), room=free - len(ids), overlap=overlap)))
    return asked


def check_question(question: object, *, place: str) -> None:
    """Raise SpanwrightError, about what is asked at `place`, for anything but a text with other characters than spaces."""
    if not (isinstance(question, str) and question.strip()):
        raise SpanwrightError(Errors.S402.format(place=place, found=repr(question)))
    check_unicode(question, place=place)


def check_unicode(text: str, *, place: str) -> None:
    """Raise SpanwrightError, about what is given at `place`, for half of a surrogate pair, which no UTF-8 holds."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        found = repr(text[max(0, error.start - 20) : error.end])
        raise SpanwrightError(Errors.S408.format(place=place, found=found)) from error


def batch_rows(model: Model[WindowBatch, Tensor], rows: Sequence[Row]) -> Iterator[tuple[Ints1d, WindowBatch]]:
    """Yield the windows in batches of like length, each with the numbers of its rows."""
    tokenizer = encoder_of(model).tokenizer
    template = tokenizer.pair_template()
    padding = {"multiple": multiple_of(model), "longest": window_of(model)}
    lengths = np.array([len(row.question) + len(row.context) for row in rows], dtype=np.int64) + count_special(template)
    for numbers in batches_of_like_length(padded_length(lengths, **padding), largest=pieces_at_once_of(model)):
        yield numbers, build_batch([rows[i] for i in numbers], template, pad_id=tokenizer.pad_id, **padding)


def score_pairs(model: Model[WindowBatch, Tensor], asked: Sequence[Asked]) -> list[list[WindowScores]]:
    """Return the scores of each pair's windows. The windows of all pairs are encoded together."""
    rows = [row for pair in asked for row in pair.rows()]
    windows = [window for pair in asked for window in pair.windows]
    scored: list[WindowScores | None] = [None] * len(rows)
    for numbers, batch in batch_rows(model, rows):
        scores = model.predict(batch).cpu().numpy()
        places = zip(numbers.tolist(), batch.context_starts.tolist(), batch.context_lengths.tolist(), strict=True)
        for row, (number, start, length) in enumerate(places):
            starts, ends = scores[row, start : start + length].T.copy()
            scored[number] = WindowScores(windows[number], starts, ends, float(scores[row, 0].sum()))
    stream = iter(scored)
    return [[next(stream) for _ in pair.windows] for pair in asked]  # type: ignore[misc]
