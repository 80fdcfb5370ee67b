"""The scores that `spacy evaluate` gives, without keeping every Doc."""

from __future__ import annotations

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import numpy as np
from spacy.language import Language
from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example
from thinc.util import convert_recursive

from spanwright.data.exporting.docs import question_of
from spanwright.qa.answers import ANSWERS
from spanwright.qa.corpus import EXTENSIONS

# all of them are spacy.scorer.get_ner_prf
ENTITY_SCORERS = {"spacy.ner_scorer.v1", "spacy.entity_ruler_scorer.v1", "spanwright.ner_scorer.v1"}
# what these look at is in `_notes`
NOTE_SCORERS = {
    "spacy.textcat_scorer.v1",
    "spacy.textcat_scorer.v2",
    "spacy.textcat_multilabel_scorer.v1",
    "spacy.textcat_multilabel_scorer.v2",
    "spanwright.textcat_scorer.v1",
    "spanwright.qa_scorer.v1",
}


class SpacyScores:
    """Gathers what the scorers of a pipeline need, document by document.

    Of entities that is nothing beyond counts that are taken elsewhere, of categories and answers a few strings and numbers. The
    scorers of other components (taggers, parsers, users' own) get whole Examples, so for them all Docs are kept.
    """

    def __init__(self, nlp: Language) -> None:
        self._nlp = nlp
        # a setting of None means that there is nothing to score; a component of a user's may have no such setting
        has_score = [
            name for name, pipe in nlp.pipeline if hasattr(pipe, "score") and getattr(pipe, "scorer", "") is not None
        ]
        self._scorers = {name: (nlp.get_pipe_config(name).get("scorer") or {}).get("@scorers") for name in has_score}
        used = set(self._scorers.values())
        self._keeps_notes = bool(used & NOTE_SCORERS)
        self._keeps_examples = bool(used - NOTE_SCORERS - ENTITY_SCORERS)
        self._notes: list[SimpleNamespace] = []
        self._examples: list[Example] = []
        self._token_accuracy, self._tokens = PRFScore(), PRFScore()

    def add(self, example: Example) -> None:
        if not example.reference.has_unknown_spaces:
            self._count_tokens(example)
        if self._keeps_notes:
            self._notes.append(
                SimpleNamespace(predicted=_notes(example.predicted), reference=_notes(example.reference))
            )
        if self._keeps_examples:
            self._examples.append(example)

    def scores(self, entity_hits: Mapping[str, tuple[int, int, int]]) -> dict[str, Any]:
        """Return the scores of all components under spaCy's keys.

        entity_hits: true positives, false positives and false negatives by label.
        """
        found = self._token_scores()
        for name, scorer in self._scorers.items():
            if scorer in ENTITY_SCORERS:
                found.update(_entity_scores(entity_hits))
            elif scorer not in NOTE_SCORERS:
                found.update(self._nlp.get_pipe(name).score(self._examples))
            elif self._has_gold(name):  # without, spaCy would give scores of 0
                found.update(self._nlp.get_pipe(name).score(self._notes))
        return convert_recursive(lambda value: isinstance(value, np.floating), float, found)

    def _has_gold(self, name: str) -> bool:
        if self._scorers[name] == "spanwright.qa_scorer.v1":
            return any(notes.reference.user_data for notes in self._notes)
        labels = set(self._nlp.get_pipe(name).labels)
        return any(labels & notes.reference.cats.keys() for notes in self._notes)

    def _count_tokens(self, example: Example) -> None:
        """Count as `spacy.scorer.Scorer.score_tokenization` does."""
        gold, predicted = _token_spans(example.reference), _token_spans(example.predicted)
        self._tokens.score_set(predicted, gold)
        # aligning is slow, and seldom needed
        right = len(predicted)
        if predicted != gold:
            lengths = example.alignment.x2y.lengths
            right = sum(bool(lengths[token.i] == 1) for token in example.predicted if not token.is_space)
        self._token_accuracy += PRFScore(tp=right, fp=len(predicted) - right)

    def _token_scores(self) -> dict[str, Any]:
        if not len(self._token_accuracy):
            return dict.fromkeys(("token_acc", "token_p", "token_r", "token_f"))
        tokens = self._tokens
        return {
            "token_acc": self._token_accuracy.precision,
            "token_p": tokens.precision,
            "token_r": tokens.recall,
            "token_f": tokens.fscore,
        }


def _entity_scores(hits: Mapping[str, tuple[int, int, int]]) -> dict[str, Any]:
    per_type = {label: PRFScore(tp=tp, fp=fp, fn=fn) for label, (tp, fp, fn) in hits.items()}
    total = sum(per_type.values(), PRFScore())
    if not len(total):
        return dict.fromkeys(("ents_p", "ents_r", "ents_f", "ents_per_type"))
    return {
        "ents_p": total.precision,
        "ents_r": total.recall,
        "ents_f": total.fscore,
        "ents_per_type": {label: score.to_dict() for label, score in per_type.items()},
    }


class _Answers(list[SimpleNamespace]):
    """The spans of `doc.spans["answers"]`."""

    attrs: dict[str, Any]


def _notes(doc: Doc) -> SimpleNamespace:
    """What scorers of categories and answers look at of a Doc, in a fraction of its memory."""
    notes = SimpleNamespace(cats=dict(doc.cats), user_data={}, spans={})
    for name in EXTENSIONS:
        if (value := question_of(doc, name)) is not None:
            notes.user_data["._.", name, None, None] = value
    if ANSWERS in doc.spans:
        group = doc.spans[ANSWERS]
        notes.spans[ANSWERS] = _Answers(
            SimpleNamespace(text=span.text, start_char=span.start_char, label_=span.label_) for span in group
        )
        notes.spans[ANSWERS].attrs = dict(group.attrs)
    return notes


def _token_spans(doc: Doc) -> set[tuple[int, int]]:
    return {(token.idx, token.idx + len(token)) for token in doc if not token.is_space}
