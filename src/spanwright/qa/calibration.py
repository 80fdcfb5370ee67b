"""When to say that there is no answer, learnt from development data."""

from __future__ import annotations

import numpy as np

from spanwright.types import Bools1d, Doubles1d


def fit_threshold(no_answer_scores: Doubles1d, credit: Doubles1d, is_impossible: Bools1d) -> float | None:
    """Return the highest no-answer score at which answering is worth most; None where always answering is worth as much.

    An answered question is worth its `credit`, one left unanswered 1 where it `is_impossible`, as in SQuAD 2.0's own
    evaluation (Rajpurkar et al., "Know what you don't know", 2018). The threshold lies halfway between two scores.
    no_answer_scores, credit, is_impossible: (questions,); the credit of an impossible question is 0.
    """
    order = np.argsort(no_answer_scores, kind="stable")
    scores = no_answer_scores[order]
    # worth[i]: the i questions of lowest score are answered, the rest are not
    answered = np.concatenate([[0.0], np.cumsum(credit[order])])
    unanswered = np.concatenate([[0.0], np.cumsum(is_impossible[order])])
    worth = answered + unanswered[-1] - unanswered
    borders = np.concatenate([[-1.0], (scores[1:] + scores[:-1]) / 2, [1.0]])
    # no border parts questions of the same score
    is_border = np.concatenate([[True], scores[1:] > scores[:-1], [True]])
    worth = np.where(is_border, worth, -1.0)
    if worth[-1] == worth.max():
        return None
    return float(max(borders[int(np.argmax(worth))], 0.0))
