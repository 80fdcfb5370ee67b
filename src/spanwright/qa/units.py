"""Which word pieces are given as an answer only together: those that share a character, or a token."""

from __future__ import annotations

import numpy as np
from spacy.tokens import Doc

from spanwright.types import Ints1d, Ints2d


def units_of(offsets: Ints2d, doc: Doc | None = None) -> Ints1d | None:
    """Return for each piece of a context the number of its unit (pieces,), ascending; None where each is a unit of its own.

    offsets: (pieces, 2), characters, the end not included. Tokenizers of bytes have several pieces for one character.
    doc: the Doc of the context, for whole tokens. Of a space before a word, which some tokenizers have in its first piece,
        the word counts.
    """
    first, last = offsets[:, 0], offsets[:, 1] - 1
    if doc is not None:
        starts, lengths = doc.to_array(["IDX", "LENGTH"]).astype(np.int64).reshape(len(doc), 2).T
        first = np.searchsorted(starts + lengths, first, side="right")
        last = np.searchsorted(starts, last, side="right") - 1
    shares = first[1:] <= last[:-1]
    return np.concatenate([[0], np.cumsum(~shares)]) if shares.any() else None
