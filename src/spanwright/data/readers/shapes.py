"""What annotation tools write for one text, told apart by its keys: spans or categories, or both.

Prodigy, doccano (old and new), Label Studio (full and minimal), spaCy's own JSON (version 2 and 3), and plain
`{"text": ..., "cats": {...}}`.
"""

from __future__ import annotations

from typing import Any

from spanwright.data.readers.shape import Shape, ShapeError, char_span, id_of, keys_of, list_of, storable, whole
from spanwright.data.readers.tools import TEXT_KEYS, label_studio, scores, spacy2
from spanwright.data.records import CharSpan

_STARTS = ("start", "start_offset", "start_char", "startOffset", "beginningIndex", "begin", "offset")
_ENDS = ("end", "end_offset", "end_char", "endOffset", "endIndex")
_LABELS = ("label", "labels", "type", "tag", "entity_type", "ner_label", "category", "entityLabel", "entity_group")
_TEXTS = ("text", "entity", "value")
_SPAN_KEYS = ("spans", "entities", "ents", "annotations", "labels", "label", "annotation")
_CATEGORY_KEYS = ("cats", "accept", "category", "categories", "class", "label", "labels")
# Taken where nothing else is a category, and for nothing but a name.
_FURTHER_CATEGORY_KEYS = ("sentiment", "intent", "topic")
_UNREAD = ("relations", "links", "coreferences", "coref")


def shapes_of(value: Any) -> list[Shape]:
    """Take a JSON record apart; spaCy's version 2 has several texts in one.

    RAISES (ShapeError): The record is of no known shape.
    """
    if isinstance(value, list) and len(value) == 2 and isinstance(value[0], str) and isinstance(value[1], dict):
        value = {"text": value[0], **value[1], "_tool": "spaCy 2"}
    if not isinstance(value, dict):
        raise ShapeError(f"expected an object, found {type(value).__name__}")
    if isinstance(value.get("paragraphs"), list):
        return [spacy2(paragraph, value) for paragraph in value["paragraphs"]]
    if isinstance(value.get("data"), dict) and ("annotations" in value or "completions" in value):
        return [label_studio(value)]
    return [_plain(value)]


def _plain(value: dict[str, Any]) -> Shape:
    text = next((value[key] for key in TEXT_KEYS if isinstance(value.get(key), str)), None)
    if text is None:
        raise ShapeError(f"no text: expected one of the keys {', '.join(TEXT_KEYS)}, found {keys_of(value)}")
    spans = _spans(value)
    cats, complete = _first_categories(value)
    meta = value.get("meta")
    group = value.get("group", meta.get("group", "") if isinstance(meta, dict) else "")
    answer = value.get("answer")
    if answer == "reject" and not spans and isinstance(value.get("label"), str) and "options" not in value:
        # one label was asked about, and the answer was no
        cats, complete, answer = {value["label"]: 0.0}, False, "accept"
    return Shape(
        text,
        spans,
        cats,
        complete,
        id_of(value),
        storable(group),
        rejected=answer in ("reject", "ignore"),
        tool=_tool(value),
        unread=tuple(f"{len(value[key])} {key}" for key in _UNREAD if isinstance(value.get(key), list) and value[key]),
    )


def _tool(value: dict[str, Any]) -> str:
    if "_tool" in value:
        return str(value["_tool"])
    if "_input_hash" in value or "_task_hash" in value or ("spans" in value and "answer" in value):
        return "Prodigy"
    if "ents" in value:
        return "spaCy 3"
    if "annotation_id" in value and "annotator" in value:
        return "Label Studio (minimal)"
    if "Comments" in value or "relations" in value or "annotation_approver" in value:
        return "doccano"
    keys = dict.fromkeys((*_SPAN_KEYS, *_CATEGORY_KEYS, *_FURTHER_CATEGORY_KEYS))
    return "text with " + (" and ".join(key for key in keys if value.get(key) is not None) or "no annotation")


def _spans(value: dict[str, Any]) -> list[CharSpan] | None:
    """The spans under whichever key has them; an empty list says "no spans"."""
    spans: list[CharSpan] | None = None
    further = [key for key in value if key not in _SPAN_KEYS and _are_spans(key, value[key])]
    for key in (*_SPAN_KEYS, *further):
        found = value.get(key)
        if key == "spans" and isinstance(found, dict):
            found = _one_group(found)
        if key in _CATEGORY_KEYS and not (isinstance(found, list) and _may_be_spans(found)):
            continue
        if found and not isinstance(found, list):
            raise ShapeError(f"{key} must be a list of spans, found {found!r:.100}")
        if not isinstance(found, list):
            continue
        read = [_span(item) for item in found]
        if spans and read and set(read) != set(spans):
            raise ShapeError(f"{key} and another key hold different spans: leave one of them out")
        spans = spans or read
    return spans


