"""Tags of tokens: which there are, which may follow which, and how entities become tags and tags become entities."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.tokens import Doc
from spacy.training import Example

from spanwright.errors import Errors, SpanwrightError
from spanwright.types import Bools1d, Bools2d, Ints1d

Scheme = Literal["bio", "biluo"]
TagIds = Ints1d  # (words,), the words of a batch's Docs one after another
Positions = Ints1d  # (spans,), offsets into those words

OUTSIDE = 0
ANY = -1  # nothing is known about the tag of this word

_PREFIXES: dict[Scheme, str] = {"bio": "BI", "biluo": "BILU"}
# an entity may stop after these; O counts, since what follows it follows no open entity
_CAN_STOP: dict[Scheme, str] = {"bio": "OBI", "biluo": "OLU"}
_IOB_MISSING, _IOB_OUTSIDE, _IOB_BEGIN = 0, 2, 3  # spaCy's codes


class SpanTable(NamedTuple):
    """Labelled spans, a row each, in order of their start; `ends` are exclusive."""

    starts: Positions
    ends: Positions
    labels: Ints1d  # (spans,), indices into TagSet.labels


@dataclass(frozen=True, eq=False)
class TagSet:
    """The tags of a set of labels: O, then each label's prefixes in turn.

    Get one from `build_tagset`, which makes the tables once.
    """

    labels: tuple[str, ...]
    scheme: Scheme
    names: tuple[str, ...]  # (tags,)
    prefixes: NDArray[np.str_]  # (tags,)
    label_of: Ints1d  # (tags,), -1 for O
    begins: Bools1d  # (tags,): the tag is the first of an entity
    continues: Bools2d  # (tags, tags): the second tag goes on with the entity of the first
    # (tags + 1, tags + 1): row = the tag before, column = the tag after; the last of each is the Doc's boundary
    allowed: Bools2d

    def __len__(self) -> int:
        return len(self.names)

    def tags_of(self, label: str, length: int) -> TagIds:
        """Return the tags of an entity of `length` >= 1 words."""
        kinds = _PREFIXES[self.scheme]
        single, last = ("U", "L") if self.scheme == "biluo" else ("B", "I")
        spelt = single if length == 1 else "B" + "I" * (length - 2) + last
        first = 1 + self.labels.index(label) * len(kinds)
        return np.array([first + kinds.index(prefix) for prefix in spelt])


@functools.cache
def build_tagset(labels: tuple[str, ...], scheme: Scheme) -> TagSet:
    """Make the tag set of `labels`."""
    pairs = [(prefix, i) for i in range(len(labels)) for prefix in _PREFIXES[scheme]]
    names = ("O", *(f"{prefix}-{labels[i]}" for prefix, i in pairs))
    prefixes = np.array(["O", *(prefix for prefix, _ in pairs)])
    label_of = np.array([-1, *(i for _, i in pairs)])
    is_inside = np.isin(prefixes, ["I", "L"])
    is_same = label_of[:, None] == label_of[None, :]
    continues = np.isin(prefixes, ["B", "I"])[:, None] & is_inside[None, :] & is_same
    can_stop = np.append(np.isin(prefixes, list(_CAN_STOP[scheme])), True)
    allowed = can_stop[:, None] & ~np.append(is_inside, False)[None, :]
    allowed[:-1, :-1] |= continues
    return TagSet(labels, scheme, names, prefixes, label_of, np.isin(prefixes, ["B", "U"]), continues, allowed)


def find_spans(tags: TagIds, tagset: TagSet) -> SpanTable:
    """Return the entities that valid tags (words,) spell. ANY reads as O."""
    known = np.where(tags == ANY, OUTSIDE, tags)
    prefixes = tagset.prefixes[known]
    is_inside = np.isin(prefixes, ["I", "L"])
    goes_on = np.append(is_inside[1:], False)
    starts = np.flatnonzero(tagset.begins[known])
    ends = np.flatnonzero((prefixes != "O") & ~goes_on) + 1
    return SpanTable(starts, ends, tagset.label_of[tags[starts]])


def permitted_tags(tags: TagIds, lengths: Ints1d, tagset: TagSet) -> Bools2d:
    """Return a table (words, tags) of what each word may be: its tag, or anything where the tag is ANY.

    An entity that is given stays as long as it is: the word behind it may not go on with it.
    lengths: (docs,), in words; their sum is the number of words.
    """
    is_open = tags == ANY
    permitted = is_open[:, None] | (tags[:, None] == np.arange(len(tagset))[None, :])
    follows = is_open[1:] & ~is_open[:-1]
    follows[np.cumsum(lengths[lengths > 0])[:-1] - 1] = False
    behind = np.flatnonzero(follows)
    permitted[behind + 1] &= ~tagset.continues[tags[behind]]
    return permitted


def gold_tags(example: Example, tagset: TagSet) -> TagIds:
    """Return the gold tags of the predicted Doc's words: ANY where the annotation is missing or does not align.

    Raises SpanwrightError for a gold entity whose label is not in the tag set.
    """
    predicted, reference = example.predicted, example.reference
    if not reference.has_annotation("ENT_IOB"):
        return np.full(len(predicted), ANY)
    if np.array_equal(predicted.to_array("ORTH"), reference.to_array("ORTH")):
        tags = _annotated_words(reference)
        entities = reference.ents
    elif (aligned_tags := _align_words(predicted, reference, tagset)) is not None:
        return aligned_tags
    else:
        entities, aligned = example.get_aligned_ents_and_ner()
        tags = np.array([OUTSIDE if tag == "O" else ANY for tag in aligned], dtype=np.int64)
    _write(tags, ((entity.start, entity.end, entity.label_) for entity in entities), tagset)
    return tags


def preset_tags(doc: Doc, tagset: TagSet) -> TagIds:
    """Return the tags (words,) that earlier components settled: of their entities, and O where they blocked entities.

    Entities with a label that is not in the tag set read as O.
    """
    tags = np.full(len(doc), ANY)
    tags[is_blocked(doc)] = OUTSIDE
    for entity in doc.ents:
        known = entity.label_ in tagset.labels
        tags[entity.start : entity.end] = tagset.tags_of(entity.label_, len(entity)) if known else OUTSIDE
    return tags


def is_blocked(doc: Doc) -> Bools1d:
    """Return which words (words,) earlier components ruled out as part of any entity."""
    attributes = doc.to_array(["ENT_IOB", "ENT_TYPE"]).reshape(len(doc), 2)
    return (attributes[:, 0] == _IOB_BEGIN) & (attributes[:, 1] == 0)


def _annotated_words(doc: Doc) -> TagIds:
    attributes = doc.to_array(["ENT_IOB", "IS_SPACE"]).reshape(len(doc), 2)
    # spaCy leaves white space without annotation; it begins and ends no entity
    is_missing = (attributes[:, 0] == _IOB_MISSING) & (attributes[:, 1] == 0)
    return np.where(is_missing, ANY, OUTSIDE)


def _align_words(predicted: Doc, reference: Doc, tagset: TagSet) -> TagIds | None:
    """Do what spaCy's `Example.get_aligned_ents_and_ner` does, in a fraction of the time, for Docs of the same text whose
    entities begin and end where words of both do; None for others.
    """
    if predicted.text != reference.text:
        return None
    own_starts, own_ends = _bounds(predicted)
    starts, ends = _bounds(reference)
    # the words of the reference that overlap each word, and how many of them are outside of entities
    first, last = np.searchsorted(ends, own_starts, side="right"), np.searchsorted(starts, own_ends)
    outside = np.cumsum([0, *(reference.to_array("ENT_IOB") == _IOB_OUTSIDE)])
    is_outside = (outside[last] - outside[first] == last - first) | (predicted.to_array("IS_SPACE") == 1)
    tags = np.where(is_outside, OUTSIDE, ANY)
    entities = [(entity.start_char, entity.end_char, entity.label_) for entity in reference.ents]
    start_of = {start: i for i, start in enumerate(own_starts.tolist())}
    end_of = {end: i + 1 for i, end in enumerate(own_ends.tolist())}
    if not all(start in start_of and end in end_of for start, end, _ in entities):
        return None
    _write(tags, ((start_of[start], end_of[end], label) for start, end, label in entities), tagset)
    return tags


def _bounds(doc: Doc) -> tuple[Positions, Positions]:
    bounds = doc.to_array(["IDX", "LENGTH"]).astype(np.int64).reshape(len(doc), 2)
    return bounds[:, 0], bounds.sum(axis=1)


def _write(tags: TagIds, entities: Iterable[tuple[int, int, str]], tagset: TagSet) -> None:
    for start, end, label in entities:
        if label not in tagset.labels:
            raise SpanwrightError(Errors.S306.format(found=label, allowed=", ".join(tagset.labels)))
        tags[start:end] = tagset.tags_of(label, end - start)
