"""Windows packed into rows: each piece has its place, and little is left empty."""

from __future__ import annotations

import numpy as np
import pytest

from spanwright.encoder.packing import SHORTEST_ROW, pack


@pytest.mark.parametrize("multiple", [1, 16])
@pytest.mark.parametrize("lengths", [[1], [5, 3, 8], [200, 3, 3], [SHORTEST_ROW] * 3, [20] * 50])
def test_every_piece_has_one_place_beside_its_neighbours(lengths, multiple):
    packing = pack(np.array(lengths), multiple=multiple)
    owners, offsets = packing.owners.ravel(), packing.offsets.ravel()
    windows = np.repeat(np.arange(len(lengths)), lengths)
    within = np.concatenate([np.arange(length) for length in lengths])
    np.testing.assert_array_equal(owners[packing.positions], windows)
    np.testing.assert_array_equal(offsets[packing.positions], within)
    assert len(set(packing.positions.tolist())) == sum(lengths) == (owners >= 0).sum()
    assert (np.diff(packing.positions)[np.diff(windows) == 0] == 1).all()
    assert packing.owners.shape[1] % multiple == 0


def test_pieces_see_their_own_window_alone():
    packing = pack(np.array([2, 1, 3]))
    for row, owners in zip(packing.may_attend, packing.owners, strict=True):
        for i, sees in enumerate(row):
            assert [owners[i] == other for other in owners] == sees.tolist()


def test_sentences_leave_little_empty():
    random = np.random.default_rng(0)
    for _ in range(50):
        lengths = random.integers(4, 60, size=random.integers(4, 40))
        rows, width = pack(lengths).owners.shape
        assert rows * width <= 1.3 * lengths.sum()
        assert width <= 2 * SHORTEST_ROW
