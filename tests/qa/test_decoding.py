import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from transformers.data.metrics.squad_metrics import compute_predictions_logits
from transformers.data.processors.squad import _check_is_max_context

from spanwright.encoder.windows import Window
from spanwright.qa.decoding import WindowScores, decode, merge_pieces, score_spans
from spanwright.qa.windows import cut_context

CASES = [
    # pieces, room, overlap, longest answer, n_best, largest overlap of answers
    (1, 8, 2, 30, 1, 0.0),
    (7, 8, 2, None, 100, 1.0),
    (12, 12, 0, 4, 3, 0.0),
    (23, 8, 3, 5, 4, 0.0),
    (23, 8, 4, None, 5, 0.5),
    (40, 9, 4, 3, 1, 0.5),
    (40, 9, 0, 30, 200, 0.2),
    (61, 16, 8, 6, 7, 0.9),
]


def random_parts(n_pieces, *, room, overlap, seed, digits=None):
    """Scores of a context's windows; rounded to few digits, some spans have the same score."""
    rng = np.random.default_rng(seed)
    parts = []
    for window in cut_context(n_pieces, room=room, overlap=overlap):
        start_scores, end_scores = rng.normal(size=(2, window.end - window.start)).astype(np.float32) * 3
        if digits is not None:
            start_scores, end_scores = start_scores.round(digits), end_scores.round(digits)
        parts.append(WindowScores(window, start_scores, end_scores, float(rng.normal())))
    return parts


def all_spans(parts, is_blank, max_length, breaks):
    """Every span that may be an answer: its score, start and end."""
    spans = []
    for window, starting, ending, _ in parts:
        for start in range(window.owned_start, window.owned_end):
            for end in range(start + 1, min(start + (max_length or 10**6), window.end) + 1):
                if not (is_blank[start] or is_blank[end - 1] or any(start < cut < end for cut in breaks)):
                    spans.append((starting[start - window.start] + ending[end - 1 - window.start], start, end))
    return spans


def brute_force(parts, *, is_blank, max_length, n_best, max_overlap, temperature, breaks):
    spans = sorted(all_spans(parts, is_blank, max_length, breaks), key=lambda span: (-span[0], span[1:]))
    kept = []
    for score, start, end in spans:
        shared = [len(set(range(start, end)) & set(range(*other))) for _, *other in kept]
        shorter = [min(end - start, other_end - other_start) for _, other_start, other_end in kept]
        if len(kept) < n_best and all(s <= max_overlap * n for s, n in zip(shared, shorter, strict=True)):
            kept.append((score, start, end))
    null = min(part.null_score for part in parts)
    total = sum(np.exp(float(score) / temperature) for score, *_ in spans) + np.exp(null / temperature)
    chances = [np.exp(float(score) / temperature) / total for score, *_ in kept]
    return [span for _, *span in kept], chances, np.exp(null / temperature) / total


@pytest.mark.parametrize("n_breaks", [0, 3])
@pytest.mark.parametrize("digits", [None, 0])
@pytest.mark.parametrize(("n_pieces", "room", "overlap", "max_length", "n_best", "max_overlap"), CASES)
def test_decoding_equals_brute_force(n_pieces, room, overlap, max_length, n_best, max_overlap, digits, n_breaks):
    for seed in range(5):
        parts = random_parts(n_pieces, room=room, overlap=overlap, seed=seed, digits=digits)
        is_blank = np.random.default_rng(seed).random(n_pieces) < 0.2
        breaks = np.unique(np.random.default_rng(seed).integers(0, n_pieces, n_breaks))
        best = decode(
            score_spans(parts, is_blank=is_blank, max_length=max_length, breaks=breaks),
            n_best=n_best,
            max_overlap=max_overlap,
            temperature=1.7,
        )
        spans, chances, null = brute_force(
            parts,
            is_blank=is_blank,
            max_length=max_length,
            n_best=n_best,
            max_overlap=max_overlap,
            temperature=1.7,
            breaks=breaks,
        )
        assert np.stack([best.starts, best.ends], axis=1).tolist() == spans
        assert best.scores == pytest.approx(chances, rel=1e-4)
        assert best.no_answer_score == pytest.approx(null, rel=1e-4)


