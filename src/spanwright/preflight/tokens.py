"""Entities that begin or end inside of a word of the pipeline's tokenizer: no component can learn or find them."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

import srsly
from catalogue import RegistryError
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import load_model_from_config
from thinc.api import ConfigValidationError

from spanwright.errors import Errors
from spanwright.preflight.corpora import CorpusError, read_docs
from spanwright.preflight.findings import Finding, error, warning
from spanwright.tokenizer import BY_RULES, default_tokenizer

SAMPLE = 2000  # Docs of a corpus
# fewer are what every tokenizer differs in, and training passes over them
TOLERATED = 0.02


def check_tokens(path: Path, nlp_config: Mapping[str, Any]) -> list[Finding]:
    """Find out whether the words of a corpus's entities are words of the pipeline.

    nlp_config: the section [nlp] of a filled config.
    """
    try:
        nlp = _tokenizing(nlp_config)
    except (ImportError, ValueError, RegistryError, ConfigValidationError) as reason:
        return [error(Errors.S066.format(reason=" ".join(str(reason).split())))]
    total, cut = 0, Counter[str]()
    example = ""
    try:
        for doc in islice(read_docs(path), SAMPLE):
            words = nlp.make_doc(doc.text)
            total += len(doc.ents)
            for entity in doc.ents:
                if words.char_span(entity.start_char, entity.end_char) is None:
                    cut[_boundary(words, entity)] += 1
                    example = example or f"'{entity.text}' in '{_around(words, entity)}'"
    except CorpusError:
        return []  # a finding of its own
    if cut.total() <= TOLERATED * total:
        return []
    # languages that are segmented in a way of their own have no such marks
    is_by_rules = default_tokenizer(nlp) == BY_RULES
    split = [mark for mark, _ in cut.most_common(5) if mark and is_by_rules]
    message, found = Errors.S065, {"path": path, "count": cut.total(), "total": total, "example": example}
    if split:
        message, found["split"] = Errors.S064, srsly.json_dumps(split)
    return [warning(message.format(**found))]


def _tokenizing(nlp_config: Mapping[str, Any]) -> Language:
    own = {key: nlp_config[key] for key in ("lang", "tokenizer") if key in nlp_config}
    nlp = load_model_from_config({"nlp": {**own, "pipeline": []}, "components": {}}, auto_fill=True)
    nlp.max_length = sys.maxsize
    return nlp


def _around(words: Doc, entity: Span) -> str:
    around = words.char_span(entity.start_char, entity.end_char, alignment_mode="expand")
    return around.text if around is not None else ""


def _boundary(words: Doc, entity: Span) -> str:
    """Return the mark at which the tokenizer would have to cut: the entity itself, or the character next to it; "" if letters."""
    around = _around(words, entity)
    offset = around.find(entity.text)
    beside = [entity.text, around[offset - 1 : offset], around[offset + len(entity.text) :][:1]]
    return next((mark for mark in beside if len(mark) == 1 and not mark.isalnum()), "")
