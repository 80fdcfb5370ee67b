import numpy as np
import pytest

from spanwright.textcat.losses import balanced_weights, exclusive_loss, multilabel_loss, probabilities

UNKNOWN = np.nan
EXCLUSIVE_GOLD = np.array([[1, 0, 0], [0, 1, 0], [UNKNOWN] * 3, [0, 1, 0]])
MULTILABEL_GOLD = np.array([[1, 0, UNKNOWN], [0, 1, 1], [UNKNOWN] * 3, [0, 0, 0]])
SCORES = np.random.default_rng(0).normal(size=(4, 3))


def numerical_gradient(loss, scores):
    gradient = np.zeros_like(scores)
    for place in np.ndindex(scores.shape):
        up, down = scores.copy(), scores.copy()
        up[place] += 1e-6
        down[place] -= 1e-6
        gradient[place] = (loss(up) - loss(down)) / 2e-6
    return gradient


@pytest.mark.parametrize(("loss", "gold"), [(exclusive_loss, EXCLUSIVE_GOLD), (multilabel_loss, MULTILABEL_GOLD)])
@pytest.mark.parametrize("label_smoothing", [0.0, 0.2])
@pytest.mark.parametrize("weights", [[1.0, 1.0, 1.0], [0.5, 3.0, 0.0]])
def test_gradients_are_those_of_the_loss(loss, gold, label_smoothing, weights):
    settings = {"weights": np.array(weights), "label_smoothing": label_smoothing}
    value, gradient = loss(SCORES, gold, **settings)
    assert value > 0
    assert gradient == pytest.approx(numerical_gradient(lambda s: loss(s, gold, **settings)[0], SCORES), abs=1e-7)
    assert not gradient[2].any()
    without = np.delete(SCORES, 2, axis=0), np.delete(gold, 2, axis=0)
    assert loss(*without, **settings)[0] == pytest.approx(value)


def test_weighted_losses_by_hand():
    ln = np.log
    scores = ln([[0.5, 0.3, 0.2], [0.1, 0.8, 0.1]])
    gold = np.array([[1.0, 0, 0], [0, 1, 0]])
    loss, _ = exclusive_loss(scores, gold, weights=np.array([2.0, 0.5, 1]), label_smoothing=0.0)
    assert loss == pytest.approx(-(2 * ln(0.5) + 0.5 * ln(0.8)) / 2)
    loss, _ = exclusive_loss(scores[:1], gold[:1], weights=np.array([2.0, 0.5, 1]), label_smoothing=0.3)
    assert loss == pytest.approx(-2 * (0.8 * ln(0.5) + 0.1 * ln(0.3) + 0.1 * ln(0.2)))

    scores = ln([[0.25 / 0.75, 0.5 / 0.5]])  # chances of 0.25 and 0.5
    weights = np.array([4.0, 7.0])
    loss, _ = multilabel_loss(scores, np.array([[1.0, 0.0]]), weights=weights, label_smoothing=0.0)
    assert loss == pytest.approx(-(4 * ln(0.25) + ln(0.5)) / 2)
    loss, _ = multilabel_loss(scores, np.array([[1.0, UNKNOWN]]), weights=weights, label_smoothing=0.2)
    assert loss == pytest.approx(-4 * (0.9 * ln(0.25) + 0.1 * ln(0.75)))


@pytest.mark.parametrize("loss", [exclusive_loss, multilabel_loss])
def test_nothing_known_teaches_nothing(loss):
    for n_texts in (0, 2):
        gold = np.full((n_texts, 3), UNKNOWN)
        value, gradient = loss(np.ones((n_texts, 3)), gold, weights=np.ones(3), label_smoothing=0.1)
        assert (value, gradient.shape, gradient.any()) == (0.0, (n_texts, 3), False)


@pytest.mark.parametrize(
    ("positive", "negative", "exclusive", "expected"),
    [
        ([10, 30], [30, 10], True, [2, 2 / 3]),
        ([10, 30, 0], [30, 10, 40], True, [2, 2 / 3, 1]),
        ([10, 30, 0], [30, 10, 40], False, [3, 1 / 3, 1]),
        ([40, 1], [0, 39], False, [1, 39]),
        ([0, 0], [5, 5], True, [1, 1]),
    ],
)
def test_balanced_weights(positive, negative, exclusive, expected):
    weights = balanced_weights(np.array(positive), np.array(negative), exclusive=exclusive)
    assert weights == pytest.approx(expected)


def test_probabilities():
    scores = np.array([[1000.0, -1000.0], [0.0, 0.0]], dtype=np.float32)
    assert probabilities(scores, exclusive=True) == pytest.approx(np.array([[1, 0], [0.5, 0.5]]))
    assert probabilities(scores, exclusive=False) == pytest.approx(np.array([[1, 0], [0.5, 0.5]]))
    warm = probabilities(np.array([[2.0, 0.0]]), exclusive=True, temperature=2.0)
    assert warm[0, 0] == pytest.approx(1 / (1 + np.exp(-1)))
