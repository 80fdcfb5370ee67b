"""The word pieces of contexts, each text cut once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from spanwright.encoder.tokenization import Pieces, PieceTokenizer
from spanwright.qa.last_used import LastUsed
from spanwright.qa.selection import Selector
from spanwright.qa.windows import Context

LARGEST_CACHE = 1 << 21  # in pieces
BYTES = 25  # of a piece, about


class ContextCache:
    """Cuts texts into word pieces and keeps those used last, up to `limit` pieces, as long as the tokenizer is the same.

    shorten: chooses what is read of a context, where not all of it is.
    """

    def __init__(self, *, limit: int = LARGEST_CACHE) -> None:
        self._limit = limit
        self._start(None)

    def __call__(self, texts: Sequence[str], tokenizer: PieceTokenizer) -> list[Context]:
        """Return the context of each text; all new texts are cut in one call."""
        if tokenizer is not self._tokenizer:  # other weights were loaded
            self._start(tokenizer)
        known = self._contexts(texts, lambda new: list(map(_to_context, new, tokenizer(new))))
        return [known[text] for text in texts]

    def __getstate__(self) -> dict[str, Any]:
        """A copy begins without what was kept."""
        return {"_limit": self._limit}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(limit=state["_limit"])  # type: ignore[misc]

    def _start(self, tokenizer: PieceTokenizer | None) -> None:
        self._tokenizer = tokenizer
        self._contexts: LastUsed[str, Context] = LastUsed(limit=self._limit, size=_size)
        self.shorten = Selector()


def _size(text: str, context: Context) -> int:
    """In pieces; a text may have few of them, or none, for all its length."""
    return 1 + len(text) // BYTES + len(context.ids)


def _to_context(text: str, pieces: Pieces) -> Context:
    offsets = np.stack([pieces.starts, pieces.ends], axis=1)
    is_blank = np.array([not text[start:end].strip() for start, end in offsets.tolist()], dtype=bool)
    return Context(pieces.ids, offsets, is_blank)
