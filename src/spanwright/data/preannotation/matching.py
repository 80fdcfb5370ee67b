"""Where terms, patterns and pipelines find something in a Doc, and which of it becomes an entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import NamedTuple

from spacy.language import Language
from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span

from spanwright.data.preannotation.rules import Pattern, Term
from spanwright.data.preannotation.texts import Text
from spanwright.data.records import CharSpan
from spanwright.errors import Errors, SpanwrightError

CONFIDENCE = "confidence"


class Origin(IntEnum):
    """Where a candidate comes from; the lower comes first where two of one length are in conflict."""

    given = 0
    term = 1
    pattern = 2
    pipeline = 3


class Candidate(NamedTuple):
    """A possible entity, in tokens, the end not included."""

    start: int
    end: int
    label: str
    origin: Origin
    confidence: float | None = None


class Misaligned(NamedTuple):
    """A hit with an edge inside a token, in characters; `by` is the file and line of what found it."""

    start: int
    end: int
    label: str
    by: str


def resolve(candidates: Iterable[Candidate]) -> tuple[list[Candidate], list[Candidate]]:
    """Settle conflicts: what was annotated before wins; then the most tokens; then terms, patterns, pipeline; then the earlier.

    Of two labels for one span from one origin, the first in the alphabet is kept.

    RETURNS (list[Candidate], list[Candidate]): Those kept, in the order of the text, and those that overlap one of them.
        The same span with the same label, found twice, is in neither a second time.
    """
    kept: list[Candidate] = []
    lost: list[Candidate] = []
    taken: dict[int, Candidate] = {}
    for one in sorted(candidates, key=_rank):
        inside = range(one.start, one.end)
        winner = next((taken[index] for index in inside if index in taken), None)
        if winner is None:
            kept.append(one)
            taken.update(dict.fromkeys(inside, one))
        elif winner[:3] != one[:3]:
            lost.append(one)
    return sorted(kept), lost


def _rank(candidate: Candidate) -> tuple[bool, int, Origin, int, str]:
    length = candidate.end - candidate.start
    return candidate.origin is not Origin.given, -length, candidate.origin, candidate.start, candidate.label


class TermMatcher:
    """Finds terms in Docs, as whole tokens, by spaCy's PhraseMatcher."""

    def __init__(
        self, nlp: Language, terms: Sequence[Term], *, match_case: bool = False, plurals: bool = False
    ) -> None:
        if plurals and nlp.lang != "en":
            raise SpanwrightError(Errors.S163.format(lang=nlp.lang))
        self._matchers = {True: PhraseMatcher(nlp.vocab, "ORTH"), False: PhraseMatcher(nlp.vocab, "LOWER")}
        for term in terms:
            exact = match_case if term.match_case is None else term.match_case
            forms = [term.text, *(english_plurals(term.text) if plurals else ())]
            self._matchers[exact].add(term.label, [nlp.make_doc(form) for form in forms])

    def __call__(self, doc: Doc) -> Iterator[Candidate]:
        """Yield all that is found, overlaps included."""
        for matcher in self._matchers.values():
            for span in matcher(doc, as_spans=True):
                yield Candidate(span.start, span.end, span.label_, Origin.term)


def english_plurals(term: str) -> list[str]:
    """The regular plurals of the last word of a term, or none where it does not end in a letter."""
    last = term[-1:].lower()
    if not last.isalpha():
        return []
    if last == "y" and term[-2:-1].lower() not in "aeiou":
        return [f"{term[:-1]}ies"]
    sibilant = term.lower().endswith(("s", "x", "z", "ch", "sh"))
    return [f"{term}es" if sibilant else f"{term}s"]


def pattern_hits(
    doc: Doc, patterns: Sequence[Pattern], *, place: str, timeout: float
) -> Iterator[tuple[CharSpan, str]]:
    """Yield what patterns match, without white space at the edges, and the place of the pattern. Empty matches are none.

    timeout (float): The seconds that one pattern may take for the text, roughly.
    RAISES (SpanwrightError): A pattern that takes longer.
    """
    for pattern in patterns:
        try:
            for match in pattern.expression.finditer(doc.text, timeout=timeout):
                start, end = match.span(pattern.group)
                found = doc.text[start:end] if start >= 0 else ""
                if bare := found.strip():
                    start += len(found) - len(found.lstrip())
                    yield CharSpan(start, start + len(bare), pattern.label), pattern.place
        except TimeoutError as error:
            message = Errors.S162.format(place=place, pattern=pattern.place, seconds=timeout, length=len(doc.text))
            raise SpanwrightError(message) from error


def aligned(
    doc: Doc, hits: Iterable[tuple[CharSpan, str]], origin: Origin, *, expand: bool
) -> tuple[list[Candidate], list[Misaligned]]:
    """Give hits in tokens. Of those that do not align, all are listed; with `expand` they are candidates as well."""
    found: list[Candidate] = []
    misaligned: list[Misaligned] = []
    for hit, by in hits:
        span = doc.char_span(hit.start, hit.end)
        if span is None:
            misaligned.append(Misaligned(hit.start, hit.end, hit.label, by))
            span = doc.char_span(hit.start, hit.end, alignment_mode="expand") if expand else None
        if span is not None:
            found.append(Candidate(span.start, span.end, hit.label, origin))
    return found, misaligned


def predicted(nlp: Language, texts: Iterable[Text]) -> Iterator[tuple[Text, list[Candidate]]]:
    """Yield each text with the entities that a pipeline finds in its tokens, whatever is annotated in it."""
    pairs = ((bare_copy(text.doc, nlp), text) for text in texts)
    for seen, text in nlp.pipe(pairs, as_tuples=True):
        yield text, [Candidate(ent.start, ent.end, ent.label_, Origin.pipeline, _confidence(ent)) for ent in seen.ents]


def bare_copy(doc: Doc, nlp: Language) -> Doc:
    """The tokens of a Doc without any annotation."""
    return Doc(nlp.vocab, words=[token.text for token in doc], spaces=[bool(token.whitespace_) for token in doc])


def uncertainty(kept: Iterable[Candidate]) -> float | None:
    """The least confidence of a text's entities, or None where none has any."""
    return min((one.confidence for one in kept if one.confidence is not None), default=None)


def _confidence(entity: Span) -> float | None:
    value = entity._.get(CONFIDENCE) if Span.has_extension(CONFIDENCE) else None
    return None if value is None else float(value)