@pytest.mark.parametrize("n_best", [1, 5, 400])
@pytest.mark.parametrize("max_overlap", [0.0, 0.5, 1.0])
def test_spans_of_whole_units_equal_brute_force(n_best, max_overlap):
    for seed in range(5):
        parts = random_parts(20, room=12, overlap=5, seed=seed)
        rng = np.random.default_rng(seed)
        is_blank, units = rng.random(20) < 0.2, np.cumsum(rng.random(20) < 0.6)
        best = decode(
            score_spans(parts, is_blank=is_blank, max_length=6),
            n_best=n_best,
            max_overlap=max_overlap,
            temperature=1.7,
            units=units,
        )
        null = np.exp(min(part.null_score for part in parts) / 1.7)
        masses: dict[tuple[int, int], float] = {}
        for score, start, end in all_spans(parts, is_blank, 6, []):
            whole = np.flatnonzero((units >= units[start]) & (units <= units[end - 1]))
            key = (int(whole[0]), int(whole[-1]) + 1)
            masses[key] = masses.get(key, 0.0) + np.exp(float(score) / 1.7)
        kept: list[tuple[int, int]] = []
        for start, end in sorted(masses, key=lambda span: -masses[span]):
            shared = [min(end, e) - max(start, s) <= max_overlap * min(end - start, e - s) for s, e in kept]
            if len(kept) < n_best and all(shared):
                kept.append((start, end))
        assert list(zip(best.starts.tolist(), best.ends.tolist(), strict=True)) == kept
        total = sum(masses.values()) + null
        assert best.scores == pytest.approx([masses[span] / total for span in kept], rel=1e-4)
        assert best.no_answer_score == pytest.approx(null / total, rel=1e-4)


def test_no_probability_is_above_one():
    units = np.zeros(2, dtype=np.int64)
    for highest in np.linspace(0.1, 9.7, 50, dtype="float32"):
        scores = np.full(2, highest / 2)
        parts = [WindowScores(Window(0, 2, 0, 2), scores, scores, -1000.0)]
        spans = score_spans(parts, is_blank=np.zeros(2, dtype=bool), max_length=None)
        best = decode(spans, n_best=1, max_overlap=0.5, units=units)
        assert best.scores.tolist() == [pytest.approx(1.0)]
        assert best.scores[0] <= 1.0


def run_squad(parts, folder, *, n_best_size, max_answer_length):
    """The best span, as words, and how far its score lies above that of no answer, by transformers' version of run_squad.py."""
    words = [f"w{i}" for i in range(parts[-1].window.end)]
    cut = [SimpleNamespace(start=part.window.start, length=part.window.end - part.window.start) for part in parts]
    features, results = [], []
    for i, (window, starting, ending, null_score) in enumerate(parts):
        places = range(window.start, window.end)
        is_max_context = {place: _check_is_max_context(cut, i, place) for place in places}
        features.append(
            SimpleNamespace(
                example_index=0,
                unique_id=i,
                tokens=["[CLS]", *words[window.start : window.end]],
                token_to_orig_map=dict(enumerate(places, start=1)),
                token_is_max_context=dict(enumerate(is_max_context.values(), start=1)),
            )
        )
        first = [null_score / 2]
        logits = {"start_logits": [*first, *starting.tolist()], "end_logits": [*first, *ending.tolist()]}
        results.append(SimpleNamespace(unique_id=i, **logits))
    files = [str(folder / name) for name in ("predictions.json", "n_best.json", "odds.json")]
    compute_predictions_logits(
        [SimpleNamespace(qas_id="q", doc_tokens=words)],
        features,
        results,
        n_best_size,
        max_answer_length,
        do_lower_case=False,
        output_prediction_file=files[0],
        output_nbest_file=files[1],
        output_null_log_odds_file=files[2],
        verbose_logging=False,
        version_2_with_negative=True,
        null_score_diff_threshold=0.0,
        tokenizer=SimpleNamespace(convert_tokens_to_string=" ".join),
    )
    n_best, odds = (json.loads(Path(file).read_text("utf-8"))["q"] for file in files[1:])
    return next(row["text"] for row in n_best if row["text"]), -odds


