"""What components that give labels share: the labels, and the settings about them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any, ClassVar

from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples

from spanwright.config_settings import ConfiguredPipe, check_setting
from spanwright.errors import Errors, SpanwrightError

SAMPLE_SIZE = 10


class LabelledPipe(ConfiguredPipe):
    """A component whose model has a layer "head", of a size that its labels decide.

    `cfg` has "labels", "threshold", "label_thresholds", "class_weights" and "label_smoothing".
    """

    kind: ClassVar[str]  # what it learns from, in messages

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> list[str]:
        """What `spacy init labels` writes, and `initialize` takes."""
        return list(self.cfg["labels"])

    def add_label(self, label: str) -> int:
        """Add a label before the model is initialised. Return 0 if it was there, else 1."""
        if label in self.cfg["labels"]:
            return 0
        if self.model.get_ref("head").shims[0].is_initialized:
            raise SpanwrightError(Errors.S282.format(name=self.name, found=label, labels=", ".join(self.labels)))
        self.cfg["labels"].append(label)
        self.vocab.strings.add(label)
        return 1

    def labels_in(self, example: Example) -> Iterable[str]:
        """The labels of an example's annotations."""
        raise NotImplementedError

    def take_labels(self, get_examples: Callable[[], Iterable[Example]], labels: list[str] | None) -> list[Doc]:
        """Take the labels from `labels`, or else from all examples. Return a few Docs with words, for the model to see.

        Raises SpanwrightError where there is no label or no word, or a setting names a label that is not there.
        """
        validate_get_examples(get_examples, f"{type(self).__name__}.initialize")
        if labels is None:
            labels = sorted({label for example in get_examples() for label in self.labels_in(example)})
        for label in labels:
            self.add_label(label)
        with_words = (example.predicted for example in get_examples() if len(example.predicted))
        sample = list(islice(with_words, SAMPLE_SIZE))
        if not (self.labels and sample):
            raise SpanwrightError(Errors.S283.format(name=self.name, kind=self.kind))
        self.check_labels("label_thresholds", self.labels)
        return sample

    def check_labels(self, setting: str, known: Iterable[str]) -> None:
        """Raise SpanwrightError where a setting by label is about one that is not there."""
        value = self.cfg[setting]
        unknown = sorted(value.keys() - set(known)) if isinstance(value, dict) else []
        if unknown:
            place, allowed = f"{self.name}.{setting}", ", ".join(known)
            raise SpanwrightError(Errors.S281.format(setting=place, found=", ".join(unknown), allowed=allowed))

    def check_numbers(self) -> None:
        """Raise SpanwrightError for thresholds, weights and smoothing out of their range."""
        cfg = self.cfg
        thresholds = {f"label_thresholds.{label}": value for label, value in cfg["label_thresholds"].items()}
        if cfg["threshold"] is not None:
            thresholds["threshold"] = cfg["threshold"]
        for setting, value in thresholds.items():
            self.check(setting, value, 0 <= value <= 1, "0 to 1")
        weights = cfg["class_weights"]
        for label, weight in weights.items() if isinstance(weights, dict) else ():
            self.check(f"class_weights.{label}", weight, 0 <= weight < math.inf, "0 or more")
        smoothing = cfg["label_smoothing"]
        self.check("label_smoothing", smoothing, 0 <= smoothing < 1, "at least 0 and below 1")

    def check(self, setting: str, value: Any, is_allowed: bool, allowed: str) -> None:
        """Raise SpanwrightError that names the setting, unless its value is allowed."""
        check_setting(self.name, setting, value, is_allowed, allowed)

    def _prefer(self, own: str) -> None:
        super()._prefer(own)
        if self.labels:  # none before `initialize`
            self.check_labels("label_thresholds", self.labels)
