"""Power laws through the scores of growing data: what more data would give, and how sure that is."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from spanwright.types import Doubles1d, Doubles2d

EXPONENTS = np.geomspace(0.05, 2.0, 60)
N_PARAMETERS = 3
N_SAMPLES = 1000


class Fit(NamedTuple):
    """Curves of the form `ceiling - scale * share ** -exponent`, each parameter `(curves,)`; share 1 is all the data."""

    ceiling: Doubles1d
    scale: Doubles1d
    exponent: Doubles1d

    def at(self, shares: Doubles1d) -> Doubles2d:
        """Return the scores (curves, shares)."""
        return self.ceiling[:, None] - self.scale[:, None] * shares[None, :] ** -self.exponent[:, None]


def fit_curves(shares: Doubles1d, scores: Doubles2d) -> Fit:
    """Fit a curve to each row of `scores` (curves, points) by least squares, with a ceiling of at most 1.

    For a given exponent the other parameters are those of a straight line; exponents are tried on a grid. That scores follow
    power laws is from Hestness et al., "Deep learning scaling is predictable, empirically" (2017).
    """
    best = Fit(*np.zeros((3, len(scores))))
    smallest = np.full(len(scores), np.inf)
    for exponent in EXPONENTS:
        powers = shares**-exponent
        centred = powers - powers.mean()
        scale = -(scores @ centred) / (centred @ centred)
        ceiling = scores.mean(axis=1) + scale * powers.mean()
        is_above = ceiling > 1
        scale = np.where(is_above, ((1 - scores) @ powers) / (powers @ powers), scale)
        ceiling = np.where(is_above, 1.0, ceiling)
        errors = ((ceiling[:, None] - scale[:, None] * powers - scores) ** 2).sum(axis=1)
        is_best = errors < smallest
        smallest[is_best] = errors[is_best]
        for parameter, value in zip(best, (ceiling, scale, np.full(len(scores), exponent)), strict=True):
            parameter[is_best] = value[is_best]
    return best


def resample(fit: Fit, shares: Doubles1d, scores: Doubles1d, *, seed: int = 0) -> Fit:
    """Return the fits to `N_SAMPLES` sets of points that noise like that of `scores` (points,) around `fit` could have made.

    A parametric bootstrap. How strong the noise is, is drawn too: few points tell it badly, and intervals are wider then.
    There must be more points than parameters.
    """
    rng = np.random.default_rng(seed)
    fitted = fit.at(shares)[0]
    freedom = len(scores) - N_PARAMETERS
    deviation = math.sqrt(((scores - fitted) ** 2).sum() / freedom)
    deviations = deviation * np.sqrt(freedom / rng.chisquare(freedom, size=(N_SAMPLES, 1)))
    return fit_curves(shares, fitted + deviations * rng.standard_normal((N_SAMPLES, len(scores))))
