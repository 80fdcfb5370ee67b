"""Power laws through points: exact ones are found, noisy ones leave honest intervals."""

from __future__ import annotations

import numpy as np
import pytest

from spanwright.evaluation import power_law
from spanwright.evaluation.power_law import EXPONENTS, fit_curves, resample

SHARES = np.array([0.1, 0.25, 0.5, 0.75, 1.0])
ENDS = np.array([1.0, 2.0])


@pytest.mark.parametrize("exponent", EXPONENTS[[5, 30, 50]])
@pytest.mark.parametrize("scale", [0.02, -0.02, 0.0])
def test_an_exact_curve_is_found(exponent: float, scale: float) -> None:
    scores = 0.8 - scale * SHARES**-exponent
    fit = fit_curves(SHARES, scores[None])
    assert fit.at(SHARES)[0] == pytest.approx(scores)
    assert fit.at(np.array([2.0]))[0, 0] == pytest.approx(0.8 - scale * 2**-exponent, abs=1e-6)


def test_rows_are_fitted_on_their_own() -> None:
    scores = np.stack([0.8 - 0.1 * SHARES**-0.5, 0.9 - 0.05 * SHARES**-1.0])
    both = fit_curves(SHARES, scores)
    for row in range(2):
        for parameter, alone in zip(both, fit_curves(SHARES, scores[[row]]), strict=True):
            assert parameter[row] == pytest.approx(alone[0])


def test_no_curve_rises_above_one() -> None:
    fit = fit_curves(SHARES, (0.2 + 0.8 * SHARES)[None])  # a straight line would go on to 1.8
    assert fit.ceiling[0] <= 1.0
    assert fit.at(np.array([100.0]))[0, 0] <= 1.0


@pytest.mark.parametrize("n_seeds", [1, 3])
def test_intervals_hold_the_truth_as_often_as_they_say(n_seeds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(power_law, "N_SAMPLES", 200)
    shares, rng = np.repeat(SHARES, n_seeds), np.random.default_rng(0)
    hits, n_trials, truth = 0, 40, 0.1 * (1 - 2**-0.5)
    for seed in range(n_trials):
        scores = 0.9 - 0.1 * shares**-0.5 + rng.normal(0, 0.01, len(shares))
        samples = resample(fit_curves(shares, scores[None]), shares, scores, seed=seed)
        low, high = np.percentile(np.diff(samples.at(ENDS)), (2.5, 97.5))
        hits += low <= truth <= high
    assert hits >= 0.85 * n_trials
