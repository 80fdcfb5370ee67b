"""Corpora of the same texts, annotated for different things, as one corpus: what `scripts/merge.py` runs.

Documents are matched by their text. The first corpus that has a text gives its tokens. All corpora are held in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin, Span, SpanGroup

from spanwright.data.exporting.docs import has_entities, read_docs
from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file

# What a later corpus may say of tokens, and is not taken over from it
_OF_TOKENS = ("TAG", "POS", "MORPH", "LEMMA", "DEP", "SENT_START")
_SHOWN = 80


@dataclass
class Merged:
    """What became of the corpora. Texts stand for their documents, cut to 80 characters.

    inputs: documents by file. lacking: by file, texts that only others have. other_tokens: by file, texts whose tokens are not
    those of the first file. left_out: by file, what was not taken over, with the number of documents.
    """

    inputs: dict[str, int] = field(default_factory=dict)
    documents: int = 0
    lacking: dict[str, list[str]] = field(default_factory=dict)
    other_tokens: dict[str, list[str]] = field(default_factory=dict)
    left_out: dict[str, dict[str, int]] = field(default_factory=dict)


@dataclass
class _Refused:
    """What keeps corpora from being merged, each as the arguments of a message."""

    contradictions: list[dict[str, Any]] = field(default_factory=list)
    misplaced: list[dict[str, Any]] = field(default_factory=list)

    def check(self) -> None:
        for message, found in ((Errors.S191, self.contradictions), (Errors.S192, self.misplaced)):
            if found:
                raise SpanwrightError(message.format(count=len(found), **found[0]))


def merge(inputs: Sequence[Path], out: Path, *, force: bool = False) -> Merged:
    """Write the documents of all corpora to the `.spacy` file `out`, with what any of them says.

    What is returned goes beside it, to `NAME.merge.json`.

    Taken over are entities, categories, span groups and user data. A document that only some corpora have is written with
    what they say of it.

    RAISES (SpanwrightError): A text that stands twice in a corpus, a corpus that shares no text with those before it, two
        corpora that contradict each other, entities or spans that do not fit the tokens, and an output that stands already or
        has another ending.
    """
    if out.suffix != ".spacy":
        raise SpanwrightError(Errors.S142.format(path=out))
    report = out.with_suffix(".merge.json")
    for product in (out, report):
        if product.exists() and not force:
            raise SpanwrightError(Errors.S150.format(path=product))
    corpora = {str(path): _by_text(path) for path in inputs}
    result = Merged({path: len(docs) for path, docs in corpora.items()})
    docs = _merged(corpora, result)
    with atomic_file(out) as partial, atomic_file(report) as partial_report:
        DocBin(store_user_data=True, docs=docs).to_disk(partial)
        partial_report.write_text(json.dumps(asdict(result), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return result


def _by_text(corpus: Path) -> dict[str, Doc]:
    docs: dict[str, Doc] = {}
    repeated: list[str] = []
    for doc in read_docs(corpus):
        if docs.setdefault(doc.text, doc) is not doc:
            repeated.append(doc.text)
    if repeated:
        message = Errors.S190.format(path=corpus, count=len(repeated), text=_shown(repeated[0]))
        raise SpanwrightError(message)
    return docs


def _merged(corpora: dict[str, dict[str, Doc]], result: Merged) -> list[Doc]:
    """Merge the documents of `corpora`, which are by file and by text, in the order of the files."""
    merged: dict[str, Doc] = {}
    first_with: dict[str, str] = {}
    refused = _Refused()
    for path, docs in corpora.items():
        if merged and not merged.keys() & docs.keys():
            raise SpanwrightError(Errors.S193.format(path=path))
        for text, doc in docs.items():
            if text in merged:
                places = {"text": _shown(text), "one": first_with[text], "two": path}
                _add(merged[text], doc, result, refused, places)
            else:
                merged[text], first_with[text] = doc, path
    refused.check()
    for path, docs in corpora.items():
        if lacking := [_shown(text) for text in merged if text not in docs]:
            result.lacking[path] = lacking
    result.documents = len(merged)
    return list(merged.values())


def _add(target: Doc, source: Doc, result: Merged, refused: _Refused, places: dict[str, str]) -> None:
    """Take over into a Doc what another of the same text says."""
    path = places["two"]
    same_tokens = [token.text for token in target] == [token.text for token in source]
    if not same_tokens:
        result.other_tokens.setdefault(path, []).append(places["text"])
    contradictions = [label for label, value in source.cats.items() if target.cats.get(label, value) != value]
    target.cats.update(source.cats)
    if has_entities(source) and not _take_entities(target, source, refused, places):
        contradictions.append("its entities")
    left_out = _attributes_left_out(target, source, same_tokens)
    if not _links(source.ents) <= _links(target.ents):
        left_out.append("links of entities")
    for key, group in source.spans.items():
        if not _take_group(target, key, group, refused, places):
            contradictions.append(f"its spans '{key}'")
        elif not _links(group) <= _links(target.spans[key]):
            left_out.append(f"links of spans '{key}'")
    refused.contradictions += [{"what": what, **places} for what in contradictions]
    if any(target.user_data.get(key, value) != value for key, value in source.user_data.items()):
        left_out.append("user data")
    target.user_data.update({**source.user_data, **target.user_data})
    for what in left_out:
        counts = result.left_out.setdefault(path, {})
        counts[what] = counts.get(what, 0) + 1


def _take_entities(target: Doc, source: Doc, refused: _Refused, places: dict[str, str]) -> bool:
    """Take over entities, and say whether that contradicts nothing."""
    if has_entities(target):
        return _entities(target) == _entities(source)
    spans = _placed(target, source.ents, refused, places)
    unknown = [source[token.i : token.i + 1] for token in source if not token.ent_iob]
    target.set_ents(spans, missing=_placed(target, unknown, refused, places))
    return True


def _take_group(target: Doc, key: str, group: SpanGroup, refused: _Refused, places: dict[str, str]) -> bool:
    """Take over a span group, and say whether that contradicts nothing."""
    if key in target.spans:
        return sorted(map(_offsets, target.spans[key])) == sorted(map(_offsets, group))
    spans = _placed(target, group, refused, places)
    target.spans[key] = SpanGroup(target, name=key, attrs=dict(group.attrs), spans=spans)
    return True


def _placed(target: Doc, spans: Sequence[Span], refused: _Refused, places: dict[str, str]) -> list[Span]:
    """The same spans on the tokens of another Doc."""
    placed = []
    for span in spans:
        label, kb_id, span_id = span.label_, span.kb_id_, span.id_
        found = target.char_span(span.start_char, span.end_char, label=label, kb_id=kb_id, span_id=span_id)
        if found is None:
            refused.misplaced.append({"span": span.text, **places})
        else:
            placed.append(found)
    return placed


def _entities(doc: Doc) -> tuple[set[tuple[int, int, str]], list[int]]:
    """Entities, and where it is not said whether there is one."""
    return {_offsets(entity) for entity in doc.ents}, [token.idx for token in doc if not token.ent_iob]


def _offsets(span: Span) -> tuple[int, int, str]:
    return span.start_char, span.end_char, span.label_


def _links(spans: Iterable[Span]) -> set[tuple[int, int, str, str, str]]:
    """What spans name: an entry in a knowledge base, or the id of a rule."""
    return {(*_offsets(span), span.kb_id_, span.id_) for span in spans if span.kb_id_ or span.id_}


def _attributes_left_out(target: Doc, source: Doc, same_tokens: bool) -> list[str]:
    """What is said of the tokens of a Doc, and not alike of another's."""
    return [
        attribute
        for attribute in _OF_TOKENS
        if source.has_annotation(attribute)
        and not (same_tokens and (source.to_array(attribute) == target.to_array(attribute)).all())
    ]


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
