"""`bio_ner`: entities by classifying tokens, over any tok2vec or transformer listener."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, NamedTuple, get_args

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span, SpanGroup
from spacy.training import Example, validate_examples
from spacy.util import minibatch
from spacy.vocab import Vocab
from thinc.api import Config, Model

from spanwright.calibration import fit_bonus, fit_temperature
from spanwright.errors import Errors, SpanwrightError
from spanwright.labelled_pipe import LabelledPipe
from spanwright.ner.decoding import NO_ENTITIES, Entities, decode
from spanwright.ner.scorer import ner_score
from spanwright.ner.tags import (
    ANY,
    Scheme,
    TagIds,
    TagSet,
    build_tagset,
    find_spans,
    gold_tags,
    is_blocked,
    preset_tags,
)
from spanwright.ner.torch_head import TagScores, sequence_loss, token_loss
from spanwright.types import Bools1d, Doubles1d

bio_ner_default_config = """
[model]
@architectures = "spanwright.BioNer.v1"
head = "crf"
lstm_width = null
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

DEFAULT_BIO_NER_MODEL = Config().from_str(bio_ner_default_config)["model"]
CONFIDENCE = "confidence"  # the name of the extension of Span
OUTSIDE_NAME = "O"
BATCH_SIZE = 64


@Language.factory(
    "bio_ner",
    assigns=["doc.ents", "token.ent_iob", "token.ent_type", f"span._.{CONFIDENCE}"],
    default_config={
        "model": DEFAULT_BIO_NER_MODEL,
        "scheme": "biluo",
        "threshold": None,
        "label_thresholds": {},
        "class_weights": {},
        "label_smoothing": 0.0,
        "spans_key": None,
        "overwrite": False,
        "tune_f1": True,
        "scorer": {"@scorers": "spanwright.ner_scorer.v1"},
    },
    default_score_weights={"ents_f": 1.0, "ents_p": 0.0, "ents_r": 0.0, "ents_per_type": None},
)
def make_bio_ner(
    nlp: Language,
    name: str,
    model: Model[list[Doc], TagScores],
    scheme: str,
    threshold: float | None,
    label_thresholds: dict[str, float],
    class_weights: dict[str, float],
    label_smoothing: float,
    spans_key: str | None,
    overwrite: bool,
    tune_f1: bool,
    scorer: Callable[..., dict[str, Any]] | None,
) -> BioNer:
    """Construct the component `bio_ner`. See `BioNer` for the settings."""
    return BioNer(
        nlp.vocab,
        model,
        name,
        scheme=scheme,
        threshold=threshold,
        label_thresholds=label_thresholds,
        class_weights=class_weights,
        label_smoothing=label_smoothing,
        spans_key=spans_key,
        overwrite=overwrite,
        tune_f1=tune_f1,
        scorer=scorer,
    )


class _Scored(NamedTuple):
    """What the model says of a batch, the tags that earlier components set, and the gold tags and entities."""

    scores: TagScores
    preset: TagIds | None
    gold: TagIds
    entities: set[tuple[int, int, int]]  # start, end and number of the label


