"""Texts in, first annotations out: what `scripts/preannotate.py` runs."""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spanwright.data.exporting.docs import META
from spanwright.data.exporting.export import write_docs
from spanwright.data.preannotation.matching import (
    Candidate,
    Misaligned,
    Origin,
    TermMatcher,
    aligned,
    pattern_hits,
    predicted,
    resolve,
    uncertainty,
)
from spanwright.data.preannotation.rules import read_patterns, read_terms
from spanwright.data.preannotation.texts import Text, read_texts
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file

FORMATS = ("spacy", "iob", "doccano", "prodigy", "label-studio", "spacy-jsonl")


@dataclass(frozen=True)
class PreannotateSettings:
    """What to annotate by. `timeout` is in seconds, for one pattern and one text."""

    terms: Path | None = None
    patterns: Path | None = None
    pipeline: Path | None = None
    lang: str = "en"
    match_case: bool = False
    plurals: bool = False
    expand: bool = False
    per_file: bool = False
    timeout: float = 5.0
    force: bool = False


@dataclass
class Preannotated:
    """What became of all that was found: entities by label and origin, what overlapped, what does not align with tokens.

    `moved` are entities of the inputs whose offsets count UTF-16 units or bytes; `left_out` is what the output lacks of them.
    """

    docs: int = 0
    moved: int = 0
    kept: Counter[tuple[str, str]] = field(default_factory=Counter)
    overlaps: list[dict[str, Any]] = field(default_factory=list)
    misaligned: list[dict[str, Any]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def preannotate(
    inputs: Sequence[Path], out: Path, format: str, settings: PreannotateSettings, *, report: Path | None = None
) -> Preannotated:
    """Annotate the texts of files and write them in one format of `FORMATS`; with a pipeline, the least certain first.

    report (Path | None): JSON file for every overlap and every hit that does not align.
    RAISES (SpanwrightError): Rules or texts that cannot be read, or an output that stands already.
    """
    if out.exists() and not settings.force:
        raise SpanwrightError(Errors.S150.format(path=out))
    nlp = _language(settings)
    result = Preannotated()
    docs = annotate(read_texts(inputs, nlp, per_file=settings.per_file), nlp, settings, result)
    with atomic_file(out) as partial:
        if settings.pipeline is not None:
            docs = _ranked(docs, nlp.vocab)
        if format == "spacy":
            DocBin(store_user_data=True, docs=docs).to_disk(partial)
        else:
            written = write_docs(docs, partial, format, "ner", reviewed=False, suffix=out.suffix)
            result.left_out.update(written.left_out)
    if report is not None:
        with atomic_file(report) as partial:
            lists = {"misaligned": result.misaligned, "overlaps": result.overlaps}
            partial.write_text(json.dumps(lists, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


def annotate(
    texts: Iterable[Text], nlp: Language, settings: PreannotateSettings, result: Preannotated
) -> Iterator[Doc]:
    """Yield the Docs of texts with what was found as their entities, and account for it in `result`."""
    terms = read_terms(settings.terms) if settings.terms else []
    matcher = TermMatcher(nlp, terms, match_case=settings.match_case, plurals=settings.plurals)
    patterns = read_patterns(settings.patterns) if settings.patterns else []
    by_pipeline = predicted(nlp, texts) if settings.pipeline else ((text, []) for text in texts)
    for text, found in by_pipeline:
        doc = text.doc
        given, _ = aligned(doc, ((span, text.place) for span in text.spans), Origin.given, expand=False)
        hits = pattern_hits(doc, patterns, place=text.place, timeout=settings.timeout)
        matched, misaligned = aligned(doc, hits, Origin.pattern, expand=settings.expand)
        kept, lost = resolve([*given, *matcher(doc), *matched, *found])
        _set_entities(doc, kept, scored=settings.pipeline is not None)
        _account(result, text, kept, lost, misaligned)
        yield doc


def _language(settings: PreannotateSettings) -> Language:
    if settings.pipeline is not None:
        try:
            return spacy.load(settings.pipeline)
        except (OSError, ValueError, ImportError) as error:
            raise SpanwrightError(Errors.S164.format(path=settings.pipeline, reason=error)) from error
    try:
        return spacy.blank(settings.lang)
    except ImportError as error:
        raise SpanwrightError(Errors.S115.format(lang=settings.lang, reason=error)) from error


def _set_entities(doc: Doc, kept: Sequence[Candidate], *, scored: bool) -> None:
    doc.set_ents([Span(doc, one.start, one.end, one.label) for one in kept])
    if scored:
        score = uncertainty(kept)
        doc.user_data[META]["score"] = None if score is None else round(score, 4)


def _ranked(docs: Iterable[Doc], vocab: Vocab) -> Iterator[Doc]:
    """Yield the least certain Docs first; they wait in a file, so that no more than a line about each is held."""
    with tempfile.TemporaryFile() as waiting:
        places: list[tuple[bool, float, int, int]] = []
        for doc in docs:
            packed = doc.to_bytes(exclude=["tensor"])
            places.append((*_certainty(doc), waiting.tell(), len(packed)))
            waiting.write(packed)
        for _, _, start, length in sorted(places):
            waiting.seek(start)
            yield Doc(vocab).from_bytes(waiting.read(length))


def _certainty(doc: Doc) -> tuple[bool, float]:
    score = doc.user_data[META]["score"]
    return score is None, score or 0.0


def _account(
    result: Preannotated,
    text: Text,
    kept: Iterable[Candidate],
    lost: Iterable[Candidate],
    misaligned: Iterable[Misaligned],
) -> None:
    result.docs += 1
    result.left_out.update(+Counter(text.left_out))
    result.moved += text.moved
    result.kept.update((one.label, one.origin.name) for one in kept)
    for one in lost:
        span = text.doc[one.start : one.end]
        entry = {"source": text.place, "start": span.start_char, "end": span.end_char, "text": span.text}
        result.overlaps.append({**entry, "label": one.label, "by": one.origin.name})
    for hit in misaligned:
        shown = {"source": text.place, "start": hit.start, "end": hit.end, "text": text.doc.text[hit.start : hit.end]}
        result.misaligned.append({**shown, "label": hit.label, "by": hit.by})
