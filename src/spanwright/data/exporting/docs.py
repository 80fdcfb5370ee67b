"""Docs of a corpus, read one shard at a time, and what is annotated in them."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from spacy.tokens import Doc, DocBin, Span
from spacy.vocab import Vocab

from spanwright.data.texts import ANSWERS
from spanwright.errors import Errors, SpanwrightError

META = "meta"  # the key in doc.user_data of where a text comes from, and how sure its annotations are


def read_docs(corpus: Path, vocab: Vocab | None = None) -> Iterator[Doc]:
    """Yield the Docs of a `.spacy` file, or of the shards in a folder in the order of their names.

    RAISES (SpanwrightError): A path that is neither, or a file that is no DocBin.
    """
    if not corpus.exists():
        raise SpanwrightError(Errors.S001.format(path=corpus))
    shards = sorted(corpus.rglob("*.spacy")) if corpus.is_dir() else [corpus]
    if not shards or shards[0].suffix != ".spacy":
        raise SpanwrightError(Errors.S027.format(path=corpus))
    vocab = Vocab() if vocab is None else vocab  # one without words is falsy
    for shard in shards:
        yield from _docs_of(shard, vocab)


def _docs_of(shard: Path, vocab: Vocab) -> Iterator[Doc]:
    try:
        yield from DocBin().from_disk(shard).get_docs(vocab)
    # a file that is no DocBin fails wherever its bytes first make no sense
    except (OSError, ValueError, LookupError, TypeError, zlib.error) as error:
        raise SpanwrightError(Errors.S028.format(path=shard, reason=error)) from error


def has_entities(doc: Doc) -> bool:
    """Whether entities are annotated, be it that there are none."""
    return bool(doc.has_annotation("ENT_IOB"))


def question_of(doc: Doc, name: str = "question") -> Any:
    """What a Doc of a context says about its question: `question`, `question_id` or `group`; None where it has none."""
    return doc.user_data.get(("._.", name, None, None))


def tasks_of(doc: Doc) -> set[str]:
    """The tasks that a Doc is annotated for."""
    found = {"ner": has_entities(doc), "textcat": bool(doc.cats), "qa": question_of(doc) is not None}
    return {task for task, holds in found.items() if holds}


def answers_of(doc: Doc) -> list[tuple[str, int]]:
    """The answers to the question of a Doc, each with its offset in characters."""
    return [(span.text, span.start_char) for span in answer_spans(doc)]


def answer_spans(doc: Doc) -> list[Span]:
    """The spans of these answers. Beside them, answers to a component's own questions may lie, under other labels."""
    return [span for span in doc.spans.get(ANSWERS, []) if span.label_ in (ANSWERS, "")]
