import numpy as np
import pytest

from spanwright.textcat.thresholds import METRICS, best_threshold


def value_of(metric, chances, has_label, threshold):
    given = chances >= threshold
    counts = [(given & has_label), (given & ~has_label), (~given & has_label), (~given & ~has_label)]
    return METRICS[metric](*(np.array(float(count.sum())) for count in counts))


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(10))
def test_no_threshold_is_better(metric, seed):
    random = np.random.default_rng(seed)
    chances = random.random(30).round(random.integers(1, 4))  # with ties, and with 0 and 1
    has_label = random.random(30) < 0.2 + 0.4 * chances
    best = best_threshold(chances, has_label, metric=metric)
    tried = [value_of(metric, chances, has_label, t) for t in np.unique([0, *chances, *(chances + 1e-9), 1])]
    assert value_of(metric, chances, has_label, best) == pytest.approx(max(tried))
    assert 0 <= best <= 1


@pytest.mark.parametrize(
    ("metric", "tp", "fp", "fn", "tn", "expected"),
    [
        ("f1", 2, 1, 3, 4, 0.5),
        ("f1", 0, 0, 0, 4, 0),
        ("accuracy", 2, 1, 3, 4, 0.6),
        ("balanced_accuracy", 2, 1, 3, 4, 0.6),
        ("balanced_accuracy", 1, 0, 3, 4, 0.625),
    ],
)
def test_metrics_by_hand(metric, tp, fp, fn, tn, expected):
    assert METRICS[metric](*map(np.array, (tp, fp, fn, tn))) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("chances", "has_label", "expected"),
    [
        ([0.9, 0.7, 0.2, 0.1], [True, True, False, False], 0.45),
        ([0.2, 0.1, 0.05], [True, True, False], 0.075),
        ([0.9, 0.8], [True, True], 0.4),
        ([0.9, 0.8], [False, True], 0.4),
    ],
)
def test_thresholds_lie_between_neighbours(chances, has_label, expected):
    assert best_threshold(np.array(chances), np.array(has_label), metric="f1") == pytest.approx(expected)


def test_a_label_that_is_better_never_given():
    assert best_threshold(np.array([0.9, 0.8]), np.array([False, False]), metric="accuracy") == pytest.approx(0.95)
