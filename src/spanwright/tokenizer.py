"""`spanwright.Tokenizer.v1`: spaCy's tokenizer for a language, with further characters that are words of their own."""

from __future__ import annotations

import re
from collections.abc import Callable

from spacy.language import Language, create_tokenizer
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex

from spanwright.errors import Errors, SpanwrightError

BY_RULES = "spacy.Tokenizer.v1"  # of words between spaces


def default_tokenizer(nlp: Language) -> str:
    """Return the name of the tokenizer that a language has where the config names none."""
    section = nlp.Defaults.config.get("nlp", {}).get("tokenizer", {})
    return section.get("@tokenizers", BY_RULES)


def make_tokenizer(split: list[str] = []) -> Callable[[Language], Tokenizer]:  # noqa: B006 -- spaCy's config needs the literal
    """Build the tokenizer `spanwright.Tokenizer.v1`.

    split: what is cut off at the beginning, at the end and inside of a word, such as "@" in tweets whose annotators marked names
        without it. What the language keeps whole (e-mail addresses, URLs) stays whole. Entities that begin or end inside of a
        word cannot be learnt.

    Raises SpanwrightError for an empty text, and for a language that is not cut at spaces.
    """
    if not all(split):
        raise SpanwrightError(Errors.S067.format(found=repr("")))
    own = [re.escape(text) for text in split]

    def make(nlp: Language) -> Tokenizer:
        if (default := default_tokenizer(nlp)) != BY_RULES:
            raise SpanwrightError(Errors.S068.format(lang=nlp.lang, own=default))
        tokenizer = create_tokenizer()(nlp)
        if own:
            defaults = nlp.Defaults
            tokenizer.prefix_search = compile_prefix_regex([*own, *(defaults.prefixes or [])]).search
            tokenizer.suffix_search = compile_suffix_regex([*own, *(defaults.suffixes or [])]).search
            tokenizer.infix_finditer = compile_infix_regex([*own, *(defaults.infixes or [])]).finditer
        return tokenizer

    return make
