"""Bootstrap intervals and approximate randomisation."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from spanwright.evaluation.measures import add_intervals, label_measures, share, values
from spanwright.evaluation.significance import bootstrap, compare, interval, swap


def mean(sums: np.ndarray) -> np.ndarray:
    return share(sums, column=0, of=1)


def answers(*right: int) -> np.ndarray:
    """Amounts (documents, 2): right, and 1."""
    return np.array([[value, 1] for value in right], dtype=float)


def test_bootstrap_draws_as_many_documents_with_replacement() -> None:
    rng = np.random.default_rng(1)
    amounts = answers(*rng.integers(2, size=400))
    sums = bootstrap(amounts, resamples=4000, seed=3)
    assert sums.shape == (4000, 2)
    assert (sums[:, 1] == 400).all()
    share_right = amounts[:, 0].mean()
    assert mean(sums).mean() == pytest.approx(share_right, abs=0.003)
    assert mean(sums).std() == pytest.approx(np.sqrt(share_right * (1 - share_right) / 400), rel=0.05)


def test_bootstrap_is_seeded_and_bounded_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    amounts = answers(1, 0, 1, 1, 0)
    sums = bootstrap(amounts, resamples=50, seed=1)
    assert (sums == bootstrap(amounts, resamples=50, seed=1)).all()
    assert (sums != bootstrap(amounts, resamples=50, seed=2)).any()
    monkeypatch.setattr("spanwright.evaluation.significance._AT_ONCE", 7)
    assert (sums == bootstrap(amounts, resamples=50, seed=1)).all()


def test_interval_is_the_middle_and_passes_over_what_is_not_known() -> None:
    assert interval(np.arange(101.0), level=0.9) == pytest.approx((5, 95))
    assert interval(np.array([np.nan, 2.0, np.nan])) == (2.0, 2.0)
    assert interval(np.array([np.nan])) is None


def test_p_value_is_that_of_all_swaps() -> None:
    a, b = answers(1, 0, 0, 0, 0, 1, 0), answers(1, 1, 1, 1, 0, 0, 1)
    observed = abs(b[:, 0].sum() - a[:, 0].sum())
    swaps = [
        sum(sign * x for sign, x in zip(signs, b[:, 0] - a[:, 0], strict=True)) for signs in product((1, -1), repeat=7)
    ]
    exact = np.mean([abs(value) >= observed for value in swaps])
    found = compare(a, b, {"mean": mean}, resamples=20_000)["mean"]
    assert found is not None
    assert found.value == pytest.approx(3 / 7)
    assert found.p == pytest.approx(exact, abs=0.01)


def test_swapping_keeps_what_both_have_together() -> None:
    a, b = answers(1, 0, 0, 1), answers(1, 1, 1, 0)
    swapped_a, swapped_b = swap(a, b, trials=100)
    assert (swapped_a + swapped_b == a.sum(0) + b.sum(0)).all()
    assert set(swapped_a[:, 0]) == {1, 2, 3, 4}


def test_equal_systems_do_not_differ() -> None:
    a = answers(1, 0, 1, 1)
    found = compare(a, a, {"mean": mean}, resamples=200)["mean"]
    assert found == (0.0, (0.0, 0.0), 1.0)


def test_clearly_better_systems_do_not_differ_by_chance() -> None:
    found = compare(answers(*[0] * 40), answers(*[1] * 30, *[0] * 10), {"mean": mean}, resamples=999)["mean"]
    assert found is not None
    assert found.p == 0.001
    assert found.interval is not None
    assert found.interval[0] > 0.5


def test_what_has_no_value_has_no_difference() -> None:
    a, b = np.array([[1.0, 0.0]]), np.array([[1.0, 1.0]])
    assert compare(a, b, {"mean": mean}, resamples=100)["mean"] is None


def test_without_documents_there_is_nothing() -> None:
    empty = np.zeros((0, 2))
    assert (bootstrap(empty, resamples=10) == 0).all()
    assert compare(empty, empty, {"mean": mean}, resamples=10) == {"mean": None}


def test_averages_pass_over_labels_without_a_value() -> None:
    # A: 2 right, 1 wrong, 1 missed; B: never predicted, 2 missed; C: not there
    amounts = np.array([[2, 1, 0, 0, 0, 2, 0, 0, 0], [0, 0, 1, 0, 0, 0, 0, 0, 0]], dtype=float)
    found = values(label_measures(["A", "B", "C"]), amounts)
    assert found["labels", "C", "f"] is None
    assert found["labels", "B", "p"] is None
    assert found["macro", "p"] == pytest.approx(2 / 3)
    assert found["macro", "r"] == pytest.approx(1 / 3)
    assert found["macro", "f"] == pytest.approx(1 / 3)
    assert found["weighted", "f"] == pytest.approx((2 / 3) * 3 / 5)
    assert found["micro", "f"] == pytest.approx(4 / (4 + 1 + 3))


def test_intervals_stand_beside_values_only() -> None:
    section = {"labels": {"a.b": {"p": None, "r": 0.0, "f": 0.0}}}
    measures = {path: of for path, of in label_measures(["a.b"]).items() if path[0] == "labels"}
    add_intervals(section, measures, np.array([[0.0, 0.0, 1.0]] * 3), resamples=100, seed=0)
    assert section["labels"]["a.b"]["intervals"] == {"r": (0.0, 0.0), "f": (0.0, 0.0)}
