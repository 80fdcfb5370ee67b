"""What annotation tools write for one text, told apart by its keys: spans or categories.

Prodigy, doccano (old and new), Label Studio (full and minimal), spaCy's own JSON (version 2 and 3), and plain
`{"text": ..., "cats": {...}}`.
"""

from __future__ import annotations

import math
import re
from typing import Any, NamedTuple

from spanwright.data.records import CharSpan
from spanwright.data.schemes import entities, normalise

_STARTS = ("start", "start_offset", "start_char", "begin", "offset")
_ENDS = ("end", "end_offset", "end_char")
_LABELS = ("label", "labels", "type", "tag", "entity_type", "ner_label")
_TEXTS = ("text", "entity", "value")
_TEXT_KEYS = ("text", "content", "sentence", "doc_text", "raw")
_SPAN_KEYS = ("spans", "entities", "ents", "annotations", "labels", "label", "annotation")
_CATEGORY_KEYS = ("cats", "accept", "category", "categories", "class", "label", "labels")


class Shape(NamedTuple):
    """A record taken apart. `spans` or `cats` is None where the record does not speak of them.

    `complete` says that `cats` has all categories that hold, and those only.
    """

    text: str
    spans: list[CharSpan] | None
    cats: dict[str, float] | None
    complete: bool = False
    id: str = ""
    group: str = ""
    rejected: bool = False
    tool: str = ""


class ShapeError(ValueError):
    """A record that is of no known shape; the message says why."""


def shapes_of(value: Any) -> list[Shape]:
    """Take a JSON record apart; spaCy's version 2 has several texts in one.

    RAISES (ShapeError): The record is of no known shape.
    """
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        value = {"text": value[0], **value[1], "_tool": "spaCy 2"}
    if not isinstance(value, dict):
        raise ShapeError(f"expected an object, found {type(value).__name__}")
    if isinstance(value.get("paragraphs"), list):
        return [_spacy2(paragraph, value) for paragraph in value["paragraphs"]]
    if isinstance(value.get("data"), dict) and ("annotations" in value or "completions" in value):
        return [_label_studio(value)]
    return [_plain(value)]


def _plain(value: dict[str, Any]) -> Shape:
    text = next((value[key] for key in _TEXT_KEYS if isinstance(value.get(key), str)), None)
    if text is None:
        raise ShapeError(f"no text: expected one of the keys {', '.join(_TEXT_KEYS)}, found {_keys(value)}")
    spans = _spans(value)
    cats, complete = _first_categories(value)
    group = value.get("group", value.get("meta", {}).get("group", "") if isinstance(value.get("meta"), dict) else "")
    rejected = value.get("answer") in ("reject", "ignore")
    return Shape(text, spans, cats, complete, _id(value), storable(str(group)), rejected, _tool(value))


def _tool(value: dict[str, Any]) -> str:
    if "_tool" in value:
        return str(value["_tool"])
    if "_input_hash" in value or "_task_hash" in value or ("spans" in value and "answer" in value):
        return "Prodigy"
    if "ents" in value:
        return "spaCy 3"
    if "Comments" in value or "relations" in value or "annotation_approver" in value:
        return "doccano"
    return "text with " + " and ".join(key for key in (*_SPAN_KEYS, *_CATEGORY_KEYS[:-2]) if key in value)


def _spans(value: dict[str, Any]) -> list[CharSpan] | None:
    """The spans under whichever key has them; an empty list says "no spans"."""
    spans: list[CharSpan] | None = None
    for key in _SPAN_KEYS:
        found = value.get(key)
        if key in _CATEGORY_KEYS and not (isinstance(found, list) and _may_be_spans(found)):
            continue
        if found and not isinstance(found, list):
            raise ShapeError(f"{key} must be a list of spans, found {found!r:.100}")
        if not isinstance(found, list):
            continue
        read = [_span(item) for item in found]
        if spans and read and read != spans:
            raise ShapeError(f"{key} and another key hold different spans: leave one of them out")
        spans = spans or read
    return spans


def _may_be_spans(items: list[Any]) -> bool:
    return not items or any(isinstance(item, dict | list) for item in items)


def _span(item: Any) -> CharSpan:
    if isinstance(item, list) and len(item) >= 3:
        return _char_span(item[0], item[1], item[2], None)
    if not isinstance(item, dict):
        raise ShapeError(f"a span needs a start, an end and a label, found {item!r:.100}")
    start = next((item[key] for key in _STARTS if key in item), None)
    end = next((item[key] for key in _ENDS if key in item), None)
    if end is None and "length" in item:
        first, length = _whole(start), _whole(item["length"])
        end = None if first is None or length is None else first + length
    label = next((item[key] for key in _LABELS if key in item), None)
    text = next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), None)
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    return _char_span(start, end, label, text)


def _char_span(start: Any, end: Any, label: Any, text: str | None) -> CharSpan:
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    first, last = _whole(start), _whole(end)
    if first is None or last is None or not isinstance(label, str) or not label.strip():
        raise ShapeError(f"a span needs a start, an end and a label, found {[start, end, label]!r:.100}")
    return CharSpan(first, last, label.strip(), text)


