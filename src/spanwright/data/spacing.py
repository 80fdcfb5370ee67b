"""Where spaces stand between tokens, for sources that hold tokens alone.

The rule `detokenise`: one space between tokens, except before closing punctuation, units and contractions (`.` `)` `%`
`'s` `n't`), after opening punctuation and signs (`(` `$` `@` `#`), and inside of straight quotes, which open and close
in turn. The rule `always`: one space between any two tokens. No space follows the last token of a document.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SPACINGS = ("detokenise", "always")

_FREE, _LEFT, _RIGHT, _QUOTE = range(4)
_GLUED_LEFT = re.compile(r"[.,;:!?%)\]}»”’…]+|(?:['’](?:s|m|d|re|ve|ll)|n['’]t)", re.IGNORECASE)
_GLUED_RIGHT = re.compile(r"[(\[{«“‘$£€¥@#¿¡]")


def spaces_after(
    words: Sequence[str], numbers: npt.NDArray[np.uint32], lengths: npt.NDArray[np.int32], rule: str = "detokenise"
) -> npt.NDArray[np.bool_]:
    """Say for each token whether a space follows it.

    words (Sequence[str]): The distinct tokens.
    numbers (tokens,): The index in `words` of each token of all documents.
    lengths (documents,): How many tokens each document has.
    RETURNS (tokens,): True where a space follows.
    """
    ends = np.cumsum(lengths)[lengths > 0] - 1
    spaces = np.ones(len(numbers), dtype=bool)
    if rule == "detokenise":
        clings = np.asarray([_cling(word) for word in words], dtype=np.int8)[numbers]
        _pair_quotes(clings, np.repeat(np.cumsum(lengths) - lengths, lengths))
        spaces[:-1] = (clings[:-1] != _RIGHT) & (clings[1:] != _LEFT)
    spaces[ends] = False
    return spaces


def _cling(word: str) -> int:
    """How a token clings to its neighbours."""
    if word == '"':
        return _QUOTE
    if _GLUED_LEFT.fullmatch(word):
        return _LEFT
    return _RIGHT if _GLUED_RIGHT.fullmatch(word) else _FREE


def _pair_quotes(clings: npt.NDArray[np.int8], starts: npt.NDArray[np.int64]) -> None:
    """Make quotes cling to the right and to the left in turn, from the start of each document."""
    quotes = clings == _QUOTE
    before = np.cumsum(quotes) - quotes
    closing = (before - before[starts]) % 2 == 1 if len(starts) else quotes
    clings[quotes & ~closing] = _RIGHT
    clings[quotes & closing] = _LEFT
