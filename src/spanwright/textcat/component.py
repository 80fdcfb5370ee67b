"""`text_classifier` and `text_classifier_multilabel`: categories of whole texts, over any tok2vec or transformer listener."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from spanwright.calibration import fit_temperature
from spanwright.errors import Errors, SpanwrightError
from spanwright.labelled_pipe import LabelledPipe
from spanwright.textcat.gold import count_labels, describe_imbalance, gold_categories
from spanwright.textcat.losses import balanced_weights, exclusive_loss, multilabel_loss, probabilities
from spanwright.textcat.scorer import textcat_score
from spanwright.textcat.thresholds import METRICS, best_threshold, correct
from spanwright.types import Doubles1d, Doubles2d
from spanwright.weights import listed

text_classifier_default_config = """
[model]
@architectures = "spanwright.TextClassifier.v1"
pooling = "mean"
hidden_width = null
dropout = null

[model.tok2vec]
@architectures = "spacy.HashEmbedCNN.v2"
pretrained_vectors = null
width = 96
depth = 4
embed_size = 2000
window_size = 1
maxout_pieces = 3
subword_features = true
"""

DEFAULT_TEXT_CLASSIFIER_MODEL = Config().from_str(text_classifier_default_config)["model"]
DEFAULT_SCORE_WEIGHTS = {
    "cats_score": 1.0,
    "cats_score_desc": None,
    "cats_micro_p": None,
    "cats_micro_r": None,
    "cats_micro_f": None,
    "cats_macro_p": None,
    "cats_macro_r": None,
    "cats_macro_f": None,
    "cats_macro_auc": None,
    "cats_f_per_type": None,
    "cats_auc_per_type": None,
}
BALANCED = "balanced"
LABELS = "labels"  # the name of the extension of Doc
LABELS_KEY = ("._.", LABELS, None, None)  # in doc.user_data, as spaCy names an extension's value
BATCH_SIZE = 128


@Language.factory(
    "text_classifier",
    assigns=["doc.cats", f"doc._.{LABELS}"],
    default_config={
        "model": DEFAULT_TEXT_CLASSIFIER_MODEL,
        "threshold": None,
        "label_thresholds": {},
        "class_weights": {},
        "label_smoothing": 0.0,
        "scorer": {"@scorers": "spanwright.textcat_scorer.v1"},
    },
    default_score_weights=DEFAULT_SCORE_WEIGHTS,
)
def make_text_classifier(
    nlp: Language,
    name: str,
    model: Model[list[Doc], Floats2d],
    threshold: float | None,
    label_thresholds: dict[str, float],
    class_weights: dict[str, float] | str,
    label_smoothing: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> TextClassifier:
    """Construct the component `text_classifier`: one label per text. See `TextClassifier` for the settings."""
    return TextClassifier(
        nlp.vocab,
        model,
        name,
        exclusive=True,
        threshold=threshold,
        label_thresholds=label_thresholds,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        scorer=scorer,
    )


@Language.factory(
    "text_classifier_multilabel",
    assigns=["doc.cats", f"doc._.{LABELS}"],
    default_config={
        "model": DEFAULT_TEXT_CLASSIFIER_MODEL,
        "threshold": 0.5,
        "label_thresholds": {},
        "tune_thresholds": "f1",
        "class_weights": {},
        "label_smoothing": 0.0,
        "scorer": {"@scorers": "spanwright.textcat_scorer.v1"},
    },
    default_score_weights=DEFAULT_SCORE_WEIGHTS,
)
def make_text_classifier_multilabel(
    nlp: Language,
    name: str,
    model: Model[list[Doc], Floats2d],
    threshold: float | None,
    label_thresholds: dict[str, float],
    tune_thresholds: str | None,
    class_weights: dict[str, float] | str,
    label_smoothing: float,
    scorer: Callable[..., dict[str, Any]] | None,
) -> TextClassifier:
    """Construct the component `text_classifier_multilabel`: any labels per text. See `TextClassifier` for the settings."""
    return TextClassifier(
        nlp.vocab,
        model,
        name,
        exclusive=False,
        threshold=threshold,
        label_thresholds=label_thresholds,
        tune_thresholds=tune_thresholds,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        scorer=scorer,
    )


class TextClassifier(LabelledPipe):
    """Give texts labels: `doc.cats` has the probability of each, `doc._.labels` those that reach their threshold.

    `doc._.labels` is a tuple, the most probable label first; several components in a pipeline add to it one after
    another. A Doc without words has the probability 0 of every label. `update` and serialisation are those of spaCy's
    TrainablePipe.
    """

    kind = "categories"
    undoes: ClassVar = {"threshold": "tuned_thresholds", "tune_thresholds": "tuned_thresholds"}

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], Floats2d],
        name: str = "text_classifier",
        *,
        exclusive: bool = True,
        threshold: float | None = None,
        label_thresholds: dict[str, float] | None = None,
        tune_thresholds: str | None = None,
        class_weights: dict[str, float] | str | None = None,
        label_smoothing: float = 0.0,
        scorer: Callable[..., dict[str, Any]] | None = textcat_score,
    ) -> None:
        """Make the component.

        exclusive: every text has exactly one label, and probabilities sum to 1. False = each label is a question of its own.
        threshold: labels with less probability are not in `doc._.labels`. None = no limit.
        label_thresholds: by label, in place of `threshold`, and of what tuning finds.
        tune_thresholds: what `calibrate` chooses each label's threshold for: "f1", "accuracy" or "balanced_accuracy".
            None = `threshold` stays. Only where labels are not exclusive.
        class_weights: how much a text counts in the loss, by label; 1 unless given. "balanced" = from how rare each label
            is in the training data. Where labels are not exclusive, it is the texts that have the label that are weighed.
        label_smoothing: share of the target that is spread over all labels.

        Raises SpanwrightError for a value out of its range.
        """
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "labels": [],
            "exclusive": exclusive,
            "threshold": threshold,
            "label_thresholds": dict(label_thresholds or {}),
            "tune_thresholds": tune_thresholds,
            "class_weights": class_weights or {},
            "label_smoothing": label_smoothing,
            "balanced_weights": {},
            "tuned_thresholds": {},
            "temperature": 1.0,
        }
        self._check_settings()
        self.remember_config()

    @property
    def thresholds(self) -> dict[str, float]:
        """The least probability of each label in `doc._.labels`: as set for the label, else as tuned, else as set for all."""
        general = dict.fromkeys(self.labels, self.cfg["threshold"] or 0.0)
        return general | self.cfg["tuned_thresholds"] | self.cfg["label_thresholds"]

    def predict(self, docs: Iterable[Doc]) -> Doubles2d:
        """Return the probabilities (docs, labels)."""
        docs = list(docs)
        has_words = np.array([len(doc) > 0 for doc in docs], dtype=bool)
        chances = np.zeros((len(docs), len(self.labels)))
        if has_words.any():  # spaCy's own layers fail on a batch without words
            scores = self.model.ops.to_numpy(self.model.predict(docs))
            temperature = self.cfg["temperature"]
            chances = probabilities(scores, exclusive=self.cfg["exclusive"], temperature=temperature)
            chances[~has_words] = 0.0
        return chances

    def set_annotations(self, docs: Iterable[Doc], chances: Doubles2d) -> None:
        """Set `doc.cats` and `doc._.labels`. Labels of other components stay."""
        labels, thresholds = self.labels, self.thresholds
        least = np.array([thresholds[label] for label in labels])
        is_given = (chances >= least) & (chances > 0)
        if self.cfg["exclusive"]:
            is_given &= np.arange(len(labels)) == chances.argmax(axis=1)[:, None]
        order = np.argsort(-chances, axis=1, kind="stable")
        for doc, row, given, ranks in zip(docs, chances.tolist(), is_given, order, strict=True):
            doc.cats.update(zip(labels, row, strict=True))
            others = (label for label in doc._.labels if label not in labels)
            doc._.labels = (*others, *(labels[i] for i in ranks[given[ranks]]))

    def get_loss(self, examples: Iterable[Example], scores: Floats2d) -> tuple[float, Floats2d]:
        """Return the mean loss per text (of exclusive labels) or per known value, and the scores' gradient (docs, labels).

        Raises SpanwrightError for categories that are neither 0 nor 1, and for two exclusive labels in a text.
        """
        examples = list(examples)
        validate_examples(examples, "TextClassifier.get_loss")
        loss_of = exclusive_loss if self.cfg["exclusive"] else multilabel_loss
        loss, gradient = loss_of(
            self.model.ops.to_numpy(scores),
            self._gold(examples),
            weights=self._weights,
            label_smoothing=self.cfg["label_smoothing"],
        )
        return loss, self.model.ops.asarray2f(gradient.astype(np.float32))

    def labels_in(self, example: Example) -> Iterable[str]:
        """The labels that an example's gold categories say something of."""
        return example.reference.cats

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Take the labels from `labels`, or else from all examples, and build the model for them.

        Warns, with numbers, of labels that are unbalanced or have no alternative, and of texts without a label. Raises
        SpanwrightError where there is no label, or a setting names one that is not there.
        """
        sample = self.take_labels(get_examples, labels)
        self.check_labels("class_weights", self.labels)
        self._study(get_examples())
        self.model.get_ref("head").set_dim("nO", len(self.labels))
        self.model.initialize(X=sample)

    def calibrate(self, examples: Iterable[Example]) -> dict[str, Any]:
        """Learn the temperature at which probabilities are most likely true, and with `tune_thresholds` the thresholds of
        labels; store both in `cfg` and return them.

        examples: development data, not training data; their predicted Docs have been through the components before
            this one. They are read once, in batches.

        Warns of labels whose threshold cannot be tuned. Raises SpanwrightError where no text has a label.
        """
        scores, gold = [np.zeros((0, len(self.labels)))], [np.zeros((0, len(self.labels)))]
        for batch in minibatch(examples, BATCH_SIZE):
            gold.append(self._gold(batch))
            docs = [example.predicted for example in batch]
            scores.append(self.model.ops.to_numpy(self.model.predict(docs)) if any(map(len, docs)) else gold[-1])
        all_scores, all_gold = np.concatenate(scores), np.concatenate(gold)
        known = ~np.isnan(all_gold)
        if not known.any():
            raise SpanwrightError(Errors.S508.format(name=self.name, labels=", ".join(self.labels)))
        is_asked = known & (all_gold == 1) if self.cfg["exclusive"] else known

        def chances_at(temperature: float) -> Doubles2d:
            return probabilities(all_scores, exclusive=self.cfg["exclusive"], temperature=temperature)

        self.cfg["temperature"] = fit_temperature(lambda t: chances_at(t)[is_asked], all_gold[is_asked] == 1)
        if self.cfg["tune_thresholds"] is not None:
            self._tune(chances_at(self.cfg["temperature"]), all_gold)
        return {name: self.cfg[name] for name in ("temperature", "tuned_thresholds")}

    def score(self, examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
        """Score predicted Docs by the component's scorer, which is given the settings and `thresholds`."""
        return super().score(examples, thresholds=self.thresholds, **kwargs)

    @property
    def _weights(self) -> Doubles1d:
        weights = self.cfg["class_weights"]
        by_label = self.cfg["balanced_weights"] if weights == BALANCED else weights
        return np.array([by_label.get(label, 1.0) for label in self.labels])

    def _gold(self, examples: Iterable[Example]) -> Doubles2d:
        return gold_categories(examples, self.labels, exclusive=self.cfg["exclusive"], name=self.name)

    def _study(self, examples: Iterable[Example]) -> None:
        exclusive = self.cfg["exclusive"]
        batches = (self._gold(batch) for batch in minibatch(examples, BATCH_SIZE))
        counts = count_labels(batches, len(self.labels))
        for message in describe_imbalance(counts, self.labels, exclusive=exclusive, name=self.name):
            warnings.warn(message, stacklevel=3)
        weights = balanced_weights(counts.positive, counts.negative, exclusive=exclusive)
        self.cfg["balanced_weights"] = dict(zip(self.labels, weights.tolist(), strict=True))

    def _tune(self, chances: Doubles2d, gold: Doubles2d) -> None:
        tuned, untuned = {}, []
        for i, label in enumerate(self.labels):
            known = ~np.isnan(gold[:, i])
            has_label = gold[known, i] == 1
            if has_label.any() and not has_label.all():
                given = chances[known, i]
                tuned[label] = best_threshold(given, correct(given, has_label), metric=self.cfg["tune_thresholds"])
            else:
                untuned.append(f"'{label}' (on {has_label.sum()} of {known.sum()} texts)")
        self.cfg["tuned_thresholds"] = tuned
        if untuned:
            warnings.warn(Errors.S524.format(name=self.name, labels=listed(untuned)), stacklevel=3)

    def _check_settings(self) -> None:
        cfg = self.cfg
        self.check_numbers()
        metric = cfg["tune_thresholds"]
        self.check("tune_thresholds", metric, metric is None or metric in METRICS, f"{', '.join(METRICS)}, or null")
        weights = cfg["class_weights"]
        is_known = isinstance(weights, dict) or weights == BALANCED
        self.check("class_weights", weights, is_known, f'numbers by label, or "{BALANCED}"')
        if not self.model.has_ref("head"):
            raise SpanwrightError(Errors.S507.format(name=self.name))


def _read_labels(doc: Doc) -> tuple[str, ...]:
    # a Doc that was serialised, as by nlp.pipe with n_process, comes back with a list
    return tuple(doc.user_data.get(LABELS_KEY, ()))


def _write_labels(doc: Doc, labels: tuple[str, ...]) -> None:
    doc.user_data[LABELS_KEY] = labels


def register_extensions() -> None:
    """Give every Doc `doc._.labels`."""
    if not Doc.has_extension(LABELS):
        Doc.set_extension(LABELS, getter=_read_labels, setter=_write_labels)


# on import: a pipeline may come into a process as a pickle, which constructs nothing
register_extensions()
