"""Questions and contexts as word pieces in windows: pure functions over arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from spanwright.encoder.tokenization import PairTemplate
from spanwright.encoder.windows import Window, cut_windows
from spanwright.types import Bools1d, Bools2d, Ints1d, Ints2d


class Context(NamedTuple):
    """The word pieces of a context, or of parts of it."""

    ids: Ints1d  # (pieces,)
    offsets: Ints2d  # (pieces, 2), characters, the end not included
    is_blank: Bools1d  # (pieces,), white space alone, where no answer starts or ends
    breaks: Ints1d = np.zeros(0, dtype=np.int64)  # (parts - 1,), the pieces that something was left out before


class Row(NamedTuple):
    """The word pieces of one window, without special pieces."""

    question: Ints1d  # (pieces,), ids
    context: Ints1d  # (pieces,), ids


@dataclass(frozen=True)
class WindowBatch:
    """Windows as the encoder takes them.

    input_ids, segments, attention_mask: `(windows, length)`; the mask is 0 on padding.
    context_starts, context_lengths: `(windows,)`, where in each row the pieces of the context lie.
    """

    input_ids: Ints2d
    segments: Ints2d
    attention_mask: Ints2d
    context_starts: Ints1d
    context_lengths: Ints1d

    @property
    def has_padding(self) -> bool:
        return not self.attention_mask.all()

    @property
    def is_answer(self) -> Bools2d:
        """`(windows, length)`, where answers may start and end: in the context, and on the first piece, for no answer."""
        columns = np.arange(self.input_ids.shape[1])
        starts, ends = self.context_starts[:, None], (self.context_starts + self.context_lengths)[:, None]
        return ((columns >= starts) & (columns < ends)) | (columns == 0)


def count_special(template: PairTemplate) -> int:
    """Return how many pieces of a window are neither question nor context."""
    return sum(len(part.ids) for part in (template.prefix, template.middle, template.suffix))


def cut_context(n_pieces: int, *, room: int, overlap: int) -> list[Window]:
    """Cover a context with windows of at most `room` pieces that share `overlap` pieces, but no more than half.

    Each piece is owned by the window that shows most context around it. No pieces give no window.
    """
    if n_pieces == 0:
        return []
    return cut_windows(np.arange(n_pieces), n_pieces, size=room, overlap=min(overlap, room // 2))


def padded_length(length: Ints1d, *, multiple: int, longest: int) -> Ints1d:
    """Return the lengths, rounded up to a multiple, though not beyond `longest`."""
    return np.maximum(length, np.minimum(-(-length // multiple) * multiple, longest))


def batches_of_like_length(lengths: Ints1d, *, largest: int) -> Iterator[Ints1d]:
    """Yield the numbers of windows in batches of like length, the longest first.

    lengths: (windows,), as they will be when padded.
    largest: how many pieces a batch may have, padding included; a single window may have more.
    """
    order = np.argsort(-lengths, kind="stable")
    while len(order):
        n_windows = max(1, largest // max(1, int(lengths[order[0]])))
        yield order[:n_windows]
        order = order[n_windows:]


def build_batch(
    rows: Sequence[Row], template: PairTemplate, *, pad_id: int, multiple: int, longest: int
) -> WindowBatch:
    """Put special pieces around the rows, of which there is at least one, and pad them: see `padded_length`."""
    prefix, middle, suffix, first_segment, second_segment = template
    starts = np.array([len(prefix.ids) + len(row.question) + len(middle.ids) for row in rows])
    lengths = np.array([len(row.context) for row in rows])
    length = int(padded_length(starts + lengths + len(suffix.ids), multiple=multiple, longest=longest).max())
    input_ids = np.full((len(rows), length), pad_id, dtype=np.int64)
    segments = np.zeros((len(rows), length), dtype=np.int64)
    mask = np.zeros((len(rows), length), dtype=np.int64)
    for i, (row, start, end) in enumerate(zip(rows, starts.tolist(), (starts + lengths).tolist(), strict=True)):
        stop = end + len(suffix.ids)
        input_ids[i, : len(prefix.ids)] = prefix.ids
        input_ids[i, len(prefix.ids) : start - len(middle.ids)] = row.question
        input_ids[i, start - len(middle.ids) : start] = middle.ids
        input_ids[i, start:end] = row.context
        input_ids[i, end:stop] = suffix.ids
        segments[i, : len(prefix.ids)] = prefix.segments
        segments[i, len(prefix.ids) : start - len(middle.ids)] = first_segment
        segments[i, start - len(middle.ids) : start] = middle.segments
        segments[i, start:end] = second_segment
        segments[i, end:stop] = suffix.segments
        mask[i, :stop] = 1
    return WindowBatch(input_ids, segments, mask, starts, lengths)
