from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanwright.encoder.windows import align_tokens, cut_windows, fill_gaps


def integers(values) -> np.ndarray:
    return np.array(values, dtype=np.int64)


@pytest.mark.parametrize(
    ("word_starts", "n_pieces", "size", "overlap", "expected"),
    [
        ([], 0, 4, 2, [(0, 0, 0, 0)]),
        ([0], 1, 4, 2, [(0, 1, 0, 1)]),
        ([0, 1, 2, 3], 4, 4, 2, [(0, 4, 0, 4)]),
        ([0, 1, 2, 3, 4], 5, 4, 2, [(0, 4, 0, 3), (2, 5, 3, 5)]),
        ([0, 1, 2, 3, 4, 5, 6, 7], 8, 4, 0, [(0, 4, 0, 4), (4, 8, 4, 8)]),
        ([0, 3, 6], 9, 4, 0, [(0, 3, 0, 3), (3, 6, 3, 6), (6, 9, 6, 9)]),  # three words of three pieces
        ([0, 3], 4, 3, 2, [(0, 3, 0, 3), (3, 4, 3, 4)]),  # no word is cut for the sake of overlap
        ([0], 7, 3, 1, [(0, 3, 0, 2), (2, 5, 2, 4), (4, 7, 4, 7)]),  # one word, longer than a window
        ([2], 5, 4, 1, [(0, 2, 0, 2), (2, 5, 2, 5)]),  # pieces before the first token
    ],
)
def test_cut_windows(word_starts, n_pieces, size, overlap, expected):
    assert cut_windows(integers(word_starts), n_pieces, size=size, overlap=overlap) == expected


@given(
    word_lengths=st.lists(st.integers(1, 12), max_size=60),
    before_first=st.integers(0, 3),
    size=st.integers(1, 16),
    overlap=st.integers(0, 15),
)
def test_windows_cover_every_piece_once(word_lengths, before_first, size, overlap):
    overlap = min(overlap, size - 1)
    starts = before_first + np.cumsum([0, *word_lengths])
    word_starts, n_pieces = integers(starts[:-1]), int(starts[-1])
    windows = cut_windows(word_starts, n_pieces, size=size, overlap=overlap)
    owned = [piece for window in windows for piece in range(window.owned_start, window.owned_end)]
    assert owned == list(range(n_pieces))
    assert all(w.start <= w.owned_start <= w.owned_end <= w.end <= w.start + size for w in windows)
    assert all(one.start < other.start for one, other in pairwise(windows))
    if max([before_first, *word_lengths]) <= size:
        assert all({*window} <= {0, *starts.tolist()} for window in windows)


@pytest.mark.parametrize("overlap", [-1, 4, 5])
def test_an_overlap_that_would_never_end_is_refused(overlap):
    with pytest.raises(ValueError, match=f"overlap={overlap} and size=4"):
        cut_windows(integers([0]), 9, size=4, overlap=overlap)


@st.composite
def offsets(draw):
    """Ascending spans of characters, some empty stretches between them."""
    edges = sorted(draw(st.sets(st.integers(0, 40), max_size=24)))
    spans = list(pairwise(edges))
    kept = [span for span in spans if draw(st.booleans())]
    return integers([start for start, _ in kept]), integers([end for _, end in kept])


@given(tokens=offsets(), pieces=offsets())
def test_align_tokens_finds_what_overlaps(tokens, pieces):
    expected = [
        [i for i, (ps, pe) in enumerate(zip(*pieces, strict=True)) if max(ts, ps) < min(te, pe)]
        for ts, te in zip(*tokens, strict=True)
    ]
    indices, lengths = align_tokens(*tokens, *pieces)
    assert lengths.tolist() == [len(row) for row in expected]
    assert indices.tolist() == [i for row in expected for i in row]


def test_pieces_of_one_character_all_belong_to_its_token():
    # a byte-level tokenizer gives the four bytes of an emoji the same offsets
    indices, lengths = align_tokens(integers([0, 2]), integers([1, 3]), integers([0, 0, 0, 2]), integers([1, 1, 1, 3]))
    assert (indices.tolist(), lengths.tolist()) == ([0, 1, 2, 3], [3, 1])


@pytest.mark.parametrize(
    ("pieces", "lengths", "expected"),
    [
        ([0, 1], [1, 1], ([0, 1], [1, 1])),
        ([0, 1, 2], [2, 0, 1], ([0, 1, 1, 2], [2, 1, 1])),
        ([5, 6], [0, 0, 1, 1], ([5, 5, 5, 6], [1, 1, 1, 1])),
        ([0], [1, 0, 0], ([0, 0, 0], [1, 1, 1])),
        ([3], [0, 1, 0], ([3, 3, 3], [1, 1, 1])),
    ],
)
def test_fill_gaps(pieces, lengths, expected):
    filled, filled_lengths = fill_gaps(integers(pieces), integers(lengths))
    assert (filled.tolist(), filled_lengths.tolist()) == expected
