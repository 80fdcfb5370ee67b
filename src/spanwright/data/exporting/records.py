"""A Doc as what a format holds of it: pure functions, each refusing what its format cannot hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from spacy.tokens import Doc

from spanwright.data.exporting.docs import META, answers_of, question_of
from spanwright.data.readers.layout import Layout
from spanwright.data.readers.rows import NOTED, parse_row
from spanwright.errors import Errors, SpanwrightError

_ROWS = Layout("tab", 2, 0, 1)
_FROM, _TO = "label", "text"  # names of the parts of the usual labelling interface of Label Studio


def iob_rows(doc: Doc, place: str) -> list[str]:
    """The rows of a Doc, `TOKEN<TAB>TAG` with IOB2 tags. Tokens of white space have none.

    RAISES (SpanwrightError): A row that `scripts/convert.py` would not read back as the same token and tag.
    """
    tags: dict[int, str] = {}
    for entity in doc.ents:
        inside = [token.i for token in entity if token.text.strip()]
        tags.update({index: f"{'I' if at else 'B'}-{entity.label_}" for at, index in enumerate(inside)})
    rows = []
    for token in doc:
        if not token.text.strip():
            continue
        tag = tags.get(token.i, "O")
        row = f"{token.text}\t{tag}"
        read = parse_row(_ROWS, row)
        if "\n" in row or row.startswith("\ufeff") or read.kind > NOTED or (read.token, read.tag) != (token.text, tag):
            raise SpanwrightError(Errors.S152.format(place=place, found=f"{token.text!r} tagged {tag!r}", format="iob"))
        rows.append(row)
    return rows


def doccano_record(doc: Doc, task: str, place: str) -> dict[str, Any]:
    """A text as doccano imports it."""
    labels: list[Any] = _held(doc, place) if task == "textcat" else [list(span) for span in _spans(doc)]
    return {"text": doc.text, "label": labels, **_meta(doc)}


def prodigy_record(doc: Doc, task: str, place: str, *, reviewed: bool = True) -> dict[str, Any]:
    """A text as Prodigy takes it in, accepted where it is `reviewed`."""
    answer = {"answer": "accept"} if reviewed else {}
    if task == "textcat":
        options = [{"id": label, "text": label} for label in doc.cats]
        return {"text": doc.text, "options": options, "accept": _held(doc, place), **answer, **_meta(doc)}
    tokens = [
        {"text": t.text, "start": t.idx, "end": t.idx + len(t), "id": t.i, "ws": bool(t.whitespace_)} for t in doc
    ]
    spans = [
        {
            "start": entity.start_char,
            "end": entity.end_char,
            "label": entity.label_,
            "token_start": entity.start,
            "token_end": entity.end - 1,  # the last token, as Prodigy counts
        }
        for entity in doc.ents
    ]
    return {"text": doc.text, "tokens": tokens, "spans": spans, **answer, **_meta(doc)}


def label_studio_record(doc: Doc, task: str, place: str, *, reviewed: bool = True) -> dict[str, Any]:
    """A task of Label Studio: annotated where it is `reviewed`, else with a prediction to start from."""
    if task == "textcat":
        held = _held(doc, place)
        results = [_result("choices", {"choices": held})] if held else []
    else:
        results = [
            _result("labels", {"start": start, "end": end, "text": doc.text[start:end], "labels": [label]})
            for start, end, label in _spans(doc)
        ]
    meta = doc.user_data.get(META, {})
    data = {"text": doc.text, **({META: meta} if meta else {})}
    if reviewed:
        return {"data": data, "annotations": [{"result": results}]}
    score = {"score": meta["score"]} if meta.get("score") is not None else {}
    return {"data": data, "predictions": [{"model_version": "spanwright", "result": results, **score}]}


def spacy_record(doc: Doc, task: str) -> dict[str, Any]:
    """A text as a part of what `Doc.to_json` gives: of the task's annotations, all; of the tokens, none."""
    if task == "textcat":
        return {"text": doc.text, "cats": dict(doc.cats), **_meta(doc)}
    ents = [{"start": start, "end": end, "label": label} for start, end, label in _spans(doc)]
    return {"text": doc.text, "ents": ents, **_meta(doc)}


def csv_row(doc: Doc, place: str) -> tuple[str, str]:
    """A text and its one category, or "" where none holds.

    RAISES (SpanwrightError): More than one category, or what CSV does not give back.
    """
    held = _held(doc, place)
    if len(held) > 1:
        raise SpanwrightError(Errors.S152.format(place=place, found=f"the categories {held}", format="csv-cats"))
    label = held[0] if held else ""
    # readers take a lone carriage return for the end of a line
    for text in (doc.text, label):
        if "\r" in text or "\0" in text or label != label.strip():
            raise SpanwrightError(Errors.S152.format(place=place, found=repr(text[:60]), format="csv-cats"))
    return doc.text, label


def squad_question(doc: Doc) -> dict[str, Any]:
    """The question of a Doc with its answers, as an entry of `qas`."""
    answers = [{"text": text, "answer_start": start} for text, start in answers_of(doc)]
    given = {"id": question_of(doc, "question_id") or "", "question": question_of(doc)}
    return {**given, "answers": answers, "is_impossible": not answers}


def _spans(doc: Doc) -> list[tuple[int, int, str]]:
    return [(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]


def _held(doc: Doc, place: str) -> list[str]:
    """The categories that hold.

    RAISES (SpanwrightError): A score other than 0 and 1.
    """
    between = {label: score for label, score in doc.cats.items() if score not in (0.0, 1.0)}
    if between:
        raise SpanwrightError(Errors.S153.format(place=place, scores=between))
    return [label for label, score in doc.cats.items() if score]


def _meta(doc: Doc) -> Mapping[str, Any]:
    meta = doc.user_data.get(META)
    return {META: meta} if meta else {}


def _result(kind: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"from_name": _FROM, "to_name": _TO, "type": kind, "value": value}
