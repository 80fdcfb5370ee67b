"""Whether confidences can be believed: of what is said with 80% confidence, 80% should be right. Pure functions over arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from spanwright.types import Bools1d, Doubles1d

N_BINS = 10


def reliability(confidences: Doubles1d, is_right: Bools1d, *, n_bins: int = N_BINS) -> dict[str, Any] | None:
    """Compare confidences (decisions,), each from 0 to 1, with what became of them; ready for JSON.

    Returns None where there is nothing to compare, and otherwise

    count: how many decisions there are.
    ece: the expected calibration error (Naeini et al., 2015; Guo et al., 2017): how far confidence and accuracy lie apart in
        a bin, averaged over bins by their counts. 0 is best.
    brier: the mean squared difference between confidence and outcome (Brier, 1950). 0 is best.
    bins: `n_bins` of equal width; `confidence` and `accuracy` are means, None in an empty bin. A bin includes its upper edge.

    Raises ValueError for confidences outside of 0 to 1, NaN among them.
    """
    if not ((confidences >= 0) & (confidences <= 1)).all():
        raise ValueError("confidences must lie between 0 and 1")
    if not len(confidences):
        return None
    edges = np.arange(n_bins + 1) / n_bins
    number = np.searchsorted(edges[1:-1], confidences)
    count = np.bincount(number, minlength=n_bins)
    held = np.maximum(count, 1)
    confidence = np.bincount(number, weights=confidences, minlength=n_bins) / held
    accuracy = np.bincount(number, weights=is_right, minlength=n_bins) / held
    bins = [
        {
            "low": float(edges[i]),
            "high": float(edges[i + 1]),
            "count": int(count[i]),
            "confidence": float(confidence[i]) if count[i] else None,
            "accuracy": float(accuracy[i]) if count[i] else None,
        }
        for i in range(n_bins)
    ]
    return {
        "count": len(confidences),
        "ece": float(np.abs(confidence - accuracy) @ count / len(confidences)),
        "brier": float(np.mean((confidences - is_right) ** 2)),
        "bins": bins,
    }
