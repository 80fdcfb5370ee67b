"""Which sentences of a context are read for a question: those that share the rarest words with it.

Most questions are answered by one or two sentences, and reading no others is quicker (Min et al., "Efficient and robust question
answering from minimal context over documents", 2018). Their selector is a trained model; this one counts words.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spanwright.qa.gold import find_pieces
from spanwright.qa.last_used import LastUsed
from spanwright.qa.windows import Context
from spanwright.types import Ints1d

LONGEST_SENTENCE = 64  # pieces; longer ones are cut
STEM = 5  # characters of a word that must agree
LARGEST_CACHE = 1 << 18  # in pieces, of about 175 bytes
# scripts that write no spaces between words, and Korean, which joins endings to short ones
UNSPACED = r"\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff"
WORD = re.compile(rf"([{UNSPACED}]+)|([^\W{UNSPACED}]+)")
SENTENCE_END = re.compile(r"[.!?\u2026][\"'\u201d\u2019)\]]*(?=\s)|[\u3002\uff01\uff1f]|\n")
# an initial, or a short title as in "Dr. Smith": no end, though a capital follows
ABBREVIATION = re.compile(r"\b(?:[A-Z][a-z]{0,2}|[A-Z](?:\.[A-Z])+)\.\Z")
LONGEST_ABBREVIATION = 10  # characters


class Sentences(NamedTuple):
    """The sentences of a context, without gaps."""

    bounds: Ints1d  # (sentences + 1,), pieces
    with_stem: dict[str, list[int]]  # by the beginning of a word, the sentences that have it


class Selector:
    """Shortens contexts for questions, and keeps the sentences of those used last."""

    def __init__(self) -> None:
        self._sentences: LastUsed[str, Sentences] = LastUsed(
            limit=LARGEST_CACHE, size=lambda _, sentences: int(sentences.bounds[-1])
        )

    def __call__(
        self,
        questions: Sequence[str],
        texts: Sequence[str],
        contexts: Sequence[Context],
        *,
        most: int,
        needed: Sequence[list[tuple[int, int]]] | None = None,
    ) -> list[Context]:
        """Return of each context the sentences to read for its question, in their order: `most` pieces or fewer, unless one
        sentence has more, and those that `needed` names, in characters, whatever their length.
        """
        context_of = dict(zip(texts, contexts, strict=True))
        long = [text for text, context in context_of.items() if len(context.ids) > most]
        sentences = self._sentences(long, lambda new: [cut_sentences(text, context_of[text]) for text in new])
        spans = needed or [[]] * len(texts)
        shortened = []
        for question, text, context, span in zip(questions, texts, contexts, spans, strict=True):
            if text in sentences:
                chosen = choose(question, sentences[text], context, most=most, needed=span)
                context = shorten(context, sentences[text], chosen)
            shortened.append(context)
        return shortened


def draw_pieces(context_pieces: int) -> int:
    """Draw how many pieces of each context a batch reads in training: from half of `context_pieces` to twice as many, so that
    later epochs show a question among other sentences, and less is learnt by heart.
    """
    return random.randint(-(-context_pieces // 2), 2 * context_pieces)


def cut_sentences(text: str, context: Context) -> Sentences:
    """Cut a text at the ends of its sentences and lines."""
    starts = np.searchsorted(context.offsets[:, 0], list(_sentence_ends(text)), side="left")
    whole = np.unique([0, *starts, len(context.ids)]).tolist()
    bounds = [0]
    for start, end in pairwise(whole):
        parts = -(-(end - start) // LONGEST_SENTENCE)
        bounds += [start + (end - start) * part // parts for part in range(1, parts + 1)]
    with_stem: dict[str, list[int]] = {}
    for number, (start, end) in enumerate(pairwise(bounds)):
        characters = context.offsets[start, 0], context.offsets[end - 1, 1]
        for stem in stems(text[slice(*characters)]):
            with_stem.setdefault(stem, []).append(number)
    return Sentences(np.array(bounds), with_stem)


def _sentence_ends(text: str) -> Iterator[int]:
    for match in SENTENCE_END.finditer(text):
        end = match.end()
        is_short = ABBREVIATION.search(text, max(0, end - LONGEST_ABBREVIATION), end)
        before_small = text[end : end + 50].lstrip()[:1].islower()  # as after many a longer abbreviation
        if not (is_short or before_small):
            yield end


def stems(text: str) -> set[str]:
    """Return the beginnings of a text's words, in lower case; where words stand without spaces, all pairs of characters."""
    found: set[str] = set()
    for unspaced, word in WORD.findall(text):
        found.update(map("".join, pairwise(unspaced)) if len(unspaced) > 1 else [unspaced or word[:STEM].lower()])
    return found


def choose(
    question: str, sentences: Sentences, context: Context, *, most: int, needed: Sequence[tuple[int, int]]
) -> list[int]:
    """Return the numbers of the sentences to read, ascending.

    A sentence weighs what the words weigh that it shares with the question, and these by how few sentences they are in.
    """
    n_sentences = len(sentences.bounds) - 1
    weights = np.zeros(n_sentences)
    for stem in stems(question):
        if numbers := sentences.with_stem.get(stem):
            weights[numbers] += math.log((n_sentences + 1) / (len(numbers) + 0.5))
    chosen: set[int] = set()
    for first, last in find_pieces(context.offsets, needed).tolist():
        start, end = np.searchsorted(sentences.bounds, (first, last), side="right")
        chosen.update(range(start - 1, end))
    lengths = np.diff(sentences.bounds)
    free = most - int(lengths[list(chosen)].sum())
    for number in np.argsort(-weights, kind="stable").tolist():
        if number not in chosen and (lengths[number] <= free or not chosen):
            chosen.add(number)
            free -= int(lengths[number])
    return sorted(chosen)


def shorten(context: Context, sentences: Sentences, chosen: Sequence[int]) -> Context:
    """Return the chosen sentences of a context, which says where something was left out between them."""
    ranges = [np.arange(sentences.bounds[i], sentences.bounds[i + 1]) for i in chosen]
    pieces = np.concatenate(ranges)
    breaks = np.flatnonzero(np.diff(pieces) > 1) + 1
    return Context(context.ids[pieces], context.offsets[pieces], context.is_blank[pieces], breaks)
