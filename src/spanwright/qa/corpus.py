"""`spanwright.QACorpus.v1`: a corpus of questions, each a Doc of its context."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spanwright.data.exporting.docs import read_docs
from spanwright.errors import Errors, SpanwrightError

EXTENSIONS = ("question", "question_id", "group")


def register_extensions() -> None:
    """Give every Doc `doc._.question`, `doc._.question_id` and `doc._.group`, as `scripts/convert.py` writes them."""
    for name in EXTENSIONS:
        if not Doc.has_extension(name):
            Doc.set_extension(name, default=None)


register_extensions()


def make_qa_corpus(path: Path | str | None, limit: int | None = None) -> Callable[[Language], Iterator[Example]]:
    """Build the reader `spanwright.QACorpus.v1`.

    path: a `.spacy` file, or a folder of them, that `scripts/convert.py --task qa` wrote.
    limit: how many questions to read. None or 0 = all.
    """

    def read(nlp: Language) -> Iterator[Example]:
        """Yield an Example for each question; the predicted Doc has its context, tokenised by `nlp`, and its question.

        Raises SpanwrightError where `path` is None or no corpus, and for a Doc without a question.
        """
        if path is None:
            raise SpanwrightError(Errors.S409)
        # questions about one context follow each other
        make_doc = lru_cache(maxsize=1)(nlp.make_doc)
        for number, reference in enumerate(islice(read_docs(Path(path), nlp.vocab), limit or None), start=1):
            if not (reference._.question or "").strip():
                raise SpanwrightError(Errors.S406.format(path=path, number=number))
            predicted = make_doc(reference.text).copy()
            for name in EXTENSIONS:
                predicted._.set(name, reference._.get(name))
            yield Example(predicted, reference)

    return read
