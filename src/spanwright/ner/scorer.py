"""`spanwright.ner_scorer.v1`: precision, recall and F-score of entities, as of spaCy's own `ner`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from spacy.scorer import get_ner_prf
from spacy.training import Example


def make_ner_scorer() -> Callable[..., dict[str, Any]]:
    return ner_score


def ner_score(examples: Iterable[Example], **kwargs: Any) -> dict[str, Any]:
    """Return `ents_p`, `ents_r`, `ents_f` and `ents_per_type`; None where no Example has gold entities."""
    return get_ner_prf(examples, **kwargs)