class BioNer(LabelledPipe):
    """Find entities by scoring the tags of tokens and taking the best valid sequence.

    `update`, `score` and serialisation are those of spaCy's TrainablePipe. Each entity it sets has `ent._.confidence`,
    from 0 to 1; entities that others set have None there.
    """

    kind = "entities"
    fixed = frozenset({"scheme"})

    def __init__(
        self,
        vocab: Vocab,
        model: Model[list[Doc], TagScores],
        name: str = "bio_ner",
        *,
        scheme: str = "biluo",
        threshold: float | None = None,
        label_thresholds: dict[str, float] | None = None,
        class_weights: dict[str, float] | None = None,
        label_smoothing: float = 0.0,
        spans_key: str | None = None,
        overwrite: bool = False,
        tune_f1: bool = True,
        scorer: Callable[..., dict[str, Any]] | None = ner_score,
    ) -> None:
        """Make the component.

        scheme: how entities are spelt in tags, "bio" or "biluo".
        threshold: entities with less confidence are not set. None = no limit.
        label_thresholds: by label, in place of `threshold`.
        class_weights: how much a word counts in the loss, by its gold label, or "O" for words outside of entities;
            1 unless given. Only for a linear head.
        label_smoothing: share of the target that is spread over all tags. Only for a linear head.
        spans_key: where in `doc.spans` all entities found also go, whatever their confidence, with `attrs["scores"]`.
            None = nowhere.
        overwrite: False = entities set by earlier components stay, and decoding works around them.
        tune_f1: `calibrate` also learns how much to favour entities, or their absence, for the best F1. False = the likeliest
            sequence of tags.

        Raises SpanwrightError for a value out of its range.
        """
        self.vocab = vocab
        self.model = model
        self.name = name
        self.scorer = scorer
        self.cfg: dict[str, Any] = {
            "labels": [],
            "scheme": scheme,
            "threshold": threshold,
            "label_thresholds": dict(label_thresholds or {}),
            "class_weights": dict(class_weights or {}),
            "label_smoothing": label_smoothing,
            "spans_key": spans_key,
            "overwrite": overwrite,
            "tune_f1": tune_f1,
            "temperature": 1.0,
            "entity_bonus": 0.0,
        }
        self._check_settings()
        self.remember_config()

    def predict(self, docs: Iterable[Doc]) -> Entities:
        """Find the entities of a batch. Positions are counted over all words of the batch."""
        docs = list(docs)
        if not any(map(len, docs)):
            return NO_ENTITIES  # spaCy's own layers fail on a batch without words
        scores, preset = self.model.predict(docs), self._preset(docs)
        return self._decode(scores, preset, self.cfg["temperature"], self.cfg["entity_bonus"])

    def set_annotations(self, docs: Iterable[Doc], entities: Entities) -> None:
        """Set `doc.ents`, confidences and `doc.spans`. Tokens outside of entities are marked so."""
        docs = list(docs)
        key = self.cfg["spans_key"]
        spans, confidences = entities
        hashes = np.array([self.vocab.strings.add(label) for label in self.labels], dtype=np.uint64)
        is_kept = confidences >= self._thresholds[spans.labels]
        columns = (spans.starts, spans.ends, hashes[spans.labels], confidences, is_kept)
        rows = list(zip(*(column.tolist() for column in columns), strict=True))
        offsets = np.cumsum([0, *map(len, docs)])
        bounds = np.searchsorted(spans.starts, offsets)
        for doc, offset, first, last in zip(docs, offsets.tolist(), bounds, bounds[1:], strict=False):
            found, kept = [], []
            for start, end, label, confidence, is_sure in rows[first:last]:
                span = Span(doc, start - offset, end - offset, label=label)
                if is_sure or key is not None:
                    span._.confidence = confidence
                found.append(span)
                if is_sure:
                    kept.append(span)
            self._set_ents(doc, kept)
            if key is not None:
                scores = {"scores": confidences[first:last].astype("float32")}
                doc.spans[key] = SpanGroup(doc, name=key, spans=found, attrs=scores)

    def get_loss(self, examples: Iterable[Example], scores: TagScores) -> tuple[float, TagScores]:
        """Return the mean loss per annotated word, and the gradients of emissions and transitions.

        Raises SpanwrightError for a gold label that the component does not know.
        """
        examples = list(examples)
        validate_examples(examples, "BioNer.get_loss")
        gold = self._gold(examples)
        if self._is_crf:
            return sequence_loss(scores, gold, self._tagset)
        weights = self.cfg["class_weights"]
        by_label = np.array([weights.get(label, 1.0) for label in (*self.labels, OUTSIDE_NAME)], dtype=np.float32)
        # O has the label -1
        per_tag = by_label[self._tagset.label_of]
        return token_loss(scores, gold, weights=per_tag, label_smoothing=self.cfg["label_smoothing"])

    def labels_in(self, example: Example) -> Iterable[str]:
        """The labels of an example's gold entities."""
        return (entity.label_ for entity in example.reference.ents)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Language | None = None,
        labels: list[str] | None = None,
    ) -> None:
        """Take the labels from `labels`, or else from all examples, and build the model for them.

        Raises SpanwrightError where there is no label, or a setting names one that is not there.
        """
        sample = self.take_labels(get_examples, labels)
        self.check_labels("class_weights", (*self.labels, OUTSIDE_NAME))
        self.model.get_ref("head").set_dim("nO", len(self._tagset))
        self.model.initialize(X=sample)

    def calibrate(self, examples: Iterable[Example]) -> dict[str, float]:
        """Learn, store and return what decoding needs: with `tune_f1` the bonus for each entity with which F1 is best, and the
        temperature at which confidences best foretell which of the entities found so are right.

        examples: development data, not training data; their predicted Docs have been through the components before
            this one. They are read once, in batches.

        Raises SpanwrightError where the model finds no entity in annotated text.
        """
        known = (self._with_known_labels(example) for example in examples if len(example.predicted))
        batches = [self._scored(batch) for batch in minibatch(known, BATCH_SIZE)]
        bonus = fit_bonus(partial(self._f1_at, batches)) if self.cfg["tune_f1"] else 0.0
        is_known, is_right = self._judge(batches, bonus)
        if not is_known.any():
            raise SpanwrightError(Errors.S307.format(name=self.name))

        def confidences_at(temperature: float) -> Doubles1d:
            found = [self._decode(scores, preset, temperature, bonus).confidences for scores, preset, *_ in batches]
            return np.concatenate(found)[is_known]

        learnt = {"entity_bonus": bonus, "temperature": fit_temperature(confidences_at, is_right[is_known])}
        self.cfg.update(learnt)
        return learnt

    @property
    def _tagset(self) -> TagSet:
        return build_tagset(self.labels, self.cfg["scheme"])

    @property
    def _is_crf(self) -> bool:
        return self.model.get_ref("head").attrs["head"] == "crf"

    @property
    def _thresholds(self) -> Doubles1d:
        """The least confidence (labels,) of an entity of each label."""
        general = self.cfg["threshold"] or 0.0
        return np.array([self.cfg["label_thresholds"].get(label, general) for label in self.labels])

    def _preset(self, docs: Iterable[Doc]) -> TagIds | None:
        """The tags of entities that earlier components set; None where these are replaced."""
        if self.cfg["overwrite"]:
            return None
        return _concatenate([preset_tags(doc, self._tagset) for doc in docs])

    def _decode(
        self, scores: TagScores, preset: TagIds | None, temperature: float = 1.0, bonus: float = 0.0
    ) -> Entities:
        return decode(scores, self._tagset, preset=preset, temperature=temperature, entity_bonus=bonus)

    def _scored(self, examples: Sequence[Example]) -> _Scored:
        docs = [example.predicted for example in examples]
        gold = self._gold(examples)
        entities = set(zip(*find_spans(gold, self._tagset), strict=True))
        return _Scored(self.model.predict(docs), self._preset(docs), gold, entities)

    def _gold(self, examples: Iterable[Example]) -> TagIds:
        return _concatenate([gold_tags(example, self._tagset) for example in examples])

    def _with_known_labels(self, example: Example) -> Example:
        """Return the Example without gold entities of other labels: nothing that is found there is right."""
        unknown = [entity for entity in example.reference.ents if entity.label_ not in self.labels]
        if not unknown:
            return example
        reference = example.reference.copy()
        reference.set_ents([], outside=unknown, default="unmodified")
        return Example(example.predicted, reference)

    def _f1_at(self, batches: Sequence[_Scored], bonus: float) -> float:
        """The F1, in annotated words, of the entities found with a bonus."""
        is_known, is_right = self._judge(batches, bonus)
        n_gold = sum(len(batch.entities) for batch in batches)
        return 2 * int(is_right.sum()) / max(int(is_known.sum()) + n_gold, 1)

    def _judge(self, batches: Iterable[_Scored], bonus: float) -> tuple[Bools1d, Bools1d]:
        """Of each entity found, whether its words are annotated at all, and whether it is right."""
        is_known: list[bool] = []
        is_right: list[bool] = []
        for scores, preset, gold, entities in batches:
            for start, end, label in zip(*self._decode(scores, preset, bonus=bonus).spans, strict=True):
                is_known.append(bool((gold[start:end] != ANY).all()))
                is_right.append((start, end, label) in entities)
        return np.array(is_known, dtype=bool), np.array(is_right, dtype=bool)

    def _set_ents(self, doc: Doc, spans: list[Span]) -> None:
        if self.cfg["overwrite"]:
            doc.set_ents(spans)
            return
        blocked = [doc[i : i + 1] for i in np.flatnonzero(is_blocked(doc)).tolist()]
        doc.set_ents([*doc.ents, *spans], blocked=blocked)

    def _check_settings(self) -> None:
        cfg = self.cfg
        self.check("scheme", cfg["scheme"], cfg["scheme"] in get_args(Scheme), ", ".join(get_args(Scheme)))
        self.check_numbers()
        self.check("spans_key", cfg["spans_key"], cfg["spans_key"] != "", "a name, or null")
        if self._is_crf and (cfg["class_weights"] or cfg["label_smoothing"]):
            raise SpanwrightError(Errors.S302.format(name=self.name))


def register_extensions() -> None:
    """Give every Span `span._.confidence`."""
    if not Span.has_extension(CONFIDENCE):
        Span.set_extension(CONFIDENCE, default=None)


# on import: a pipeline may come into a process as a pickle, which constructs nothing
register_extensions()


def _concatenate(tags: list[TagIds]) -> TagIds:
    """Join the tags of a batch's Docs. A batch may have none."""
    return np.concatenate([np.zeros(0, dtype=np.int64), *tags])