@pytest.mark.parametrize("seed", range(20))
def test_decoding_equals_the_squad_scripts(seed, tmp_path):
    # overlap + size odd: no piece has as much context in two windows, where the scripts' choice is another
    parts = random_parts(50, room=17, overlap=8, seed=seed)
    spans = score_spans(parts, is_blank=np.zeros(50, dtype=bool), max_length=10)
    best = decode(spans, n_best=1, max_overlap=1.0)
    text, lead = run_squad(parts, tmp_path, n_best_size=20, max_answer_length=10)
    assert " ".join(f"w{i}" for i in range(best.starts[0], best.ends[0])) == text
    assert np.log(best.scores[0] / best.no_answer_score) == pytest.approx(lead, rel=1e-4)


def test_chances_of_all_spans_and_of_no_answer_sum_to_one():
    parts = random_parts(30, room=10, overlap=4, seed=0)
    best = decode(score_spans(parts, is_blank=np.zeros(30, dtype=bool), max_length=3), n_best=1000, max_overlap=1.0)
    assert len(best.starts) == 30 + 29 + 28
    assert best.scores.sum() + best.no_answer_score == pytest.approx(1.0)
    assert len(set(zip(best.starts.tolist(), best.ends.tolist(), strict=True))) == len(best.starts)


@pytest.mark.parametrize("is_blank", [np.zeros(0, dtype=bool), np.ones(3, dtype=bool)])
def test_without_words_there_is_no_answer(is_blank):
    parts = random_parts(len(is_blank), room=8, overlap=2, seed=0)
    best = decode(score_spans(parts, is_blank=is_blank, max_length=None), n_best=3, max_overlap=0.5)
    assert best.starts.tolist() == []
    assert best.no_answer_score == 1.0


def test_the_end_is_never_before_the_start_nor_in_another_window():
    parts = random_parts(24, room=8, overlap=0, seed=1)
    parts[0].start_scores[7] = 50.0  # the last piece of its window: nothing but itself can follow
    parts[0].end_scores[0] = parts[1].end_scores[0] = 50.0
    best = decode(score_spans(parts, is_blank=np.zeros(24, dtype=bool), max_length=None), n_best=2, max_overlap=0.0)
    assert (best.starts[0], best.ends[0]) == (7, 8)


def test_extreme_scores_stay_finite():
    parts = random_parts(5, room=8, overlap=0, seed=2)
    parts[0].start_scores[:] *= 1000
    best = decode(score_spans(parts, is_blank=np.zeros(5, dtype=bool), max_length=None), n_best=1, max_overlap=1.0)
    assert 0.0 <= best.no_answer_score < best.scores[0] <= 1.0


def test_each_piece_is_scored_where_it_has_most_context():
    parts = random_parts(20, room=10, overlap=4, seed=3)
    starts, ends = merge_pieces(parts)
    assert len(starts) == len(ends) == 20
    for piece in range(20):
        shown = [part for part in parts if part.window.start <= piece < part.window.end]
        widest = max(min(piece - p.window.start, p.window.end - 1 - piece) for p in shown)
        of_widest = [p.start_scores[piece - p.window.start] for p in shown
                     if min(piece - p.window.start, p.window.end - 1 - piece) == widest]  # fmt: skip
        assert starts[piece] in of_widest
    assert [len(scores) for scores in merge_pieces([])] == [0, 0]
