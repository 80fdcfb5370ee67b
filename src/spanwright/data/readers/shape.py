"""What one annotated text of JSON or of a table says, and the pieces that all tools' forms are read by."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from spanwright.data.records import CharSpan


class Shape(NamedTuple):
    """A record taken apart. `spans` or `cats` is None where the record does not speak of them.

    `complete` says that `cats` has all categories that hold, and those only. `unread` describes annotations that are neither,
    and `others` has the labels of annotators who were passed over.
    """

    text: str
    spans: list[CharSpan] | None
    cats: dict[str, float] | None
    complete: bool = False
    id: str = ""
    group: str = ""
    rejected: bool = False
    tool: str = ""
    unread: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class ShapeError(ValueError):
    """A record that is of no known shape; the message says why."""


def char_span(start: Any, end: Any, label: Any, text: str | None) -> CharSpan:
    """RAISES (ShapeError): Offsets that are no whole numbers, or a label that is no name."""
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    first, last = whole(start), whole(end)
    if first is None or last is None or not isinstance(label, str) or not label.strip():
        raise ShapeError(f"a span needs a start, an end and a label, found {[start, end, label]!r:.100}")
    return CharSpan(first, last, label.strip(), text)


def whole(offset: Any) -> int | None:
    """A whole number, which some tools write as 4.0 or as "4"; None for anything else."""
    if isinstance(offset, str):
        return int(offset) if re.fullmatch(r"-?[0-9]{1,18}", offset) else None
    if isinstance(offset, bool) or not isinstance(offset, int | float) or offset % 1 != 0:
        return None
    return int(offset)


def list_of(found: Any) -> list[Any]:
    """A list; empty where a tool writes null or leaves it out.

    RAISES (ShapeError): Anything else.
    """
    if found is not None and not isinstance(found, list):
        raise ShapeError(f"expected a list, found {found!r:.100}")
    return found or []


def id_of(value: dict[str, Any]) -> str:
    """The id that a tool gives a record, "" where it gives none."""
    meta = value.get("meta")
    found = value.get("id", value.get("_task_hash", meta.get("id", "") if isinstance(meta, dict) else ""))
    return storable(found)


def storable(found: Any) -> str:
    """A value as text, "" for null, with halves of surrogate pairs, which JSON can hold and files cannot, replaced."""
    return "" if found is None else str(found).encode("utf-8", "replace").decode("utf-8")


def keys_of(value: dict[str, Any]) -> str:
    """The first keys of an object, for a message."""
    return ", ".join(list(map(str, value))[:10]) or "none"
