"""What annotation tools write for one text, told apart by its keys: spans or categories.

Prodigy, doccano (old and new), Label Studio (full and minimal), spaCy's own JSON (version 2 and 3), and plain
`{"text": ..., "cats": {...}}`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from spanwright.data.records import CharSpan
from spanwright.data.schemes import entities, normalise

_STARTS = ("start", "start_offset", "start_char", "begin")
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
    spans: list[CharSpan] | None = None
    cats: dict[str, float] | None = None
    complete = False
    for key in _SPAN_KEYS:
        if isinstance(value.get(key), list) and _are_spans(value[key]):
            spans = (spans or []) + [_span(item) for item in value[key]]
            break
    for key in _CATEGORY_KEYS:
        if key in value and (found := _categories(value[key], value)) is not None:
            cats, complete = found
            break
    group = value.get("group", value.get("meta", {}).get("group", "") if isinstance(value.get("meta"), dict) else "")
    rejected = value.get("answer") in ("reject", "ignore") and "accept" not in value and cats is None
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


def _are_spans(items: Sequence[Any]) -> bool:
    """Whether a list holds spans; an empty one says "no spans"."""
    return all(
        (isinstance(item, dict) and any(key in item for key in _STARTS))
        or (isinstance(item, list) and len(item) >= 3 and all(isinstance(part, int) for part in item[:2]))
        for item in items
    )


def _span(item: Any) -> CharSpan:
    if isinstance(item, list):
        return _char_span(item[0], item[1], item[2], None)
    start = next(item[key] for key in _STARTS if key in item)
    end = next((item[key] for key in _ENDS if key in item), None)
    label = next((item[key] for key in _LABELS if key in item), None)
    text = next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), None)
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    return _char_span(start, end, label, text)


def _char_span(start: Any, end: Any, label: Any, text: str | None) -> CharSpan:
    if isinstance(label, int) and not isinstance(label, bool):
        label = str(label)
    whole = all(isinstance(offset, int) and not isinstance(offset, bool) for offset in (start, end))
    if not whole or not isinstance(label, str) or not label.strip():
        raise ShapeError(f"a span needs a start, an end and a label, found {[start, end, label]!r:.100}")
    return CharSpan(start, end, label.strip(), text)


def _categories(found: Any, value: dict[str, Any]) -> tuple[dict[str, float], bool] | None:
    """Categories as scores, and whether they are all that hold; None where `found` is none."""
    if isinstance(found, dict):
        if not all(isinstance(score, int | float) for score in found.values()):
            raise ShapeError(f"categories need numbers or true and false, found {found!r:.100}")
        return {str(label): float(score) for label, score in found.items()}, False
    if isinstance(found, str | int) and str(found).strip():
        if value.get("answer") in ("reject", "accept"):
            return {str(found): float(value["answer"] == "accept")}, False
        return {str(found): 1.0}, True
    if isinstance(found, list) and all(isinstance(label, str) for label in found):
        options = [option.get("id") for option in value.get("options", []) if isinstance(option, dict)]
        return {**dict.fromkeys(map(str, options), 0.0), **dict.fromkeys(found, 1.0)}, True
    return None


def _label_studio(value: dict[str, Any]) -> Shape:
    text = next((part for part in value["data"].values() if isinstance(part, str)), None)
    if text is None:
        raise ShapeError(f"no text in data: found {_keys(value['data'])}")
    completions = value.get("annotations", value.get("completions"))
    kept = [one for one in completions or [] if isinstance(one, dict) and not one.get("was_cancelled")]
    spans, cats = [], []
    for result in kept[0].get("result", []) if kept else []:
        content = result.get("value", {}) if isinstance(result, dict) else {}
        cats += [str(choice) for choice in content.get("choices", [])]
        for label in content.get("labels", []):
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
    cats = {str(cat["label"]): float(cat["value"]) for cat in paragraph.get("cats", [])} or None
    return Shape(text.rstrip() if raw is None else text, spans, cats, False, _id(value), "", False, "spaCy 2")


def _id(value: dict[str, Any]) -> str:
    meta = value.get("meta")
    found = value.get("id", value.get("_task_hash", meta.get("id", "") if isinstance(meta, dict) else ""))
    return storable(str(found))


def storable(text: str) -> str:
    """The text with halves of surrogate pairs, which JSON can hold and files cannot, replaced."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _keys(value: dict[str, Any]) -> str:
    return ", ".join(list(map(str, value))[:10]) or "none"
