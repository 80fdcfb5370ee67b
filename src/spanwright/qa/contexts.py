"""The word pieces of contexts, each text cut once."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence

import numpy as np

from spanwright.encoder.tokenization import Pieces, PieceTokenizer
from spanwright.qa.windows import Context

LARGEST_CACHE = 1 << 21  # in pieces, of about 25 bytes


class ContextCache:
    """Cuts texts into word pieces and keeps those used last, up to `limit` pieces."""

    def __init__(self, *, limit: int = LARGEST_CACHE) -> None:
        self._limit = limit
        self._contexts: OrderedDict[str, Context] = OrderedDict()
        self._n_pieces = 0

    def __call__(self, texts: Sequence[str], tokenizer: PieceTokenizer) -> list[Context]:
        """Return the context of each text; all new texts are cut in one call."""
        known = {text: self._contexts.pop(text) for text in dict.fromkeys(texts) if text in self._contexts}
        new = [text for text in dict.fromkeys(texts) if text not in known]
        known.update(zip(new, map(_to_context, new, tokenizer(new)), strict=True))
        self._contexts.update(known)
        self._n_pieces += sum(len(known[text].ids) for text in new)
        while self._n_pieces > self._limit:
            _, dropped = self._contexts.popitem(last=False)
            self._n_pieces -= len(dropped.ids)
        return [known[text] for text in texts]


def _to_context(text: str, pieces: Pieces) -> Context:
    offsets = np.stack([pieces.starts, pieces.ends], axis=1)
    is_blank = np.array([not text[start:end].strip() for start, end in offsets.tolist()], dtype=bool)
    return Context(pieces.ids, offsets, is_blank)
