"""Labels: which are allowed, and which two are probably one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations

from spanwright.data.spans import SURROGATE
from spanwright.errors import Errors

LABEL_PATTERN = r"\w[\w .:&+#-]{0,99}"
# categories are written by people, who use slashes and emoji: all on one line, with nothing invisible at its ends
CATEGORY_PATTERN = r"(?!\s)[^\x00-\x1f\x7f\ud800-\udfff]{1,100}(?<!\s)"
# Comparing every two labels is quadratic; beyond this many, only case is compared.
_MOST_COMPARED = 500


def refused_labels(labels: Iterable[str], pattern: str) -> list[str]:
    """The labels that the pattern does not match as a whole, and those with half of a surrogate pair, which no file holds."""
    allowed = re.compile(pattern)
    return [label for label in labels if SURROGATE.search(label) or not allowed.fullmatch(label)]


def labels_refused(file: str, places: Iterable[tuple[str, int]], pattern: str) -> str:
    """The message for labels outside of the pattern, each given with a line."""
    shown = "; ".join(f"{file}:{line}: {_short(label)}" for label, line in sorted(places, key=lambda place: place[1]))
    return Errors.S110.format(labels=shown, pattern=pattern)


def _short(label: str) -> str:
    return repr(label) if len(label) <= 40 else f"{label[:40]!r}... ({len(label)} characters)"


def similar_labels(counts: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Yield pairs of labels, the rarer first, that differ by case alone or by one character.

    One character counts where a label has at least four and the rarer one is at most a tenth as frequent.
    """
    by_count = sorted(counts, key=lambda label: (counts[label], label))
    folded: dict[str, str] = {}
    for label in reversed(by_count):
        if label.casefold() in folded:
            yield label, folded[label.casefold()]
        else:
            folded[label.casefold()] = label
    if len(folded) > _MOST_COMPARED:
        return
    for one, two in combinations(folded, 2):
        rare, common = sorted((folded[one], folded[two]), key=lambda label: (counts[label], label))
        if counts[rare] * 10 <= counts[common] and min(len(one), len(two)) >= 4 and one_edit_apart(one, two):
            yield rare, common


def one_edit_apart(one: str, two: str) -> bool:
    """Whether one character put in, taken out or exchanged makes the one string the other; digits do not count."""
    if one == two or abs(len(one) - len(two)) > 1:
        return False
    short, long = sorted((one, two), key=len)
    at = next((i for i, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    if long[at].isdigit():
        return False
    return short[at:] == long[at + 1 :] or (len(short) == len(long) and short[at + 1 :] == long[at + 1 :])
