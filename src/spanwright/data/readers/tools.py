"""The forms of JSON that nest their annotations: Label Studio's full export, and spaCy's version 2."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from spanwright.data.readers.shape import Shape, ShapeError, char_span, id_of, keys_of, list_of
from spanwright.data.records import CharSpan
from spanwright.data.schemes import entities, normalise

TEXT_KEYS = ("text", "content", "sentence", "doc_text", "raw", "data", "document")


def label_studio(value: dict[str, Any]) -> Shape:
    """Read a task with the results of its annotators: those marked as ground truth, else the first.

    RAISES (ShapeError): A result of no known shape, or a task of several texts.
    """
    completions = [one for one in list_of(value.get("annotations", value.get("completions"))) if isinstance(one, dict)]
    kept = [one for one in completions if not one.get("was_cancelled")]
    kept.sort(key=lambda one: not one.get("ground_truth"))
    read = [_results(one) for one in kept]
    spans, cats, unread = read[0] if read else ([], [], ())
    others = [(other, names) for other, names, _ in read[1:] if (set(other), set(names)) != (set(spans), set(cats))]
    text = _text(value["data"], kept, spans)
    return Shape(
        text,
        None if cats and not spans else spans,
        dict.fromkeys(cats, 1.0) if cats else None,
        True,
        id_of(value),
        rejected=not kept,
        tool="Label Studio",
        unread=unread,
        others=tuple(label for other, names in others for label in [*(span.label for span in other), *names]),
    )


def _results(completion: dict[str, Any]) -> tuple[list[CharSpan], list[str], tuple[str, ...]]:
    """The spans and the categories of one annotator, and what is neither."""
    spans: list[CharSpan] = []
    cats: list[str] = []
    unread: list[str] = []
    for result in list_of(completion.get("result")):
        if not isinstance(result, dict):
            raise ShapeError(f"a result without a value: found {result!r:.100}")
        content, kind = result.get("value"), str(result.get("type", ""))
        if not isinstance(content, dict):
            if kind != "relation":
                raise ShapeError(f"a result without a value: found {result!r:.100}")
            unread.append(kind)
            continue
        choices, labels = list_of(content.get("choices")), list_of(content.get("labels"))
        if choices and "start" in content:
            unread.append(f"choices about a span ({', '.join(map(str, choices))})")
        elif choices:
            cats += map(str, choices)
        elif labels:
            spans += [char_span(content.get("start"), content.get("end"), one, content.get("text")) for one in labels]
        elif "labels" not in content and "choices" not in content:
            unread.append(kind or keys_of(content))
    return spans, cats, tuple(unread)


def _text(data: dict[str, Any], completions: Sequence[dict[str, Any]], spans: Sequence[CharSpan]) -> str:
    """The text of a task: the one that its results are about, by what their spans say stands there or by name.

    The name is that of a tag, which may be like the key of another text.
    """
    texts = {str(key): text for key, text in data.items() if isinstance(text, str)}
    about = {str(one.get("to_name")) for done in completions for one in list_of(done.get("result")) if "to_name" in one}
    named = [key for key in texts if key in about]
    quoted = [span for span in spans if span.text]
    fitting = [key for key in texts if quoted and all(texts[key][s.start : s.end] == s.text for s in quoted)]
    usual = [key for key in TEXT_KEYS if key in texts]
    for keys in (fitting, named, list(texts), usual):
        if len(keys) == 1 or (keys is usual and keys):
            return texts[keys[0]]
    missing = "which of several texts is annotated does not show" if texts else "no text in data"
    raise ShapeError(f"{missing}: found {keys_of(data)}")


def spacy2(paragraph: Any, value: dict[str, Any]) -> Shape:
    """Read a paragraph of tokens with BILUO tags.

    RAISES (ShapeError): A token or a category without what belongs to it, or tags that break the rules of BILUO.
    """
    if not isinstance(paragraph, dict):
        raise ShapeError("a paragraph that is no object")
    try:
        tokens = [token for sentence in paragraph.get("sentences", []) for token in sentence["tokens"]]
        words = [(str(token["orth"]), str(token.get("space", " "))) for token in tokens]
        tags, broken = normalise([str(token.get("ner", "O")) for token in tokens], "BILUO")
    except (KeyError, TypeError) as error:
        raise ShapeError(f"a token without {error}, or with a tag that is not BILUO") from error
    if broken:
        index, code = broken[0]
        raise ShapeError(f"the tags are no BILUO: {code} at {words[min(index, len(words) - 1)][0]!r}")
    text, edges = "", []
    for word, space in words:
        edges.append((len(text), len(text) + len(word)))
        text += word + space
    spans = [CharSpan(edges[start][0], edges[end - 1][1], label) for start, end, label in entities(tags)]
    raw = paragraph.get("raw")
    text = raw if isinstance(raw, str) and raw.startswith(text.rstrip()) else text
    try:
        cats = {str(cat["label"]): cat["value"] for cat in list_of(paragraph.get("cats"))}
    except (KeyError, TypeError) as error:
        raise ShapeError(f"a category needs a label and a value, found {paragraph['cats']!r:.100}") from error
    text = text.rstrip() if raw is None else text
    return Shape(text, spans, scores(cats) or None, False, id_of(value), tool="spaCy 2")


def scores(found: dict[Any, Any]) -> dict[str, float]:
    """RAISES (ShapeError): Categories with anything but finite numbers."""
    try:
        read = {str(label): float(score) for label, score in found.items() if isinstance(score, int | float)}
    except OverflowError:
        read = {}
    if len(read) < len(found) or not all(map(math.isfinite, read.values())):
        raise ShapeError(f"categories need numbers or true and false, found {found!r:.100}")
    return read