def _one_group(groups: dict[Any, Any]) -> Any:
    """The spans of the one group that has any, as spaCy 3 writes `doc.spans`."""
    filled = {name: group for name, group in groups.items() if group}
    if len(filled) > 1:
        raise ShapeError(f"several groups of spans ({keys_of(filled)}): leave all but one out")
    return next(iter(filled.values()), [])


def _may_be_spans(items: list[Any]) -> bool:
    return not items or any(isinstance(item, dict | list) for item in items)


def _are_spans(key: str, found: Any) -> bool:
    """Whether these are spans for sure, whatever the key: in Label Studio's minimal form its user chose it."""
    # tokens have offsets and tags in many tools, and entities in one
    labels = ("entityLabel",) if key == "tokens" else tuple(name for name in _LABELS if name != "tag")
    return isinstance(found, list) and any(
        isinstance(item, dict) and all(any(name in item for name in names) for names in (_STARTS, _ENDS, labels))
        for item in found
    )


def _span(item: Any) -> CharSpan:
    if isinstance(item, list) and len(item) >= 3:
        return char_span(item[0], item[1], item[2], None)
    if not isinstance(item, dict):
        raise ShapeError(f"a span needs a start, an end and a label, found {item!r:.100}")
    start = next((item[key] for key in _STARTS if key in item), None)
    end = next((item[key] for key in _ENDS if key in item), None)
    if end is None and "length" in item:
        first, length = whole(start), whole(item["length"])
        end = None if first is None or length is None else first + length
    label = next((item[key] for key in _LABELS if key in item), None)
    text = next((item[key] for key in _TEXTS if isinstance(item.get(key), str)), None)
    if isinstance(label, list) and len(label) == 1:
        label = label[0]
    return char_span(start, end, label, text)


def _first_categories(value: dict[str, Any]) -> tuple[dict[str, float] | None, bool]:
    """The first categories that are not empty, else empty ones, else None; and whether they are complete."""
    read: dict[str, tuple[dict[str, float], bool]] = {}
    # what Prodigy's annotator chose counts, not what the text came with
    chosen = isinstance(value.get("accept"), list) and "options" in value
    for key in ("accept",) if chosen else _CATEGORY_KEYS:
        found = value.get(key)
        if isinstance(found, list) and found and key in _SPAN_KEYS and _may_be_spans(found):
            continue
        cats = _categories(found, value)
        if cats is None and (found or isinstance(found, float)) and str(found).strip():
            raise ShapeError(
                f"{key} must be the name of a category, a list of names, or an object with scores, found {found!r:.100}"
            )
        if cats is not None:
            read[key] = cats
    for key in () if read else _FURTHER_CATEGORY_KEYS:
        cats = _categories(value[key], {}) if isinstance(value.get(key), str | dict) else None
        if cats is not None and set(cats[0].values()) == {1.0}:
            read[key] = cats
    filled = {key: cats for key, cats in read.items() if cats[0]}
    if len({_likeliest(cats) for cats, _ in filled.values()}) > 1:
        raise ShapeError(f"{' and '.join(filled)} hold different categories: leave all but one out")
    return next(iter((filled or read).values()), (None, False))


def _likeliest(cats: dict[str, float]) -> frozenset[str]:
    """The categories of the highest score, which keys that agree have in common; none where that is 0."""
    return frozenset(name for name, score in cats.items() if 0 < score == max(cats.values()))


def _categories(found: Any, value: dict[str, Any]) -> tuple[dict[str, float], bool] | None:
    """Categories as scores, and whether they are all that hold; None where `found` is none."""
    if isinstance(found, dict) and set(found) == {"choices"}:
        found = found["choices"]
    if isinstance(found, dict):
        return scores(found), False
    if isinstance(found, float) and found.is_integer():
        found = int(found)
    if isinstance(found, str | int) and str(found).strip():
        return {str(found): 1.0}, value.get("answer") != "accept"
    if isinstance(found, list) and all(isinstance(label, str) for label in found):
        options = [option.get("id") for option in list_of(value.get("options")) if isinstance(option, dict)]
        return {**dict.fromkeys(map(str, options), 0.0), **dict.fromkeys(found, 1.0)}, True
    return None