def _whole(offset: Any) -> int | None:
    """A whole number, which some tools write as 4.0 or as "4"; None for anything else."""
    if isinstance(offset, str):
        return int(offset) if re.fullmatch(r"-?[0-9]{1,18}", offset) else None
    if isinstance(offset, bool) or not isinstance(offset, int | float) or offset % 1 != 0:
        return None
    return int(offset)


def _first_categories(value: dict[str, Any]) -> tuple[dict[str, float] | None, bool]:
    """The first categories that are not empty, else empty ones, else None; and whether they are complete."""
    first: tuple[dict[str, float] | None, bool] = (None, False)
    for key in _CATEGORY_KEYS:
        found = value.get(key)
        if isinstance(found, list) and found and key in _SPAN_KEYS and _may_be_spans(found):
            continue
        cats = _categories(found, value)
        if cats is None and (found or isinstance(found, float)) and str(found).strip():
            raise ShapeError(
                f"{key} must be a category, a list of them, or an object with scores, found {found!r:.100}"
            )
        if cats is not None and not first[0] and (cats[0] or first[0] is None):
            first = cats
    return first


def _categories(found: Any, value: dict[str, Any]) -> tuple[dict[str, float], bool] | None:
    """Categories as scores, and whether they are all that hold; None where `found` is none."""
    if isinstance(found, dict):
        return _scores(found), False
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, str | int) and str(found).strip():
        return {str(found): 1.0}, value.get("answer") != "accept"
    if isinstance(found, list) and all(isinstance(label, str) for label in found):
        options = [option.get("id") for option in _items(value.get("options")) if isinstance(option, dict)]
        return {**dict.fromkeys(map(str, options), 0.0), **dict.fromkeys(found, 1.0)}, True
    return None


def _scores(found: dict[Any, Any]) -> dict[str, float]:
    if not all(isinstance(score, int | float) and math.isfinite(score) for score in found.values()):
        raise ShapeError(f"categories need numbers or true and false, found {found!r:.100}")
    return {str(label): float(score) for label, score in found.items()}


def _label_studio(value: dict[str, Any]) -> Shape:
    text = next((part for part in value["data"].values() if isinstance(part, str)), None)
    if text is None:
        raise ShapeError(f"no text in data: found {_keys(value['data'])}")
    completions = value.get("annotations", value.get("completions"))
    kept = [one for one in _items(completions) if isinstance(one, dict) and not one.get("was_cancelled")]
    spans, cats = [], []
    for result in _items(kept[0].get("result")) if kept else []:
        content = result.get("value") if isinstance(result, dict) else None
        if not isinstance(content, dict):
            raise ShapeError(f"a result without a value: found {result!r:.100}")
        cats += [str(choice) for choice in _items(content.get("choices"))]
        for label in _items(content.get("labels")):
            spans.append(_char_span(content.get("start"), content.get("end"), label, content.get("text")))
    scores = dict.fromkeys(cats, 1.0) if cats else None
    return Shape(text, None if cats and not spans else spans, scores, True, _id(value), "", not kept, "Label Studio")


def _spacy2(paragraph: Any, value: dict[str, Any]) -> Shape:
    if not isinstance(paragraph, dict):
        raise ShapeError("a paragraph that is no object")
    try:
        tokens = [token for sentence in paragraph.get("sentences", []) for token in sentence["tokens"]]
        words = [(str(token["orth"]), str(token.get("space", " "))) for token in tokens]
        tags, _ = normalise([str(token.get("ner", "O")) for token in tokens], "BILUO")
    except (KeyError, TypeError) as error:
        raise ShapeError(f"a token without {error}, or with a tag that is not BILUO") from error
    text, edges = "", []
    for word, space in words:
        edges.append((len(text), len(text) + len(word)))
        text += word + space
    spans = [CharSpan(edges[start][0], edges[end - 1][1], label) for start, end, label in entities(tags)]
    raw = paragraph.get("raw")
    text = raw if isinstance(raw, str) and raw.startswith(text.rstrip()) else text
    try:
        cats = {str(cat["label"]): cat["value"] for cat in _items(paragraph.get("cats"))}
    except (KeyError, TypeError) as error:
        raise ShapeError(f"a category needs a label and a value, found {paragraph['cats']!r:.100}") from error
    scores = _scores(cats) or None
    return Shape(text.rstrip() if raw is None else text, spans, scores, False, _id(value), "", False, "spaCy 2")


def _items(found: Any) -> list[Any]:
    """A list; empty where a tool writes null or leaves it out."""
    if found is not None and not isinstance(found, list):
        raise ShapeError(f"expected a list, found {found!r:.100}")
    return found or []


def _id(value: dict[str, Any]) -> str:
    meta = value.get("meta")
    found = value.get("id", value.get("_task_hash", meta.get("id", "") if isinstance(meta, dict) else ""))
    return storable(str(found))


def storable(text: str) -> str:
    """The text with halves of surrogate pairs, which JSON can hold and files cannot, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _keys(value: dict[str, Any]) -> str:
    return ", ".join(list(map(str, value))[:10]) or "none"
