"""`spanwright.calibrate.v1`: what components learn from development data before a trained pipeline is saved."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.training import Example
from spacy.util import minibatch

from spanwright.errors import SpanwrightError
from spanwright.types import Bools1d, Doubles1d

COOLEST, HOTTEST = 0.2, 5.0
BONUSES = np.linspace(-1.0, 2.0, 13)  # logits


def make_calibrate(corpus: Callable[[Language], Iterable[Example]]) -> Callable[[Language], Language]:
    """Build the callback `spanwright.calibrate.v1` for `training.before_to_disk`: it returns a calibrated pipeline to save.

    The pipeline in training keeps its settings: otherwise later evaluations would be made at temperatures and thresholds
    that were learnt for the model of the save before.
    corpus: the development data, `${corpora.dev}`.
    """

    def calibrate(nlp: Language) -> Language:
        calibrated = _with_own_settings(nlp)
        frozen = nlp.config["training"].get("frozen_components", ())
        calibrate_pipeline(calibrated, lambda: corpus(calibrated), frozen=frozen)
        return calibrated

    return calibrate


def calibrate_pipeline(
    nlp: Language, get_examples: Callable[[], Iterable[Example]], *, frozen: Collection[str] = ()
) -> dict[str, Any]:
    """Call `calibrate(examples)` of every component that has it, in the order of the pipeline; return what each returned.
    A component keeps what it learns in its `cfg`.

    get_examples: returns the development data anew, as for `Language.initialize`. Every component is given examples
        whose predicted Docs have been through the components before it, one batch at a time.
    frozen: names of components that stay as they are.

    Warns of a component that cannot learn from the data, and why; it stays as it was, so that no training is lost for it.
    """
    learnt = {}
    for name, component in nlp.pipeline:
        if name in frozen or not hasattr(component, "calibrate"):
            continue
        try:
            learnt[name] = component.calibrate(_annotated(nlp, get_examples(), before=name))
        except SpanwrightError as error:
            warnings.warn(str(error), stacklevel=2)
    return learnt


def fit_temperature(confidences_at: Callable[[float], Doubles1d], is_right: Bools1d) -> float:
    """Return the temperature, from COOLEST to HOTTEST, at which confidences best foretell which predictions are right.

    Best is the smallest negative log-likelihood (Guo et al., "On calibration of modern neural networks", 2017). It is
    searched for on a grid, then on a finer one around the best point.
    confidences_at: gives the confidences (predictions,) at a temperature.
    """

    def loss(temperature: float) -> float:
        confidences = confidences_at(temperature)
        chances = np.where(is_right, confidences, 1 - confidences)
        return float(-np.log(np.maximum(chances, 1e-12)).sum())

    coarse = np.geomspace(COOLEST, HOTTEST, 13)
    best = int(np.argmin([loss(temperature) for temperature in coarse]))
    fine = np.geomspace(coarse[max(best - 1, 0)], coarse[min(best + 1, len(coarse) - 1)], 13)
    return float(min(fine, key=loss))


def fit_bonus(f1_at: Callable[[float], float]) -> float:
    """Return the bonus for each entity, from the second to the last but one of BONUSES, about which the F1 is highest, on the
    average of three neighbours: what one alone reaches is mostly chance. 0 where no other is better.

    f1_at: gives the F1 of what is found with a bonus.
    """
    f1 = np.array([f1_at(float(bonus)) for bonus in BONUSES])
    about = np.convolve(f1, np.full(3, 1 / 3), mode="valid")
    inner = BONUSES[1:-1]
    # the nearest to 0 of those that are best
    return float(min(inner[np.isclose(about, about.max(), atol=1e-6)], key=abs))


def _with_own_settings(nlp: Language) -> Language:
    """Return a pipeline whose components that have `calibrate` have a `cfg` of their own; models and all else are shared."""
    pipeline = copy.copy(nlp)
    pipeline._components = [
        (name, _with_own_cfg(component) if hasattr(component, "calibrate") else component)
        for name, component in nlp._components
    ]
    return pipeline


def _with_own_cfg(component: Any) -> Any:
    component = copy.copy(component)
    component.cfg = copy.deepcopy(component.cfg)
    return component


def _annotated(nlp: Language, examples: Iterable[Example], *, before: str) -> Iterator[Example]:
    earlier = [component for _, component in nlp.pipeline[: nlp.pipe_names.index(before)]]
    for batch in minibatch(examples, nlp.batch_size):
        docs = [example.predicted for example in batch]
        for component in earlier:
            has_pipe = hasattr(component, "pipe")
            docs = list(component.pipe(docs, batch_size=nlp.batch_size) if has_pipe else map(component, docs))
        yield from (Example(doc, example.reference) for doc, example in zip(docs, batch, strict=True))
