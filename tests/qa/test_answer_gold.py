import numpy as np
import pytest

from spanwright.encoder.windows import Window
from spanwright.qa.calibration import fit_threshold
from spanwright.qa.decoding import Best
from spanwright.qa.gold import credit_of, find_pieces, pad_targets, window_targets

# "He left Oslo": He, left, Os, ##lo; and a piece of white space before Oslo, as some tokenizers make
OFFSETS = np.array([[0, 2], [3, 7], [7, 8], [8, 10], [10, 12]])


@pytest.mark.parametrize(
    ("answers", "expected"),
    [
        ([], []),
        ([(8, 12)], [(3, 4)]),
        ([(0, 2), (3, 12)], [(0, 0), (1, 4)]),
        ([(9, 10)], [(3, 3)]),  # within a piece
        ([(2, 3)], []),  # between pieces
        ([(20, 22), (0, 7)], [(0, 1)]),
    ],
)
def test_answers_are_found_in_pieces(answers, expected):
    assert find_pieces(OFFSETS, answers).tolist() == [list(row) for row in expected]


@pytest.mark.parametrize(
    ("gold", "expected"),
    [
        ([], []),
        ([(12, 13)], [(2, 3)]),
        ([(10, 19)], [(0, 9)]),
        ([(0, 9), (20, 21)], []),
        ([(9, 10)], None),  # cut at the border
        ([(19, 20)], None),
        ([(9, 10), (12, 13), (11, 11)], [(2, 3), (1, 1)]),
    ],
)
def test_windows_have_whole_answers_none_or_part_of_one(gold, expected):
    targets = window_targets(Window(10, 20, 12, 18), np.array(gold, dtype=np.int64).reshape(-1, 2))
    assert (targets if targets is None else targets.tolist()) == (
        expected if expected is None else [list(row) for row in expected]
    )


def test_targets_point_at_the_first_piece_where_there_is_no_answer():
    targets = [np.array([[0, 1], [2, 2]]), np.zeros((0, 2), dtype=np.int64), np.array([[1, 1]])]
    padded = pad_targets(targets, np.array([5, 7, 6]))
    assert padded.tolist() == [[[5, 6], [7, 7]], [[0, 0], [-1, -1]], [[7, 7], [-1, -1]]]


@pytest.mark.parametrize(
    ("scores", "credit", "is_impossible", "expected"),
    [
        ([0.1, 0.2, 0.8, 0.9], [1, 0.5, 0, 0], [0, 0, 1, 1], 0.5),
        ([0.1, 0.2, 0.8, 0.9], [1, 1, 0, 0.5], [0, 0, 1, 0], 0.5),
        ([0.1, 0.9], [1, 1], [0, 0], None),  # nothing is impossible
        ([0.1, 0.9], [0, 0], [0, 0], None),
        ([0.3, 0.9], [0, 0], [1, 1], 0.0),  # everything is
        ([0.5, 0.5, 0.5], [1, 1, 0], [0, 0, 1], None),  # the same score
        ([0.5, 0.5, 0.5], [1, 0, 0], [0, 1, 1], 0.0),
    ],
)
def test_the_threshold_makes_answers_worth_most(scores, credit, is_impossible, expected):
    found = fit_threshold(np.array(scores), np.array(credit, dtype=float), np.array(is_impossible, dtype=bool))
    assert found == (expected if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("found", "answers", "credit"),
    [
        ((3, 5), [(8, 12)], 1.0),
        ((3, 5), [(0, 2), (8, 12)], 1.0),
        ((3, 5), [(9, 11)], 1.0),  # the answer is a part of pieces
        ((1, 5), [(8, 12)], 2 * 4 / (9 + 4)),
        ((0, 1), [(8, 12)], 0.0),
        ((3, 5), [(8, 16)], 2 * 4 / (4 + 8)),  # only "Oslo" was read of the answer
        ((3, 5), [], 0.0),
        (None, [(8, 12)], 0.0),
    ],
)
def test_credit_by_hand(found, answers, credit):
    starts, ends = ([[place] for place in found]) if found else ([], [])
    best = Best(np.array(starts, dtype=int), np.array(ends, dtype=int), np.ones(len(starts)), 0.0)
    assert credit_of(best, OFFSETS, answers) == pytest.approx(credit)
