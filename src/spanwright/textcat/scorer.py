"""`spanwright.textcat_scorer.v1`: spaCy's scores of categories, at the thresholds of the component."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example


def make_textcat_scorer(prefix: str = "cats") -> Callable[..., dict[str, Any]]:
    """Make the scorer.

    prefix: what the names of the scores begin with. Two components of a pipeline need two, or the later one's scores
        replace the earlier one's.
    """
    return partial(textcat_score, prefix=prefix)


def textcat_score(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    exclusive: bool,
    thresholds: Mapping[str, float],
    prefix: str = "cats",
    **cfg: Any,
) -> dict[str, Any]:
    """Return what `spacy.scorer.Scorer.score_cats` does: `cats_macro_f`, `cats_micro_f`, `cats_macro_auc`, `cats_f_per_type`...

    thresholds: by label, from where on a label counts as given. Of exclusive labels always the most probable one counts.

    Texts without a gold label, or a word, are left out where labels are exclusive; elsewhere values that nobody gave are.
    """
    if exclusive:
        # of a text without words every label is 0, and score_cats would take the first for the one that was given
        given = (example for example in examples if any(example.predicted.cats.get(label) for label in labels))
        examples = [example for example in given if any(example.reference.cats.get(label) for label in labels)]

    def rescaled(doc: Doc, attr: str) -> dict[str, float]:
        # score_cats knows one threshold; these shifts change neither what is above it nor the order of a label's scores
        return {label: _move_threshold(value, thresholds.get(label, 0.5)) for label, value in doc.cats.items()}

    def as_they_are(doc: Doc, attr: str) -> dict[str, float]:
        return doc.cats

    return Scorer.score_cats(
        examples,
        prefix,
        getter=as_they_are if exclusive else rescaled,
        labels=labels,
        multi_label=not exclusive,
        threshold=0.5,
    )


def _move_threshold(value: float, threshold: float) -> float:
    """Map 0..`threshold`..1 to 0..0.5..1, in two straight lines. 0 stays 0, the score of a Doc without words."""
    if value < threshold or value == 0:
        return value / threshold / 2 if value else 0.0
    return 1.0 if threshold == 1 else 1 - (1 - value) / (1 - threshold) / 2
