"""Texts to what a DocBin holds: tokens from spaCy's tokenizer, with entities, categories, or questions and answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import srsly

from spanwright.data.checks import Finding, Findings
from spanwright.data.docbin import DocBinBuilder
from spanwright.data.ledger import Ledger
from spanwright.data.records import CategoryRecord, Checked, QuestionRecord, SpanRecord
from spanwright.data.spans import TokenSpan, align, split_tokens
from spanwright.errors import Errors, SpanwrightError

if TYPE_CHECKING:
    from spacy.tokens import Doc
    from spacy.vocab import Vocab

ANSWERS = "answers"


class TextAdder:
    """Adds records of text to a DocBin and accounts for their annotations."""

    def __init__(self, lang: str, findings: Findings, ledger: Ledger, *, alignment: str = "split") -> None:
        self._tokenizer, self._vocab = _tokenizer(lang)
        # questions about one context follow each other
        self._tokenise = lru_cache(maxsize=1)(self._split_text)
        self._findings = findings
        self._ledger = ledger
        self._alignment = alignment

    def add(self, checked: Checked, builder: DocBinBuilder) -> Checked:
        """Add a record, and return it with what alignment changed."""
        record = checked.record
        if isinstance(record, SpanRecord):
            return self._add_spans(record, checked, builder)
        if isinstance(record, CategoryRecord):
            words, spaces = self._tokenise(record.text)
            builder.add(words, spaces=spaces, cats=record.cats)
        elif isinstance(record, QuestionRecord):
            self._add_question(record, builder)
        return checked

    def _split_text(self, text: str) -> tuple[list[str], list[bool]]:
        doc = self._tokenizer(text)
        return [token.text for token in doc], [bool(token.whitespace_) for token in doc]

    def _add_spans(self, record: SpanRecord, checked: Checked, builder: DocBinBuilder) -> Checked:
        words, spaces = self._tokenise(record.text)
        if self._alignment == "split":
            words, spaces, offsets = self._split(record, words, spaces)
        else:
            words, spaces, offsets = split_tokens(words, spaces, ())
        spans = align(record, offsets, self._alignment, self._findings, self._ledger)
        builder.add(words, spaces=spaces, tags=_tags(spans, len(words)), cats=record.cats)
        # a span that was trimmed before and moved here was changed once
        changed = Counter(checked.changed_labels) | Counter(span.label for span in spans if span.changed)
        changed &= Counter(span.label for span in spans)
        fewer = len(spans) < len(record.spans)
        return Checked(record, checked.changed or fewer or bool(changed), tuple(changed.elements()))

    def _split(
        self, record: SpanRecord, words: Sequence[str], spaces: Sequence[bool]
    ) -> tuple[list[str], list[bool], list[tuple[int, int]]]:
        """Split tokens at the edges of spans, and report each span for which that had to be."""
        _, _, offsets = split_tokens(words, spaces, ())
        starts, ends = {start for start, _ in offsets}, {end for _, end in offsets}
        for span in record.spans:
            if span.start not in starts or span.end not in ends:
                found = f"{span.label} {span.start}-{span.end} {record.text[span.start : span.end][:60]!r}"
                repair = "split the token"
                finding = Finding("span-misaligned", record.file, record.line, found, repair, True, record.id)
                self._findings.add(finding)
        return split_tokens(words, spaces, [edge for span in record.spans for edge in (span.start, span.end)])

    def _add_question(self, record: QuestionRecord, builder: DocBinBuilder) -> None:
        from spacy.tokens import Doc, SpanGroup

        words, spaces = self._tokenise(record.context)
        edges = [edge for answer in record.answers for edge in (answer.start, answer.start + len(answer.text))]
        words, spaces, _ = split_tokens(words, spaces, edges)
        doc = Doc(self._vocab, words=words, spaces=spaces)
        spans = [doc.char_span(a.start, a.start + len(a.text), label=ANSWERS) for a in record.answers]
        doc.spans[ANSWERS] = SpanGroup(doc, name=ANSWERS, spans=spans)
        values = {"question": record.question, "question_id": record.id, "group": record.group}
        data: dict[Any, Any] = {("._.", name, None, None): value for name, value in values.items()}
        groups, packed = doc.spans.to_bytes(), srsly.msgpack_dumps(data)
        builder.add(words, spaces=spaces, span_groups=groups, strings=[ANSWERS], user_data=packed)


@lru_cache(maxsize=1)
def _tokenizer(lang: str) -> tuple[Callable[[str], Doc], Vocab]:
    """The tokenizer of a language, as `spacy.blank` makes it, without the factories and the imports of a pipeline."""
    from spacy.util import get_lang_class, registry
    from spacy.vocab import create_vocab

    try:
        language = get_lang_class(lang)
        vocab = create_vocab(lang, language.Defaults)
        config = {"tokenizer": language.default_config["nlp"]["tokenizer"]}
        create = registry.resolve(config)["tokenizer"]
        return create(SimpleNamespace(lang=lang, vocab=vocab, Defaults=language.Defaults)), vocab
    except ImportError as error:
        raise SpanwrightError(Errors.S115.format(lang=lang, reason=error)) from error


def _tags(spans: Sequence[TokenSpan], length: int) -> list[str]:
    tags = ["O"] * length
    for span in spans:
        tags[span.start] = f"B-{span.label}"
        tags[span.start + 1 : span.end] = [f"I-{span.label}"] * (span.end - span.start - 1)
    return tags
