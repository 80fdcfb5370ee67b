"""Pictures of an answer: how well one would start and end at each token, and which part of the context it would be."""

from __future__ import annotations

import textwrap
from bisect import bisect_right
from collections.abc import Iterator
from html import escape
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from spanwright.errors import Errors, SpanwrightError
from spanwright.files import atomic_file
from spanwright.qa.answers import Answer, Candidate
from spanwright.types import Doubles1d, Ints1d, Singles1d

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FORMATS = ("pdf", "png", "svg")
TOKENS_DRAWN = 36
CANDIDATES_DRAWN = 10
TOKENS_IN_HTML = 300

_START, _END, _HEAT = "#2563c9", "#c2620a", "Oranges"
_STYLE: dict[Any, Any] = {
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "text.parse_math": False,  # a context may hold two dollar signs
    "text.usetex": False,
}


class TokenScores(NamedTuple):
    """How well an answer would start and end at each token, of its word pieces the best one: (tokens,), logits, NaN where no
    piece starts or ends. `heat`, from 0 to 1, is how probable it is that there is an answer and that it covers a token, were
    its start and end independent of each other.
    """

    starts: Doubles1d
    ends: Doubles1d
    heat: Doubles1d


def token_scores(answer: Answer) -> TokenScores:
    """Return the scores of the context's tokens."""
    token_starts = np.array([token.idx for token in answer.doc], dtype=np.int64)
    token_ends = np.array([token.idx + len(token) for token in answer.doc], dtype=np.int64)
    # the offsets of some tokenizers include the space before a word: the first token that ends later, the last that starts before
    first = np.searchsorted(token_ends, answer.offsets[:, 0], side="right")
    last = np.searchsorted(token_starts, answer.offsets[:, 1], side="left") - 1
    kept = first <= last
    starts, starting = _per_token(answer.start_scores[kept], first[kept], len(answer.doc))
    ends, ending = _per_token(answer.end_scores[kept], last[kept], len(answer.doc))
    covered = np.cumsum(starting) * np.cumsum(ending[::-1])[::-1]
    return TokenScores(starts, ends, (1 - answer.no_answer_score) * covered)


def neighbourhood(n_tokens: int, start: int, end: int, most: int) -> range:
    """Return at most `most` tokens with those from `start` to `end` (not included) in their middle; of more, the first."""
    before = max(most - (end - start), 0) // 2
    low = min(max(start - before, 0), max(n_tokens - most, 0))
    return range(low, min(low + most, n_tokens))


def plot_answer(answer: Answer, path: Path) -> None:
    """Write a picture: bars of the start and end scores, the candidates, and a heat strip of the tokens.

    It shows the 36 tokens around the best candidate and the ten best candidates, and says how many of each it leaves out.

    RAISES (SpanwrightError): matplotlib is not installed; a suffix other than .pdf, .png or .svg; a context without words.
    """
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError as error:
        raise SpanwrightError(Errors.S441) from error
    suffix = path.suffix.lower().removeprefix(".")
    if suffix not in FORMATS:
        allowed = ", ".join(f".{name}" for name in FORMATS)
        raise SpanwrightError(Errors.S442.format(path=path, found=path.suffix, allowed=allowed))
    if not answer.n_best:
        raise SpanwrightError(Errors.S443.format(path=path, question=answer.question))
    with rc_context(_STYLE), atomic_file(path) as partial:
        figure = Figure(layout="constrained")
        _draw(figure, answer)
        figure.savefig(partial, format=suffix, dpi=150)


def answer_html(answer: Answer) -> str:
    """Return a `<div>` for notebooks: the heat strip with the candidates marked, and a table of them; all text escaped.

    It needs no style sheet, and takes its text colour from the page. Of a long context it shows the 300 tokens around the best
    candidate, and says how many it leaves out.
    """
    shown = _shown(answer, TOKENS_IN_HTML)
    rows = "".join(
        f"<tr><td>{rank}</td><td style='text-align:left'>{escape(candidate.text)}</td><td>{candidate.score:.3f}</td>"
        f"<td>{candidate.start_char}–{candidate.end_char}</td></tr>"
        for rank, candidate in enumerate(answer.n_best, start=1)
    )
    header = "<tr><th></th><th style='text-align:left'>candidate</th><th>score</th><th>characters</th></tr>"
    table = f"<table style='color:inherit;border-spacing:1em 0'>{header}{rows}</table>" if rows else ""
    strip = "".join(_strip_html(answer, shown)) if shown else ""
    return (
        "<div style='line-height:1.7;max-width:60em;overflow-wrap:anywhere'>"
        f"<p><b>{escape(answer.question)}</b><br>{escape(_verdict(answer))}</p>"
        f"<p style='white-space:pre-wrap'>{strip}</p>"
        f"<p><small>{_shown_in_words(answer, shown)}</small></p>{table}</div>"
    )


def _per_token(scores: Singles1d, tokens: Ints1d, n_tokens: int) -> tuple[Doubles1d, Doubles1d]:
    """Return the highest score of each token's pieces and the sum of their probabilities."""
    highest, probability = np.full(n_tokens, -np.inf), np.zeros(n_tokens)
    np.maximum.at(highest, tokens, scores)
    exponents = np.exp(scores - np.max(scores, initial=-np.inf), dtype=np.float64)
    np.add.at(probability, tokens, exponents / exponents.sum())
    return np.where(np.isfinite(highest), highest, np.nan), probability


