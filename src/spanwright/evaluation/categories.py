"""Scores of categories: pure functions over arrays of texts by labels.

gold: 1 = the text has the label, 0 = it has it not, NaN = nobody said. scores: the pipeline's, from 0 to 1.
What nobody said counts neither for nor against.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spanwright.errors import Errors, SpanwrightError
from spanwright.evaluation.calibration import reliability
from spanwright.evaluation.entities import ratios
from spanwright.types import Bools2d, Doubles1d, Doubles2d, Ints2d

THRESHOLD = 0.5
ROUNDING = 1e-6  # by how much sums of probabilities in float32 may exceed 1


class CategoryTask(NamedTuple):
    """What a component of a pipeline decides about texts. `thresholds` is (labels,); None where labels are exclusive."""

    name: str
    labels: tuple[str, ...]
    exclusive: bool
    thresholds: Doubles1d | None


def category_tasks(nlp: Language) -> list[CategoryTask]:
    """Return the tasks of the components that set `doc.cats`: spaCy's own and Spanwright's."""
    names = [name for name in nlp.pipe_names if "doc.cats" in nlp.get_pipe_meta(name).assigns]
    return [_task(name, nlp.get_pipe(name)) for name in names]


def _task(name: str, component: Any) -> CategoryTask:
    # of spaCy's two, only the one for several labels knows missing values
    exclusive = component.cfg.get("exclusive", not getattr(component, "support_missing_values", False))
    by_label = getattr(component, "thresholds", {})
    general = component.cfg.get("threshold", THRESHOLD)
    thresholds = np.array([by_label.get(label, general) for label in component.labels], dtype=np.float64)
    return CategoryTask(name, tuple(component.labels), exclusive, None if exclusive else thresholds)


def doc_arrays(examples: Iterable[Example], labels: Sequence[str]) -> tuple[Doubles2d, Doubles2d]:
    """Return the gold labels and the scores (examples, labels); NaN where a Doc's `cats` lack a label.

    Examples are read once. Of a stream, take the arrays of batches and concatenate them.
    """
    pairs = [(_row(example.reference, labels), _row(example.predicted, labels)) for example in examples]
    arrays = np.array(pairs, dtype=np.float64).reshape(len(pairs), 2, len(labels))
    return arrays[:, 0], arrays[:, 1]


def _row(doc: Doc, labels: Sequence[str]) -> list[float]:
    return [doc.cats.get(label, np.nan) for label in labels]


def category_metrics(
    gold: Doubles2d, scores: Doubles2d, labels: Sequence[str], *, exclusive: bool, thresholds: Doubles1d | None = None
) -> dict[str, Any]:
    """Return everything that is said about categories; ready for JSON, and None is what cannot be computed.

    gold, scores: (texts, labels). Where labels exclude each other, a text without a gold label is left out.
    exclusive: a text gets the label that scores highest. Otherwise it gets each label that scores at least its threshold.
    thresholds: (labels,), unless exclusive; None = 0.5 for each.

    documents: texts that something is known of. accuracy: share of them with all labels right (of texts of which all is
    known). micro, macro, weighted: all decisions alike, the mean over labels, and that mean weighted by support; as in
    scikit-learn, macro and weighted pass over labels without a value. labels: precision, recall, F1, counts, area under the ROC
    curve and average precision of each. confusion: counts[i][j] texts of labels[i] that got labels[j]; None unless exclusive.
    calibration: see `reliability`, of the label each text got, or of every score if labels do not exclude each other.

    Raises SpanwrightError for gold labels other than 0 and 1, for scores outside of 0 to 1 or missing, and for a text
    with more than one of labels that exclude each other.
    """
    _check(gold, scores, labels, exclusive=exclusive)
    scores = np.clip(scores, 0, 1)
    if exclusive:
        has_gold = (gold == 1).any(axis=1)
        gold, scores = (gold[has_gold] == 1).astype(np.float64), scores[has_gold]
    if thresholds is None:
        thresholds = np.full(len(labels), THRESHOLD)
    given = assigned(scores, exclusive=exclusive, thresholds=thresholds)
    counts = label_counts(gold, given)
    per_label = {
        label: {
            **_score(*counts[:, i].tolist()),
            "support": int(counts[0, i] + counts[2, i]),
            "predicted": int(counts[0, i] + counts[1, i]),
            "auc": auc(gold[:, i], scores[:, i]),
            "average_precision": average_precision(gold[:, i], scores[:, i]),
            "threshold": None if exclusive else float(thresholds[i]),
        }
        for i, label in enumerate(labels)
    }
    support = (counts[0] + counts[2]).astype(np.float64)
    return {
        "exclusive": exclusive,
        "documents": int((~np.isnan(gold)).any(axis=1).sum()),
        "accuracy": _accuracy(gold, given),
        "micro": _score(*counts.sum(axis=1).tolist()),
        "macro": _averages(per_label, np.ones(len(labels))),
        "weighted": _averages(per_label, support),
        "labels": per_label,
        "confusion": {"labels": list(labels), "counts": confusion(gold, given).tolist()} if exclusive else None,
        "calibration": _calibration(gold, scores, given, exclusive=exclusive),
    }


def assigned(scores: Doubles2d, *, exclusive: bool, thresholds: Doubles1d) -> Bools2d:
    """Return which labels texts get (texts, labels): the highest of each if `exclusive`, else those that reach `thresholds`.

    Of equally high labels the first is taken. A score of 0, as of every label of an empty text, gives no label.
    """
    if not exclusive:
        return (scores >= thresholds) & (scores > 0)
    return (scores > 0) & (np.arange(scores.shape[1]) == scores.argmax(axis=1)[:, None])


def label_counts(gold: Doubles2d, given: Bools2d) -> Ints2d:
    """Return the true positives, false positives and false negatives (3, labels) of labels given to texts."""
    has, has_not = gold == 1, gold == 0  # NaN is neither
    return np.stack([(has & given).sum(axis=0), (has_not & given).sum(axis=0), (has & ~given).sum(axis=0)])


def confusion(gold: Doubles2d, given: Bools2d) -> Ints2d:
    """Return the counts (labels, labels) of texts by their gold label, and the label they were given."""
    return (gold == 1).T.astype(np.int64) @ given.astype(np.int64)


def auc(gold: Doubles1d, scores: Doubles1d) -> float | None:
    """Return the area under the ROC curve: how often a text with the label outscores one without; ties count half.

    By rank sums (Mann and Whitney, 1947). None unless there are texts of both kinds.
    """
    gold, scores = _known(gold, scores)
    n_positive = int(gold.sum())
    n_negative = len(gold) - n_positive
    if not (n_positive and n_negative):
        return None
    _, number, count = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(count) - (count - 1) / 2)[number]
    return float((ranks @ gold - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def average_precision(gold: Doubles1d, scores: Doubles1d) -> float | None:
    """Return the mean of precision over recall, step by step from the highest score down, as scikit-learn does.

    None where no text has the label.
    """
    gold, scores = _known(gold, scores)
    if not gold.any():
        return None
    order = np.argsort(-scores, kind="stable")
    gold, scores = gold[order], scores[order]
    ends = np.append(np.flatnonzero(np.diff(scores)), len(scores) - 1)  # equal scores make one step
    tp = np.cumsum(gold)[ends]
    return float(np.diff(tp, prepend=0) @ (tp / (ends + 1)) / tp[-1])


def _known(gold: Doubles1d, scores: Doubles1d) -> tuple[Doubles1d, Doubles1d]:
    known = ~np.isnan(gold)
    return gold[known], scores[known]


def _score(tp: int, fp: int, fn: int) -> dict[str, Any]:
    return {**ratios(tp, fp, fn), "tp": tp, "fp": fp, "fn": fn}


def _averages(per_label: dict[str, dict[str, Any]], weights: Doubles1d) -> dict[str, float | None]:
    """Return the weighted mean over labels of each measure, without the labels that have no value."""
    means: dict[str, float | None] = {}
    for measure in ("p", "r", "f", "auc", "average_precision"):
        values = np.array([score[measure] for score in per_label.values()], dtype=np.float64)  # None becomes NaN
        used = np.where(np.isnan(values), 0.0, weights)
        means[measure] = float(np.nan_to_num(values) @ used / used.sum()) if used.any() else None
    return means


def _accuracy(gold: Doubles2d, given: Bools2d) -> float | None:
    complete = ~np.isnan(gold).any(axis=1)
    return float(((gold == 1) == given)[complete].all(axis=1).mean()) if complete.any() else None


def _calibration(gold: Doubles2d, scores: Doubles2d, given: Bools2d, *, exclusive: bool) -> dict[str, Any] | None:
    decisions = given if exclusive else ~np.isnan(gold)
    return reliability(scores[decisions], gold[decisions] == 1)


def _check(gold: Doubles2d, scores: Doubles2d, labels: Sequence[str], *, exclusive: bool) -> None:
    _check_values(~(np.isnan(gold) | (gold == 0) | (gold == 1)), gold, labels, Errors.S540)
    _check_values(~((scores >= 0) & (scores <= 1 + ROUNDING)), scores, labels, Errors.S541)
    several = np.flatnonzero((gold == 1).sum(axis=1) > 1)
    if exclusive and several.size:
        text = int(several[0])
        found = [label for label, value in zip(labels, gold[text], strict=True) if value == 1]
        raise SpanwrightError(Errors.S542.format(text=text + 1, found=", ".join(found), count=several.size))


def _check_values(is_wrong: Bools2d, values: Doubles2d, labels: Sequence[str], message: str) -> None:
    if is_wrong.any():
        text, label = np.argwhere(is_wrong)[0].tolist()
        found = values[text, label]
        message = message.format(text=text + 1, label=labels[label], found=found, count=int(is_wrong.sum()))
        raise SpanwrightError(message)
