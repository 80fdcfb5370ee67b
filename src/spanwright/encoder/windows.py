"""Cut a document's word pieces into overlapping windows, and align them with its tokens: pure functions over arrays."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spanwright.types import Ints1d


class Window(NamedTuple):
    """Pieces `start:end` of a document, of which `owned_start:owned_end` take their vectors from this window."""

    start: int
    end: int
    owned_start: int
    owned_end: int


def cut_windows(word_starts: Ints1d, n_pieces: int, *, size: int, overlap: int) -> list[Window]:
    """Cover pieces `0:n_pieces` with windows of at most `size` pieces that share about `overlap` pieces.

    Windows begin and end where words do (`word_starts`, ascending, holds the first piece of each), unless one word is longer
    than a window. Every piece is owned by exactly one window: in an overlap, by the one that shows more context around
    it. Raises ValueError unless 0 <= overlap < size.
    """
    if not 0 <= overlap < size:
        raise ValueError(f"overlap must be at least 0 and below size, found overlap={overlap} and size={size}")
    bounds = [(0, min(size, n_pieces))]
    if n_pieces > size:
        bounds = _overlapping(word_starts, n_pieces, size, overlap)
    windows, owned_start = [], 0
    for i, (start, end) in enumerate(bounds):
        last = i + 1 == len(bounds)
        owned_end = (
            n_pieces if last else _border_near(word_starts, (bounds[i + 1][0] + end) // 2, bounds[i + 1][0], end)
        )
        windows.append(Window(start, end, owned_start, owned_end))
        owned_start = owned_end
    return windows


def _overlapping(word_starts: Ints1d, n_pieces: int, size: int, overlap: int) -> list[tuple[int, int]]:
    bounds: list[tuple[int, int]] = []
    start = 0
    while True:
        if start + size >= n_pieces:
            return [*bounds, (start, n_pieces)]
        end = _border_near(word_starts, start + size, start + 1, start + size)
        bounds.append((start, end))
        start = _border_near(word_starts, max(end - overlap, start + 1), start + 1, end)


def _border_near(word_starts: Ints1d, position: int, low: int, high: int) -> int:
    """Return the last word start at or before `position`, else the first after it, in `low..high`; else `position`."""
    after = int(np.searchsorted(word_starts, position, side="right"))
    for index in (after - 1, after):
        if 0 <= index < len(word_starts) and low <= word_starts[index] <= high:
            return int(word_starts[index])
    return position


def align_tokens(
    token_starts: Ints1d, token_ends: Ints1d, piece_starts: Ints1d, piece_ends: Ints1d
) -> tuple[Ints1d, Ints1d]:
    """Align tokens with the pieces that share a character with them; all offsets ascend.

    Returns the piece indices, token after token, and how many belong to each token (0 for white space, and for characters
    that the tokenizer drops).
    """
    first = np.searchsorted(token_ends, piece_starts, side="right")
    stop = np.searchsorted(token_starts, piece_ends, side="left")
    counts = np.maximum(stop - first, 0)
    pieces = np.repeat(np.arange(len(piece_starts)), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    tokens = np.repeat(first, counts) + offsets
    order = np.argsort(tokens, kind="stable")
    return pieces[order], np.bincount(tokens, minlength=len(token_starts))


def fill_gaps(pieces: Ints1d, lengths: Ints1d) -> tuple[Ints1d, Ints1d]:
    """Give each token without pieces the piece before it (the first piece, at the start), so that it has a vector too.

    `pieces` must not be empty. Takes and returns what `align_tokens` returns, with no length of 0.
    """
    ends = np.cumsum(lengths)
    borrowed = pieces[np.clip(ends - 1, 0, None)]
    filled = np.insert(pieces, ends[lengths == 0], borrowed[lengths == 0])
    return filled, np.maximum(lengths, 1)