def _shown(answer: Answer, most: int) -> range:
    start, end = (answer.n_best[0].span.start, answer.n_best[0].span.end) if answer.n_best else (0, 0)
    return neighbourhood(len(answer.doc), start, end, most)


def _verdict(answer: Answer) -> str:
    if answer:
        return f"Answer: {_plain(answer.text, 80)} (score {answer.score:.3f}; no answer {answer.no_answer_score:.3f})"
    return f"No answer (score {answer.no_answer_score:.3f})"


def _shown_in_words(answer: Answer, shown: range) -> str:
    n_tokens = len(answer.doc)
    if len(shown) == n_tokens:
        return f"All {n_tokens:,} tokens of the context."
    return (
        f"Tokens {shown.start + 1:,} to {shown.stop:,} of the {n_tokens:,} of the context; left out: {shown.start:,} before, "
        f"{n_tokens - shown.stop:,} after."
    )


def _draw(figure: Figure, answer: Answer) -> None:
    shown, scores = _shown(answer, TOKENS_DRAWN), token_scores(answer)
    part = slice(shown.start, shown.stop)
    n_candidates = min(len(answer.n_best), CANDIDATES_DRAWN)
    figure.set_size_inches(max(1.5 + 0.3 * len(shown), 6.5), 4.6 + 0.2 * n_candidates)
    bars, lanes, strip = figure.subplots(3, 1, sharex=True, height_ratios=[2.6, 0.15 + 0.2 * n_candidates, 0.25])
    figure.suptitle(f"{textwrap.fill(_plain(answer.question, 300), 90)}\n{_verdict(answer)}")

    places = np.arange(shown.start, shown.stop)
    bars.bar(places - 0.2, scores.starts[part], 0.4, color=_START, label="start")
    bars.bar(places + 0.2, scores.ends[part], 0.4, color=_END, label="end")
    bars.axhline(0, color="black", linewidth=0.8)
    bars.set_ylabel("score (logit)")
    bars.legend(frameon=False, ncols=2, loc="upper right")
    bars.margins(y=0.15)
    for axes in (bars, lanes):
        axes.tick_params(bottom=False)

    _draw_candidates(lanes, answer, shown)
    strip.pcolormesh([*(places - 0.5), shown.stop - 0.5], [0, 1], scores.heat[None, part], cmap=_HEAT, vmin=0, vmax=1)
    strip.set_yticks([])
    strip.set_ylabel("covered", rotation=0, ha="right", va="center")
    labels = [_plain(answer.doc[i].text, 18) or "␣" for i in shown]
    strip.set_xticks(places, labels, rotation=60, ha="right", rotation_mode="anchor")
    strip.set_xlim(shown.start - 0.5, shown.stop - 0.5)
    strip.set_xlabel(_shown_in_words(answer, shown))


def _draw_candidates(axes: Axes, answer: Answer, shown: range) -> None:
    drawn = answer.n_best[:CANDIDATES_DRAWN]
    n_left_out = len(answer.n_best) - len(drawn)
    for rank, candidate in enumerate(drawn, start=1):
        start, end = max(candidate.span.start, shown.start), min(candidate.span.end, shown.stop)
        if start >= end:
            n_left_out += 1
            continue
        taken = bool(answer) and rank == 1
        axes.barh(rank, end - start, left=start - 0.5, height=0.7, color=_START if taken else "none", edgecolor=_START)
        near_the_edge = end > shown.stop - 3
        x = start - 0.7 if near_the_edge else end - 0.3
        axes.text(x, rank, f"{candidate.score:.3f}", va="center", ha="right" if near_the_edge else "left")
    axes.set_yticks(range(1, len(drawn) + 1))
    axes.set_ylim(len(drawn) + 0.6, 0.4)
    label = f"candidates\n({n_left_out} not shown)" if n_left_out else "candidates"
    axes.set_ylabel(label, rotation=0, ha="right", va="center")


def _strip_html(answer: Answer, shown: range) -> Iterator[str]:
    """Yield the tokens shown, cut where candidates start or end within one; the rank of each candidate stands after it."""
    scores, text = token_scores(answer), answer.doc.text
    token_starts = [answer.doc[i].idx for i in shown]
    stop = answer.doc[shown.stop - 1].idx + len(answer.doc[shown.stop - 1])
    edges = {edge for candidate in answer.n_best for edge in (candidate.start_char, candidate.end_char)}
    cuts = sorted({edge for edge in edges if token_starts[0] < edge < stop} | {*token_starts, stop})
    for start, end in pairwise(cuts):
        token = shown[bisect_right(token_starts, start) - 1]
        inside = [c for c in answer.n_best if c.start_char <= start < c.end_char]
        yield (
            f"<span style='background:rgba(255,140,0,{0.7 * scores.heat[token]:.2f}){_underline(answer, inside)}' "
            f"title='start {scores.starts[token]:.1f}, end {scores.ends[token]:.1f}'>"
            f"{escape(text[start:end])}</span>"
        )
        yield from (f"<sup>{rank}</sup>" for rank, c in enumerate(answer.n_best, start=1) if c.end_char == end)


def _underline(answer: Answer, inside: list[Candidate]) -> str:
    if not inside:
        return ""
    taken = bool(answer) and inside[0] is answer.n_best[0]
    return f";border-bottom:{'3px solid' if taken else '1px dashed'};font-weight:{'bold' if taken else 'normal'}"


def _plain(text: str, longest: int) -> str:
    """The text on one line, without control characters and overrides of its direction, cut where it is too long."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
