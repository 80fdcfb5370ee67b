"""Texts to annotate: a text a line, a text a file, JSON, or the Docs of a corpus."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from spacy.language import Language
from spacy.tokens import Doc

from spanwright.data.checks import KINDS, Findings
from spanwright.data.exporting.docs import META, read_docs
from spanwright.data.ledger import Ledger
from spanwright.data.offsets import UnitEvidence, inside_characters, to_characters
from spanwright.data.readers.jsons import MAX_RECORD_LENGTH
from spanwright.data.readers.shape import Shape
from spanwright.data.readers.texts import Located, json_shapes
from spanwright.data.records import CharSpan, SpanRecord
from spanwright.data.sources import Source
from spanwright.data.spans import check_spans, check_text, split_tokens
from spanwright.errors import Errors, SpanwrightError


class Text(NamedTuple):
    """A Doc to annotate, where it comes from, and the spans that its source has already.

    `left_out` counts what else the source has, by reason, and `moved` the spans whose offsets did not count characters.
    """

    doc: Doc
    place: str
    spans: Sequence[CharSpan]
    left_out: Mapping[str, int]
    moved: int = 0


def read_texts(paths: Iterable[Path], nlp: Language, *, per_file: bool = False) -> Iterator[Text]:
    """Yield the texts of files, tokenised where they are not. Blank lines, and texts of white space, are none.

    per_file (bool): Take a `.txt` file for one text rather than each of its lines.
    RAISES (SpanwrightError): A file that cannot be read, or that has no texts.
    """
    for path in paths:
        empty = True
        for text in _texts_of(path, nlp, per_file=per_file):
            if text.doc.text.strip():
                empty = False
                yield text
        if empty:
            raise SpanwrightError(Errors.S165.format(file=path))


def _texts_of(path: Path, nlp: Language, *, per_file: bool) -> Iterator[Text]:
    name = path.name.lower().removesuffix(".gz")
    if path.is_dir() or name.endswith(".spacy"):
        for number, doc in enumerate(read_docs(path, nlp.vocab), start=1):
            given = [CharSpan(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]
            yield Text(_located(doc, f"{path}: document {number}"), f"{path}: document {number}", given, {})
        return
    source = Source(path)
    if name.endswith((".json", ".jsonl")):
        unit = _unit_of(source)
        for located in json_shapes(source):
            yield _from_json(located, nlp, unit)
    elif not name.endswith(".txt"):
        raise SpanwrightError(Errors.S165.format(file=path))
    elif per_file:
        yield Text(_located(nlp.make_doc("".join(source.texts())), f"{path}"), f"{path}", [], {})
    else:
        lines = (line for batch in source.batches(MAX_RECORD_LENGTH) for line in batch)
        for number, line in enumerate(lines, start=1):
            yield Text(_located(nlp.make_doc(line), f"{path}:{number}"), f"{path}:{number}", [], {})


def _unit_of(source: Source) -> str:
    """The unit that the offsets of a JSON file count, if not characters.

    RAISES (SpanwrightError): Offsets that seem to count another unit, but not for certain.
    """
    evidence = UnitEvidence()
    for located in json_shapes(source):
        evidence.add(located.shape.text, located.shape.spans or ())
    if evidence.unit and not evidence.certain:
        raise SpanwrightError(Errors.S143.format(place=source.name, found=f"offsets may count {evidence.unit}"))
    return evidence.unit


def _from_json(located: Located, nlp: Language, unit: str) -> Text:
    """A record of JSON; where a span of it begins or ends inside a token, the token is split, as in converting.

    RAISES (SpanwrightError): A span that `--strict` refuses in converting.
    """
    shape, place = located.shape, f"{located.file}:{located.line}"
    check_text(shape.text, located.file, located.line, shape.id, Findings())
    given = () if shape.rejected else tuple(shape.spans or ())
    placed = tuple(to_characters(shape.text, given, unit)) if unit else given
    findings = Findings()
    record = SpanRecord(located.file, located.line, shape.text, placed, shape.id)
    spans = cast(SpanRecord, check_spans(record, findings, Ledger()).record).spans
    refused = [f"{code}: {found[0].found}" for code, found in findings.examples.items() if KINDS[code].strict]
    if unit and (cut := inside_characters(shape.text, given, unit)):
        refused.append(f"{cut[0].label} {cut[0].start}-{cut[0].end} cuts a character")
    if refused:
        raise SpanwrightError(Errors.S143.format(place=place, found=refused[0]))
    doc = nlp.make_doc(shape.text)
    if spans:
        words, spaces = [token.text for token in doc], [bool(token.whitespace_) for token in doc]
        words, spaces, _ = split_tokens(words, spaces, [edge for span in spans for edge in (span.start, span.end)])
        doc = Doc(nlp.vocab, words=words, spaces=spaces)
    doc.cats = {} if shape.rejected else dict(shape.cats or {})
    moved = sum(one != other for one, other in zip(given, placed, strict=True))
    return Text(_located(doc, place, shape.id), place, spans, _left_out(shape), moved)


def _left_out(shape: Shape) -> dict[str, int]:
    """Count the annotations of a record that are not taken over."""
    return {
        "annotations of rejected records": len([*(shape.spans or ()), *(shape.cats or ())]) if shape.rejected else 0,
        "annotations by others than the one annotator who is read": len(shape.others),
        "kinds of annotations that are neither entities nor categories": len(shape.unread),
    }


def _located(doc: Doc, place: str, id: str = "") -> Doc:
    """Note where a Doc comes from, unless that is known from before."""
    known = {"source": place, **({"id": id} if id else {})}
    doc.user_data[META] = {**known, **doc.user_data.get(META, {})}
    return doc
