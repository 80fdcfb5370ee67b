"""What a corpus holds: counts, lengths, ambiguity, balance, and what of a development corpus is new.

A corpus is read one shard at a time, twice; memory grows with the distinct strings of entities, not with the documents.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from spacy.matcher import PhraseMatcher
from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from spanwright.data.exporting.docs import answers_of, has_entities, question_of, read_docs
from spanwright.errors import Errors, SpanwrightError

SCHEMA = "spanwright.statistics/1"
_EXAMPLES = 10

Form = tuple[str, ...]


@dataclass
class Tally:
    """Counts over a corpus: of entities by label and string, by label and length, and by form, which is their tokens.

    `spelt` has the text of each form where it came first; spaces may differ from one place to another.
    """

    documents: int = 0
    tokens: int = 0
    entity_documents: int = 0
    strings: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    lengths: defaultdict[str, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))
    documents_with: Counter[str] = field(default_factory=Counter)
    forms: Counter[Form] = field(default_factory=Counter)
    spelt: dict[Form, str] = field(default_factory=dict)
    unannotated: Counter[Form] = field(default_factory=Counter)
    cats: defaultdict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    questions: Counter[str] = field(default_factory=Counter)

    def add(self, doc: Doc) -> None:
        """Take a Doc in."""
        self.documents += 1
        self.tokens += len(doc)
        self.entity_documents += has_entities(doc)
        self.documents_with.update({entity.label_ for entity in doc.ents})
        for entity in doc.ents:
            self.strings[entity.label_][entity.text] += 1
            self.lengths[entity.label_][len(entity)] += 1
            self.forms[_form(entity)] += 1
            self.spelt.setdefault(_form(entity), entity.text)
        for label, score in doc.cats.items():
            self.cats[label]["positive" if score == 1 else "negative" if score == 0 else "between"] += 1
        if question_of(doc) is not None:
            found = answers_of(doc)
            self.questions.update({"answered" if found else "impossible": 1, "answers": len(found)})

    def add_unannotated(self, doc: Doc, matcher: PhraseMatcher) -> None:
        """Count where the form of some entity stands outside of all entities."""
        for span in matcher(doc, as_spans=True):
            if _is_outside(span):
                self.unannotated[_form(span)] += 1


def statistics(train: Path, dev: Path | None = None) -> dict[str, Any]:
    """The statistics of a corpus, and of a development corpus beside it, ready for JSON; docs/preannotation.md has the keys.

    RAISES (SpanwrightError): A corpus that cannot be read, or that has no documents.
    """
    first = tally(train)
    result: dict[str, Any] = {"schema": SCHEMA, "train": {"path": str(train), **summary(first)}, "dev": None}
    if dev is not None:
        second = tally(dev)
        result["dev"] = {"path": str(dev), **summary(second), "unseen": unseen(first.strings, second.strings)}
    return result


def tally(corpus: Path) -> Tally:
    """Count over a corpus.

    RAISES (SpanwrightError): A corpus that cannot be read, or that has no documents.
    """
    result, vocab = Tally(), Vocab()
    for doc in read_docs(corpus, vocab):
        result.add(doc)
    if not result.documents:
        raise SpanwrightError(Errors.S029.format(path=corpus))
    if result.forms:
        matcher = PhraseMatcher(vocab)
        matcher.add("", [Doc(vocab, words=form) for form in result.forms])
        for doc in read_docs(corpus, vocab):
            result.add_unannotated(doc, matcher)
    return result


def summary(found: Tally) -> dict[str, Any]:
    """What was counted, as numbers by label and examples of what is ambiguous."""
    labels = sorted(found.strings, key=lambda label: (-found.strings[label].total(), label))
    return {
        "documents": found.documents,
        "tokens": found.tokens,
        "documents_with_entities_annotated": found.entity_documents,
        "entities": {
            label: {
                "count": found.strings[label].total(),
                "documents": found.documents_with[label],
                "strings": len(found.strings[label]),
                "tokens": length_summary(found.lengths[label]),
            }
            for label in labels
        },
        "ambiguity": {"labels": _many_labels(found.strings), "unannotated": _partly_annotated(found)},
        "categories": {
            label: {**dict.fromkeys(("positive", "negative", "between"), 0), **counts}
            for label, counts in sorted(found.cats.items())
        },
        "questions": {**dict.fromkeys(("answered", "impossible", "answers"), 0), **found.questions},
    }


def length_summary(lengths: Mapping[int, int]) -> dict[str, int]:
    """The shortest, median, 95th percentile and longest of lengths, given how often each occurs.

    A percentile is the least length that this share of all does not exceed (the nearest rank).
    """
    return {"min": min(lengths), "median": _rank(lengths, 50), "p95": _rank(lengths, 95), "max": max(lengths)}


def unseen(train: Mapping[str, Counter[str]], dev: Mapping[str, Counter[str]]) -> dict[str, dict[str, Any]]:
    """For each label of `dev` the distinct strings, and the entities, whose string has not that label in `train`."""
    result = {}
    for label in sorted(dev):
        new = {string: count for string, count in dev[label].items() if string not in train.get(label, {})}
        strings, count = len(dev[label]), dev[label].total()
        result[label] = {
            "strings": strings,
            "unseen_strings": len(new),
            "unseen_strings_share": round(len(new) / strings, 4),
            "entities": count,
            "unseen_entities": sum(new.values()),
            "unseen_entities_share": round(sum(new.values()) / count, 4),
        }
    return result


def _rank(lengths: Mapping[int, int], percent: int) -> int:
    needed, seen = sum(lengths.values()) * percent, 0
    for length in sorted(lengths):
        seen += lengths[length]
        if seen * 100 >= needed:
            return length
    raise ValueError("no lengths")


def _many_labels(strings: Mapping[str, Counter[str]]) -> dict[str, Any]:
    """The strings that have more than one label, the most frequent as examples."""
    by_string: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for label, counts in sorted(strings.items()):
        for string, count in counts.items():
            by_string[string][label] = count
    many = {string: labels for string, labels in by_string.items() if len(labels) > 1}
    first = sorted(many, key=lambda string: (-sum(many[string].values()), string))[:_EXAMPLES]
    return {"strings": len(many), "examples": [{"text": string, "labels": many[string]} for string in first]}


def _partly_annotated(found: Tally) -> dict[str, Any]:
    """The forms that are an entity in one place and stand outside of all in another, the most frequent as examples."""
    first = sorted(found.unannotated, key=lambda form: (-found.unannotated[form], form))[:_EXAMPLES]
    examples = [
        {"text": found.spelt[form], "annotated": found.forms[form], "unannotated": found.unannotated[form]}
        for form in first
    ]
    return {"strings": len(found.unannotated), "occurrences": found.unannotated.total(), "examples": examples}


def _form(span: Span) -> Form:
    return tuple(token.text for token in span)


def _is_outside(span: Span) -> bool:
    """Whether all tokens are annotated as outside of entities; where nothing is annotated nothing is known."""
    return all(token.ent_iob_ == "O" for token in span)
