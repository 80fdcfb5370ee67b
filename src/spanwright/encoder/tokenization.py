"""Word pieces, straight from the `tokenizers` library: its JSON is all that a saved pipeline carries of its tokenizer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from tokenizers import Tokenizer  # type: ignore[import-untyped]

from spanwright.types import Ints1d


class Pieces(NamedTuple):
    """The word pieces of one text: ids, strings and character offsets, each `(pieces,)`."""

    ids: Ints1d
    strings: list[str]
    starts: Ints1d
    ends: Ints1d


class SpecialPieces(NamedTuple):
    """Pieces that stand between texts, and the segment of each: lists of the same length."""

    ids: list[int]
    segments: list[int]


class PairTemplate(NamedTuple):
    """How two texts become one sequence: prefix, first text, middle, second text, suffix."""

    prefix: SpecialPieces
    middle: SpecialPieces
    suffix: SpecialPieces
    first_segment: int
    second_segment: int


class PieceTokenizer:
    """Cut texts into word pieces, without padding, truncation or special tokens; these are added where windows are made.

    definition: the content of a `tokenizer.json`.
    pad_id: the id of the padding piece.
    """

    def __init__(self, definition: str, *, pad_id: int) -> None:
        self._tokenizer = Tokenizer.from_str(definition)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self.pad_id = pad_id
        special, mask = self._encode_special()
        first_plain = mask.index(0)
        self.prefix, self.suffix = special[:first_plain], special[first_plain + mask.count(0) :]

    @property
    def definition(self) -> str:
        return json.dumps(json.loads(self._tokenizer.to_str()), ensure_ascii=False)

    @property
    def largest_id(self) -> int:
        """Of all pieces, special ones included; ids may have gaps."""
        return max(self._tokenizer.get_vocab(with_added_tokens=True).values())

    def __call__(self, texts: Sequence[str]) -> list[Pieces]:
        encodings = self._tokenizer.encode_batch(list(texts), add_special_tokens=False)
        return [self._to_pieces(encoding) for encoding in encodings]

    def pair_template(self) -> PairTemplate:
        """Return what the tokenizer's own post-processor puts around two texts."""
        encoding = self._tokenizer.encode("a", "a", add_special_tokens=True)
        texts, segments = encoding.sequence_ids, encoding.type_ids
        first, second = texts.index(0), texts.index(1)
        n_first, n_second = texts.count(0), texts.count(1)

        def special(start: int, end: int) -> SpecialPieces:
            return SpecialPieces(encoding.ids[start:end], segments[start:end])

        return PairTemplate(
            special(0, first),
            special(first + n_first, second),
            special(second + n_second, len(texts)),
            segments[first],
            segments[second],
        )

    def strings_of(self, ids: Sequence[int]) -> list[str]:
        return [self._tokenizer.id_to_token(i) for i in ids]

    @staticmethod
    def _to_pieces(encoding) -> Pieces:  # type: ignore[no-untyped-def]  # tokenizers has no types
        offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        return Pieces(np.array(encoding.ids, dtype=np.int64), encoding.tokens, offsets[:, 0], offsets[:, 1])

    def _encode_special(self) -> tuple[list[int], list[int]]:
        encoding = self._tokenizer.encode("a", add_special_tokens=True)
        return encoding.ids, encoding.special_tokens_mask
