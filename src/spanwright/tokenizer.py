"""`spanwright.Tokenizer.v1`: spaCy's tokenizer for a language, with further characters that are words of their own."""

from __future__ import annotations

import re
from collections.abc import Callable

from spacy.language import Language, create_tokenizer
from spacy.tokenizer import Tokenizer
from spacy.util import compile_infix_regex, compile_prefix_regex, compile_suffix_regex


def make_tokenizer(split: list[str] = []) -> Callable[[Language], Tokenizer]:  # noqa: B006 -- spaCy's config needs the literal
    """Build the tokenizer `spanwright.Tokenizer.v1`.

    split: what is cut off wherever it stands at the beginning, at the end or inside of a word, such as "@" in tweets whose
        annotators marked names without it. Entities that begin or end inside of a word cannot be learnt.
    """
    own = [re.escape(text) for text in split]

    def make(nlp: Language) -> Tokenizer:
        tokenizer = create_tokenizer()(nlp)
        if own:
            defaults = nlp.Defaults
            tokenizer.prefix_search = compile_prefix_regex([*own, *(defaults.prefixes or [])]).search
            tokenizer.suffix_search = compile_suffix_regex([*own, *(defaults.suffixes or [])]).search
            tokenizer.infix_finditer = compile_infix_regex([*own, *(defaults.infixes or [])]).finditer
        return tokenizer

    return make
