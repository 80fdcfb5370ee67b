"""Several short windows in one row, so that an encoder computes on word pieces and not on padding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spanwright.types import Bools3d, Ints1d, Ints2d

# attention costs the square of a row's length
SHORTEST_ROW = 128


@dataclass(frozen=True)
class Packing:
    """Where the pieces of windows stand in rows `(rows, width)`.

    positions: `(pieces,)`, of all windows' pieces in their order, the flat position in the rows.
    owners: `(rows, width)`, the number of the window that a place belongs to; -1 where there is none.
    offsets: `(rows, width)`, the place of a piece within its window.
    """

    positions: Ints1d
    owners: Ints2d
    offsets: Ints2d

    @property
    def may_attend(self) -> Bools3d:
        """`(rows, width, width)`: which piece sees which. Places without a piece see each other, and nothing is NaN."""
        return self.owners[:, :, np.newaxis] == self.owners[:, np.newaxis, :]


def pack(lengths: Ints1d, *, multiple: int = 1) -> Packing:
    """Pack windows of these lengths `(windows,)` into few rows, evenly filled, whose width is a multiple of `multiple`.

    The longest window goes first, each into the row with least in it (Graham, "Bounds on multiprocessing timing
    anomalies", 1969).
    """
    n_rows = -(-int(lengths.sum()) // max(SHORTEST_ROW, int(lengths.max())))
    row_of = np.empty(len(lengths), dtype=np.int64)
    start_of = np.empty(len(lengths), dtype=np.int64)
    filled = np.zeros(n_rows, dtype=np.int64)
    for window in np.argsort(-lengths, kind="stable"):
        row = filled.argmin()
        row_of[window], start_of[window] = row, filled[row]
        filled[row] += lengths[window]
    width = -(-int(filled.max()) // multiple) * multiple
    windows = np.repeat(np.arange(len(lengths)), lengths)
    within = np.arange(len(windows)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    positions = (row_of * width + start_of)[windows] + within
    owners, offsets = np.full(n_rows * width, -1), np.zeros(n_rows * width, dtype=np.int64)
    owners[positions], offsets[positions] = windows, within
    return Packing(positions, owners.reshape(n_rows, width), offsets.reshape(n_rows, width))
