"""Stable splits: which part a record belongs to follows from what it says, not from where it stands.

Records with the same text, or of the same group, never part. Within each label, records are put in the order of a hash
of their key and cut at the shares asked for, so that every part has its share of every label.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import NamedTuple

from spanwright.data.records import CategoryRecord, Record, SpanRecord, labels_of, text_of
from spanwright.errors import Errors, SpanwrightError

PARTS = ("train", "dev", "test")
_SHARES = re.compile(r"\d{1,3}(/\d{1,3}){1,2}")


class Split(NamedTuple):
    """The part of each key; `by_group` tells what the keys are."""

    parts: dict[int, str]
    by_group: bool

    def part(self, record: Record) -> str:
        """The part that a record belongs to."""
        return self.parts[key_of(record, by_group=self.by_group)]


def parse_shares(text: str) -> tuple[int, ...]:
    """Read shares such as 80/10/10 or 90/10: train, dev and, if there is a third, test.

    RAISES (SpanwrightError): Anything else, or shares that do not add up to 100.
    """
    shares = tuple(map(int, text.split("/"))) if _SHARES.fullmatch(text) else ()
    if sum(shares) != 100 or 0 in shares:
        raise SpanwrightError(Errors.S128.format(split=text))
    return shares


def plan_split(records: Iterable[Record], shares: Sequence[int], *, by_group: bool = False) -> Split:
    """Give every record a part.

    shares (Sequence[int]): Per cent of the records for train, dev and test.
    by_group (bool): Keep groups whole, and with them all groups that have a text in common.
    """
    labels: dict[int, Counter[str]] = defaultdict(Counter)
    joined = _Joined()
    for record in records:
        key = key_of(record, by_group=by_group)
        labels[key].update(_holding(record))
        if by_group:
            joined.join(key, _hash(text_of(record)))
    whole: dict[int, Counter[str]] = defaultdict(Counter)
    for key, counts in labels.items():
        whole[joined.root(key)].update(counts)
    cuts = list(accumulate(shares))[:-1]
    parts: dict[int, str] = {}
    for keys in _strata(whole).values():
        for rank, key in enumerate(sorted(keys)):
            # about where the hash itself stands between 0 and 1, whatever the stratum, but as even as ranks are: a record
            # that a new rarest label moves to another stratum seldom changes its part
            place = (rank + key / 2**64) / len(keys)
            parts[key] = PARTS[bisect_right(cuts, place * 100)]
    return Split({key: parts[joined.root(key)] for key in labels}, by_group)


def uneven_shares(counts: Sequence[int], shares: Sequence[int]) -> str:
    """Say what per cent each part has, where one is off by more than half of what was asked; "" where none is."""
    total = sum(counts) or 1
    found = [100 * count / total for count in counts]
    if all(2 * abs(has - asked) <= asked for has, asked in zip(found, shares, strict=True)):
        return ""
    return f"{'/'.join(f'{has:.1f}' for has in found)} for {'/'.join(map(str, shares))}"


def _strata(labels: Mapping[int, Counter[str]]) -> dict[str, list[int]]:
    """The keys by their rarest label, which is the hardest one to share out."""
    totals: Counter[str] = Counter()
    for counts in labels.values():
        totals.update(counts.keys())
    strata: dict[str, list[int]] = defaultdict(list)
    for key, counts in labels.items():
        strata[min(counts, key=lambda label: (totals[label], label), default="")].append(key)
    return strata


class _Joined:
    """Keys that belong together, each known by the least of them (union-find with path halving)."""

    def __init__(self) -> None:
        self._above: dict[int, int] = {}

    def root(self, key: int) -> int:
        while (above := self._above.get(key, key)) != key:
            self._above[key] = self._above.get(above, above)
            key = self._above[key]
        return key

    def join(self, one: int, other: int) -> None:
        low, high = sorted((self.root(one), self.root(other)))
        if low != high:
            self._above[high] = low


def key_of(record: Record, *, by_group: bool = False) -> int:
    """A hash of the text of a record, or of its group, that is the same on every machine."""
    group = getattr(record, "group", "") if by_group else ""
    return _hash(group or text_of(record))


def _hash(text: str) -> int:
    """64 bits of a hash of the text."""
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def _holding(record: Record) -> list[str]:
    """The labels that hold for a record; a category with a score of 0 does not."""
    if isinstance(record, CategoryRecord | SpanRecord):
        spans = record.spans if isinstance(record, SpanRecord) else ()
        return [*(span.label for span in spans), *(label for label, score in record.cats.items() if score)]
    return labels_of(record)
