"""`spanwright.steps_from_epochs.v1`: how many steps to train, told in passes over the data, whatever its size."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from spacy.language import Language
from spacy.util import logger, registry, resolve_dot_names

from spanwright.errors import Errors, SpanwrightError

NAME = "spanwright.steps_from_epochs.v1"
PLANNED = ("max_epochs", "max_steps", "eval_frequency")  # of [training]
SCHEDULED = ("warmup_steps", "total_steps")  # of its learning rate


def make_steps_from_epochs(
    epochs: float, *, min_steps: int = 1, warmup: float = 0.1, evaluations: int = 8
) -> Callable[[Language], None]:
    """Build the callback `spanwright.steps_from_epochs.v1` for `initialize.before_init`.

    It counts the batches of the training corpus and sets, in [training], `max_steps`, `eval_frequency`, and the
    `warmup_steps` and `total_steps` of the learning rate's schedule, where it has them. The pipeline's config keeps the
    numbers; the log says which of [training] they replace.

    epochs: passes over the training data.
    min_steps: so many steps at least, on data so small that `epochs` would make fewer.
    warmup: the share of all steps in which the learning rate rises.
    evaluations: how often the pipeline is evaluated on development data.

    Raises SpanwrightError for a value out of its range, and for a corpus without a batch.
    """
    for setting, value, is_allowed, allowed in (
        ("epochs", epochs, epochs > 0, "above 0"),
        ("min_steps", min_steps, min_steps >= 1, "1 or more"),
        ("warmup", warmup, 0 <= warmup < 1, "at least 0 and below 1"),
        ("evaluations", evaluations, evaluations >= 1, "1 or more"),
    ):
        if not is_allowed:
            raise SpanwrightError(
                Errors.S210.format(setting=f"initialize.before_init.{setting}", found=value, allowed=allowed)
            )

    def set_steps(nlp: Language) -> None:
        n_batches = count_batches(nlp)
        if not n_batches:
            raise SpanwrightError(Errors.S214.format(corpus=nlp.config["training"]["train_corpus"]))
        wanted = max(min_steps, round(epochs * n_batches))
        interval = math.ceil(wanted / evaluations)
        n_steps = interval * math.ceil(wanted / interval)  # the last step, too, is followed by an evaluation
        training = nlp.config["training"]
        for setting, planned in zip(PLANNED, (0, n_steps, interval), strict=True):
            if training[setting] != planned:
                logger.info("%s: training.%s = %d (was %s)", NAME, setting, planned, training[setting])
            training[setting] = planned
        schedule: Any = training["optimizer"].get("learn_rate")
        steps = dict(zip(SCHEDULED, (round(warmup * n_steps), n_steps), strict=True))
        if isinstance(schedule, dict):
            schedule.update({setting: n for setting, n in steps.items() if setting in schedule})

    return set_steps


def planned_settings(config: Mapping[str, Any]) -> set[str]:
    """Return the settings, as dotted paths, that the config's `initialize.before_init` will replace."""
    initialize = config.get("initialize")
    before_init = initialize.get("before_init") if isinstance(initialize, dict) else None
    if not (isinstance(before_init, dict) and before_init.get("@callbacks") == NAME):
        return set()
    return {f"training.{key}" for key in PLANNED} | {f"training.optimizer.learn_rate.{key}" for key in SCHEDULED}


def count_batches(nlp: Language) -> int:
    """Return how many batches the training corpus of the pipeline's config makes."""
    config = nlp.config.interpolate()
    training = config["training"]
    # of all that [training] makes, only the batcher is wanted
    batcher = registry.resolve({"batcher": training["batcher"]})["batcher"]
    (corpus,) = resolve_dot_names(config, [training["train_corpus"]])
    return sum(1 for _ in batcher(corpus(nlp)))
