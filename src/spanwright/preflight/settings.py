"""Values in a training config that spaCy takes although training cannot go well with them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from spanwright.errors import Errors
from spanwright.planning import planned_settings
from spanwright.preflight.findings import Finding, Level, error, warning


class Range(NamedTuple):
    """The values a setting may take. `pattern` is matched against its dotted path; `*` stands for any part of it."""

    pattern: str
    low: float = -math.inf
    high: float = math.inf
    ends: str = "[]"
    whole: bool = False

    @property
    def allowed(self) -> str:
        """The range in words and as an interval."""
        kind = "a whole number" if self.whole else "a number"
        left = "(" if self.low == -math.inf else self.ends[0]
        right = ")" if self.high == math.inf else self.ends[1]
        return f"{kind} in {left}{self.low:g}, {self.high:g}{right}".replace("inf", "∞")

    def holds(self, value: Any) -> bool:
        """Whether `value` is in the range. A section (a schedule) is judged by the ranges of its own settings."""
        if isinstance(value, dict):
            return True
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            return False
        above = value >= self.low if self.ends[0] == "[" else value > self.low
        below = value <= self.high if self.ends[1] == "]" else value < self.high
        return above and below and (not self.whole or value == int(value))


class Relation(NamedTuple):
    """Two settings that must agree: `first` is a pattern as in `Range`, `second` a path or a key beside `first`."""

    first: str
    second: str
    holds: Callable[[float, float], bool]
    level: Level
    why: str


RANGES = (
    Range("training.dropout", 0, 1, "[)"),
    Range("training.accumulate_gradient", 1, whole=True),
    Range("training.eval_frequency", 1, whole=True),
    Range("training.max_epochs", -1, whole=True),
    Range("training.max_steps", 0, whole=True),
    Range("training.patience", 0, whole=True),
    Range("training.optimizer.beta[12]", 0, 1, "[)"),
    Range("training.optimizer.L2", 0),
    Range("training.optimizer.weight_decay", 0),
    Range("training.optimizer.grad_clip", 0),
    Range("training.optimizer.eps", 0, 1, "()"),
    Range("training.optimizer.head_factor", 0, ends="()"),
    Range("training.optimizer.layer_decay", 0, 1, "(]"),
    Range("training.optimizer.average_decay", 0, 1, "()"),
    Range("training.optimizer.learn_rate", 0, 1, "(]"),
    Range("training.optimizer.learn_rate.*initial_rate", 0, 1, "(]"),
    Range("training.optimizer.learn_rate.*base_rate", 0, 1, "(]"),
    Range("training.optimizer.learn_rate.*max_rate", 0, 1, "(]"),
    Range("training.optimizer.learn_rate.*rate", 0, 1, "[]"),
    Range("training.optimizer.learn_rate.*warmup_steps", 0, whole=True),
    Range("training.optimizer.learn_rate.*total_steps", 1, whole=True),
    Range("training.optimizer.learn_rate.*num_steps", 1, whole=True),
    Range("training.optimizer.learn_rate.*decay", 0),
    Range("training.optimizer.learn_rate.*period", 1, whole=True),
    Range("training.batcher.size", 1, whole=True),
    Range("training.batcher.buffer", 1, whole=True),
    Range("training.batcher.tolerance", 0),
    Range("training.batcher.size.start", 1),
    Range("training.batcher.size.stop", 1),
    Range("training.batcher.size.compound", 0, ends="(]"),
    Range("nlp.batch_size", 1, whole=True),
    Range("components.*.max_batch_items", 1, whole=True),
    Range("components.*.get_spans.window", 1, whole=True),
    Range("components.*.get_spans.stride", 1, whole=True),
    Range("components.*.hidden_width", 1, whole=True),
    Range("components.*.lstm_width", 1, whole=True),
    Range("components.*.maxout_pieces", 1, whole=True),
    Range("components.*.grad_factor", 0),
    Range("components.*.dropout", 0, 1, "[)"),
    Range("components.*.threshold", 0, 1),
    Range("corpora.*.max_length", 0, whole=True),
    Range("corpora.*.limit", 0, whole=True),
)

RELATIONS = (
    Relation(
        "training.eval_frequency",
        "training.max_steps",
        lambda frequency, steps: steps <= 0 or frequency <= steps,
        "error",
        "the only evaluation comes after the first step, and model-best would be a pipeline that has not learnt",
    ),
    Relation(
        "training.optimizer.learn_rate.*warmup_steps",
        "total_steps",
        lambda warmup, total: warmup <= total,
        "error",
        "the learning rate never reaches its initial_rate",
    ),
    Relation(
        "training.optimizer.learn_rate.*total_steps",
        "training.max_steps",
        lambda total, steps: total >= steps,
        "warning",
        "the learning rate is zero for the steps between",
    ),
    Relation(
        "components.*.get_spans.stride",
        "window",
        lambda stride, window: stride <= window,
        "error",
        "the tokens between two windows get no vectors",
    ),
)


def check_settings(config: Mapping[str, Any]) -> list[Finding]:
    """Find values out of range in `config`, which is filled, overridden and interpolated. What is planned anew when training
    begins is passed over.
    """
    planned = planned_settings(config)
    settings = {path: value for path, value in dotted_items(config) if path not in planned}
    return [
        *_out_of_range(settings),
        *_disagreeing(settings),
        *([] if planned else _endless(config["training"])),
        *_weightless(config["training"]),
    ]


def dotted_items(tree: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the dotted path and the value of every key of nested dictionaries: {"a": {"b": 1}} gives a, then a.b."""
    for key, value in tree.items():
        path = f"{prefix}{key}"
        yield path, value
        if isinstance(value, dict):
            yield from dotted_items(value, f"{path}.")


def _out_of_range(settings: Mapping[str, Any]) -> Iterator[Finding]:
    for path, value in settings.items():
        rule = next((rule for rule in RANGES if fnmatchcase(path, rule.pattern)), None)
        if rule is not None and not (value is None or rule.holds(value)):
            section, _, key = path.rpartition(".")
            yield error(Errors.S020.format(section=section, key=key, value=value, allowed=rule.allowed))


def _disagreeing(settings: Mapping[str, Any]) -> Iterator[Finding]:
    for path, value in settings.items():
        for rule in RELATIONS:
            if fnmatchcase(path, rule.first):
                other_path = rule.second if "." in rule.second else f"{path.rpartition('.')[0]}.{rule.second}"
                other = settings.get(other_path)
                if isinstance(value, int | float) and isinstance(other, int | float) and not rule.holds(value, other):
                    found = f"{path} = {value} and {other_path} = {other}"
                    yield Finding(rule.level, Errors.S021.format(found=found, why=rule.why))


def _endless(training: Mapping[str, Any]) -> Iterator[Finding]:
    if training["max_steps"] == 0 and training["max_epochs"] < 1 and training["patience"] == 0:
        found = f"training.max_steps = 0, training.max_epochs = {training['max_epochs']} and training.patience = 0"
        yield warning(Errors.S021.format(found=found, why="training never ends"))


def _weightless(training: Mapping[str, Any]) -> Iterator[Finding]:
    weights = training["score_weights"]
    if not any(weights.values()):
        yield error(Errors.S026.format(found=", ".join(weights) or "no score"))
