import numpy as np
import pytest

from spanwright.textcat.thresholds import METRICS, best_threshold, correct


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


def odds(chances):
    return np.log(chances / (1 - chances))


@pytest.mark.parametrize("shift", [-2.0, 0.0, 3.0])
def test_probabilities_are_corrected_where_texts_say_so(shift):
    random = np.random.default_rng(0)
    true = random.beta(0.5, 2, size=5000).clip(0.001, 0.999)
    said = 1 / (1 + np.exp(-(odds(true) + shift)))
    corrected = correct(said, random.random(5000) < true)
    assert odds(corrected) - odds(said) == pytest.approx(np.full(5000, -shift), abs=0.2)


def test_few_texts_change_little():
    said = np.array([0.3, 0.2, 0.1])
    assert correct(said, np.array([False, False, False])) == pytest.approx(said, abs=0.1)
    # by hand: of one text at even odds, the shift s solves 1 / (1 + exp(-s)) - 1 + s = 0
    assert odds(correct(np.array([0.5]), np.array([True])))[0] == pytest.approx(0.401058, abs=1e-5)


def test_certain_chances_stay_finite():
    corrected = correct(np.array([0.0, 1.0, 1.0]), np.array([True, False, False]))
    assert ((corrected >= 0) & (corrected <= 1)).all()


def test_the_best_threshold_is_half_of_the_best_f1():
    """Lipton, Elkan and Naryanaswamy, 2014, theorem 1: of probabilities that are true."""
    chances = np.random.default_rng(1).beta(0.4, 3, size=20_000)
    threshold = best_threshold(chances, chances, metric="f1")
    given = chances >= threshold
    f1 = 2 * chances[given].sum() / (given.sum() + chances.sum())
    assert threshold == pytest.approx(f1 / 2, abs=1e-3)
