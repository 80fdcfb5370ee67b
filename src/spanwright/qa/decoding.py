"""From start and end scores to the best answers: pure functions over arrays."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from spanwright.encoder.windows import Window
from spanwright.types import Bools1d, Doubles1d, Ints1d, Singles1d, Singles2d

NO_BREAKS = np.zeros(0, dtype=np.int64)
FIRST_LOOK = 32  # how many of the best spans are sorted at first


class WindowScores(NamedTuple):
    """The scores of one window."""

    window: Window
    start_scores: Singles1d  # (pieces of the context in the window,)
    end_scores: Singles1d  # (pieces of the context in the window,)
    null_score: float  # of the answer that starts and ends on the first piece, which means that there is none


class Best(NamedTuple):
    """The best answers to a question, the best first."""

    starts: Ints1d  # (n_best,), pieces of the context
    ends: Ints1d  # (n_best,), the piece after the last
    scores: Doubles1d  # (n_best,), probabilities
    no_answer_score: float  # probability


class SpanScores(NamedTuple):
    """The scores of all spans that may be answers; `band[i, k]` is the span of k + 1 pieces from `starts[i]` on."""

    band: Singles2d  # (starts, lengths), -inf where there is no such span
    starts: Ints1d  # (starts,), pieces of the context, ascending where the band is not -inf
    null_score: float


NOTHING = Best(np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0), 1.0)


def score_spans(
    parts: Sequence[WindowScores],
    *,
    is_blank: Bools1d,
    max_length: int | None,
    breaks: Ints1d = NO_BREAKS,
) -> SpanScores | None:
    """Score every span: the sum of its start's and its end's score, both from the window that owns the start.

    So a span lies within a window, each is scored once, and of windows that overlap the one counts that shows most
    context around the start. The null score is the smallest of all windows: one that sees an answer suffices. Both
    rules are those of BERT's `run_squad.py` (Devlin et al., 2018), save that it drops spans whose start or end is not
    among the 20 best.
    is_blank: (pieces,), where answers neither start nor end.
    max_length: in pieces. None = no limit.
    breaks: the pieces that something was left out before; no span reaches across.

    Returns None where there are no windows.
    """
    if not parts:
        return None
    longest = max(part.window.end - part.window.start for part in parts)
    n_lengths = min(max_length or longest, longest)
    # without room between them, spans would reach from one window into the next, or over what was left out
    gap = np.full(n_lengths - 1, -np.inf, dtype=np.float32)
    starts, start_scores, end_scores = [], [], []
    for window, starting, ending, _ in parts:
        positions = np.arange(window.start, window.end)
        blank = is_blank[window.start : window.end]
        is_owned = (positions >= window.owned_start) & (positions < window.owned_end)
        starting = np.where(is_owned & ~blank, starting, np.float32(-np.inf))
        ending = np.where(blank, np.float32(-np.inf), ending)
        inside = breaks[(breaks > window.start) & (breaks < window.end)] - window.start
        for first, end in pairwise([0, *inside.tolist(), len(positions)]):
            starts += [positions[first:end], np.full(len(gap), window.end)]
            start_scores += [starting[first:end], gap]
            end_scores += [ending[first:end], gap]
    ends = np.lib.stride_tricks.sliding_window_view(np.concatenate(end_scores), n_lengths)
    band = np.concatenate(start_scores)[: len(ends), None] + ends
    null_score = min(part.null_score for part in parts)
    return SpanScores(band, np.concatenate(starts)[: len(ends)], null_score)


def decode(
    spans: SpanScores | None, *, n_best: int, max_overlap: float, temperature: float = 1.0, units: Ints1d | None = None
) -> Best:
    """Return the best spans of which no two overlap too much: each has at most the share `max_overlap` of the shorter one's
    pieces in common with any better one. Spans of the same score are taken from left to right, the shorter first.

    temperature: divides the scores before they become probabilities, of all spans and of there being no answer.
    units: (pieces,), ascending numbers of what is only given as a whole, such as a token; spans are widened to whole units,
        and what becomes the same span has the sum of the probabilities. None = each piece is a unit.
    """
    if spans is None or not np.isfinite(spans.band).any():
        return NOTHING
    highest = max(float(spans.band.max()), spans.null_score)
    null = np.exp((spans.null_score - highest) / temperature)
    total = np.exp((spans.band - highest) / temperature).sum(dtype=np.float64) + null
    scores, starts, ends = _flatten(spans)
    if units is not None:
        scores, starts, ends = _widen(scores, starts, ends, units, temperature)
    n_spans = int(np.isfinite(scores).sum())
    n_sorted = min(n_spans, FIRST_LOOK * n_best)
    while True:
        lowest = np.partition(scores, -n_sorted)[-n_sorted]
        candidates = np.flatnonzero(scores >= lowest)
        candidates = candidates[np.argsort(-scores[candidates], kind="stable")]
        kept = candidates[_without_overlaps(starts[candidates], ends[candidates], n_best, max_overlap)]
        if len(kept) == n_best or n_sorted == n_spans:
            break
        n_sorted = min(n_spans, 8 * n_sorted)
    probabilities = np.exp((scores[kept].astype(np.float64) - highest) / temperature) / total
    # the sums of widened spans have been rounded
    return Best(starts[kept], ends[kept], np.minimum(probabilities, 1.0), float(null / total))


def _flatten(spans: SpanScores) -> tuple[Singles1d | Doubles1d, Ints1d, Ints1d]:
    """Return the score, the first piece and the piece after the last of every place in the band (spans,)."""
    n_lengths = spans.band.shape[1]
    starts = np.repeat(spans.starts, n_lengths)
    return spans.band.ravel(), starts, starts + np.tile(np.arange(1, n_lengths + 1), len(spans.starts))


def _widen(
    scores: Singles1d | Doubles1d, starts: Ints1d, ends: Ints1d, units: Ints1d, temperature: float
) -> tuple[Singles1d | Doubles1d, Ints1d, Ints1d]:
    """Widen spans to whole units and add up, in effect, the probabilities of those that become the same."""
    is_span = np.isfinite(scores)
    first = np.searchsorted(units, units[starts[is_span]], side="left")
    end = np.searchsorted(units, units[ends[is_span] - 1], side="right")
    (starts, ends), where = np.unique(np.stack([first, end]), axis=1, return_inverse=True)
    highest = scores.max()
    masses = np.bincount(where.ravel(), np.exp((scores[is_span] - highest) / temperature))
    with np.errstate(divide="ignore"):  # chances too small for a number are none
        return np.log(masses) * temperature + highest, starts, ends


def merge_pieces(parts: Sequence[WindowScores]) -> tuple[Singles1d, Singles1d]:
    """Return the start and end score of every piece of the context, each from the window that owns it."""
    nothing = np.zeros(0, dtype=np.float32)
    slices = [slice(w.owned_start - w.start, w.owned_end - w.start) for w, *_ in parts]
    starts = [part.start_scores[owned] for part, owned in zip(parts, slices, strict=True)]
    ends = [part.end_scores[owned] for part, owned in zip(parts, slices, strict=True)]
    return np.concatenate([nothing, *starts]), np.concatenate([nothing, *ends])


def _without_overlaps(starts: Ints1d, ends: Ints1d, n_best: int, max_overlap: float) -> list[int]:
    kept: list[tuple[int, int, int]] = []
    for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        if all(
            min(end, other_end) - max(start, other_start) <= max_overlap * min(end - start, other_end - other_start)
            for _, other_start, other_end in kept
        ):
            kept.append((i, start, end))
            if len(kept) == n_best:
                break
    return [i for i, _, _ in kept]
