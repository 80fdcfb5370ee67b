"""The labels of a token-classification checkpoint as a tag set of `bio_ner`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from spanwright.data.schemes import parse_tags
from spanwright.errors import Errors, SpanwrightError
from spanwright.ner.tags import OUTSIDE, Scheme, build_tagset

BILUO_PREFIX = {"E": "L", "S": "U"}
OUTSIDE_NAME = "O"


class Tagging(NamedTuple):
    """Labels and scheme of a tag set, and where each of its tags stands in the checkpoint (None: nowhere)."""

    labels: tuple[str, ...]
    scheme: Scheme
    positions: tuple[int | None, ...]  # (tags,)


def read_tagging(id2label: Mapping[int, str]) -> Tagging:
    """Understand the tags of a checkpoint: B-, I- (IOB2), also with E-/L- and S-/U- (BIOES, BILUO), in any order.

    A label may lack some of its tags, if not those that begin an entity. Raises SpanwrightError for anything else.
    """
    parsed, _ = parse_tags(id2label.values())
    positions: dict[str, int] = {}
    labels: dict[str, set[str]] = {}
    for index, raw in sorted(id2label.items()):
        tag = parsed.get(raw)
        if tag is None or bool(tag.prefix) != bool(tag.label):
            raise _refusal(id2label, f"'{raw}' has no prefix")
        prefix = BILUO_PREFIX.get(tag.prefix, tag.prefix)
        name = f"{prefix}-{tag.label}" if prefix else OUTSIDE_NAME
        if name in positions:
            raise _refusal(id2label, f"'{raw}' and '{id2label[positions[name]]}' are the same tag")
        positions[name] = index
        if prefix:
            labels.setdefault(tag.label, set()).add(prefix)
    scheme: Scheme = "biluo" if any(prefixes & {"L", "U"} for prefixes in labels.values()) else "bio"
    if OUTSIDE_NAME not in positions:
        raise _refusal(id2label, "there is no tag 'O'")
    if no_start := [label for label, prefixes in labels.items() if not prefixes & {"B", "U"}]:
        raise _refusal(id2label, f"no tag begins an entity of '{no_start[0]}'")
    names = build_tagset(tuple(labels), scheme).names
    assert names[OUTSIDE] == OUTSIDE_NAME
    return Tagging(tuple(labels), scheme, tuple(positions.get(name) for name in names))


def _refusal(id2label: Mapping[int, str], reason: str) -> SpanwrightError:
    found = ", ".join(str(id2label[index]) for index in sorted(id2label))
    return SpanwrightError(Errors.S464.format(reason=reason, found=found))
