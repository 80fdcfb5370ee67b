"""spaCy's DocBin, written from tokens and tags directly.

A DocBin is arrays and strings; building a Doc for every sentence only to take it apart again costs most of the time
of `spacy convert`. The bytes written here are read by `spacy.tokens.DocBin` as the Docs that spaCy would have built.
The layout follows `spacy/tokens/_serialize.py` (version 0.1).
"""

from __future__ import annotations

import zlib
from array import array
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import srsly

from spanwright.data.spacing import spaces_after

# Token.ent_iob; 0 where entities are not annotated
_IOB = {"": 0, "I": 1, "O": 2, "B": 3}
_UNKNOWN_SPACE = b"\x02"


class DocBinBuilder:
    """Gathers documents and writes them as one DocBin."""

    def __init__(self, *, spacing: str = "detokenise") -> None:
        self._spacing = spacing
        self._words: list[str] = []
        self._tags: list[str] = []
        self._spaces = array("b")
        self._starts = array("b")
        self._lengths = array("i")
        self._cats: list[dict[str, float]] = []
        self._groups: list[bytes] = []
        self._user_data: list[bytes | None] = []
        self._strings: set[str] = {""}

    def __len__(self) -> int:
        return len(self._lengths)

    @property
    def tokens(self) -> int:
        """How many tokens there are."""
        return len(self._words)

    def add(
        self,
        tokens: Sequence[str],
        *,
        spaces: Sequence[bool] | None = None,
        tags: Sequence[str] | None = None,
        sentence_starts: Sequence[int] = (),
        cats: dict[str, float] | None = None,
        span_groups: bytes = b"",
        strings: Sequence[str] = (),
        user_data: bytes | None = None,
    ) -> None:
        """Add a document.

        spaces (Sequence[bool] | None): Whether a space follows each token; None leaves it to the rule for spacing.
        tags (Sequence[str] | None): IOB2 tags; None where entities are not annotated.
        sentence_starts (Sequence[int]): Indices of the tokens that start sentences; empty where that is not known.
        span_groups (bytes): `SpanGroups.to_bytes()`; `strings` are the labels in it.
        user_data (bytes | None): `Doc.user_data` as msgpack.
        """
        start = len(self._words)
        self._words += tokens
        self._tags += [""] * len(tokens) if tags is None else tags
        self._spaces.frombytes(_UNKNOWN_SPACE * len(tokens) if spaces is None else bytes(spaces))
        # -1 is "starts no sentence", 0 is "not known"
        self._starts.frombytes((b"\xff" if sentence_starts else b"\x00") * len(tokens))
        for index in sentence_starts:
            self._starts[start + index] = 1
        self._lengths.append(len(tokens))
        self._cats.append(cats or {})
        self._groups.append(span_groups)
        self._user_data.append(user_data)
        self._strings.update(strings)

    def tag_counts(self) -> Counter[str]:
        """How often each tag occurs among the documents."""
        return Counter(self._tags)

    def to_bytes(self) -> bytes:
        """The DocBin, as `DocBin.from_bytes` reads it."""
        # importing spaCy takes seconds, which a file that is refused need not wait for
        from spacy.attrs import ENT_IOB, ENT_TYPE, ORTH, SENT_START

        words, word_numbers = _number(self._words)
        tags, tag_numbers = _number(self._tags)
        labels = [tag[2:] for tag in tags]
        tokens = np.empty((len(self._words), 4), "uint64")
        tokens[:, 0] = _hashes(words)[word_numbers]
        tokens[:, 1] = np.asarray([_IOB[tag[:1]] for tag in tags], "uint64")[tag_numbers]
        tokens[:, 2] = _hashes(labels)[tag_numbers]
        tokens[:, 3] = np.frombuffer(self._starts, "int8").astype("int64").view("uint64")
        message: dict[str, Any] = {
            "version": "0.1",
            "attrs": [ORTH, ENT_IOB, ENT_TYPE, SENT_START],
            "tokens": tokens.tobytes(),
            "spaces": self._known_spaces(words, word_numbers).tobytes(),
            "lengths": self._lengths.tobytes(),
            "strings": sorted(self._strings.union(words, labels)),
            "cats": self._cats,
            "flags": [{"has_unknown_spaces": False}] * len(self),
            "span_groups": self._groups,
        }
        if any(data is not None for data in self._user_data):
            message["user_data"] = self._user_data
        # a level of 2 makes files a twelfth larger than spaCy's 6, in a third of the time
        return zlib.compress(srsly.msgpack_dumps(message), 2)

    def _known_spaces(self, words: Sequence[str], numbers: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        given = np.frombuffer(self._spaces, "int8")
        unknown = given == ord(_UNKNOWN_SPACE)
        if not unknown.any():
            return given.astype(bool)
        ruled = spaces_after(words, numbers, np.frombuffer(self._lengths, "int32"), self._spacing)
        return np.where(unknown, ruled, given.astype(bool))


def _number(strings: Sequence[str]) -> tuple[list[str], npt.NDArray[np.uint32]]:
    """The distinct strings, and the number among them of each string."""
    numbers = {string: number for number, string in enumerate(dict.fromkeys(strings))}
    return list(numbers), np.fromiter(map(numbers.__getitem__, strings), "uint32", count=len(strings))


def _hashes(strings: Iterable[str]) -> npt.NDArray[np.uint64]:
    from spacy.strings import get_string_id

    return np.asarray([get_string_id(string) for string in strings], "uint64")
