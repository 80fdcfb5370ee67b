"""Texts with their entities marked, by displaCy, safe to stand in a page."""

from __future__ import annotations

import re
from collections.abc import Iterable

from markupsafe import Markup, escape
from spacy import displacy

from spanwright.evaluation.report.content import Span, is_right_to_left, shortened

_MARK = '<mark class="{bg}"><bdi>{text}</bdi> <span class="label">{label}</span></mark>'
_LONG_WORD = re.compile(r"\S{201,}")


def marked(text: str, spans: Iterable[Span], kind: str) -> Markup:
    """`text` with `spans` in `<mark class="KIND">`, everything escaped, words of over 200 characters shortened.

    Of spans that overlap the first is marked.
    """
    text, ents = _readable(text, apart(spans))
    direction = "rtl" if is_right_to_left(text) else "ltr"
    given = {"text": text, "ents": ents, "settings": {"direction": direction}}
    colors = {ent["label"]: kind for ent in ents}
    return Markup(
        displacy.render(given, style="ent", manual=True, jupyter=False, options={"template": _MARK, "colors": colors})
    )


def apart(spans: Iterable[Span]) -> list[Span]:
    """The spans in order, without those that begin before an earlier one has ended."""
    kept: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if not kept or span.start >= kept[-1].end:
            kept.append(span)
    return kept


def _readable(text: str, spans: list[Span]) -> tuple[str, list[dict[str, str | int]]]:
    """The text with long words shortened, and displaCy's dictionaries for the spans where they then are."""
    written, at = "", 0
    ents: list[dict[str, str | int]] = []
    for span in spans:
        written += _shortened_words(text[at : span.start])
        start = len(written)
        written += _shortened_words(text[span.start : span.end])
        # displaCy escapes the text but not the labels
        ents.append({"start": start, "end": len(written), "label": str(escape(shortened(span.label)))})
        at = span.end
    return written + _shortened_words(text[at:]), ents


def _shortened_words(text: str) -> str:
    return _LONG_WORD.sub(lambda word: shortened(word[0], 60), text)
