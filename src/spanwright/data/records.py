"""What the readers yield: one annotated text each, with the file and line it came from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TaggedRecord:
    """Tokens with one IOB2 tag each, as files in columns hold them.

    `lines` has the line of every token. `spaces` tells whether a space follows a token, or is None where the source
    does not say. `sentence_starts` holds token indices; a record always starts a sentence.
    """

    file: str
    line: int
    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    lines: Sequence[int]
    spaces: tuple[bool, ...] | None = None
    sentence_starts: tuple[int, ...] = (0,)
    id: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class CharSpan:
    """A labelled part of a text: `start` and `end` are offsets in characters, the end not included.

    `text` is what the source says stands there, where it says so.
    """

    start: int
    end: int
    label: str
    text: str | None = None


@dataclass(frozen=True, slots=True)
class SpanRecord:
    """A text and its labelled spans, and its categories where the source has them too."""

    file: str
    line: int
    text: str
    spans: tuple[CharSpan, ...]
    id: str = ""
    group: str = ""
    cats: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CategoryRecord:
    """A text and its categories: 1.0 where one holds, 0.0 where it is known not to."""

    file: str
    line: int
    text: str
    cats: dict[str, float] = field(default_factory=dict)
    id: str = ""
    group: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer and its offset in the context, in characters."""

    text: str
    start: int


@dataclass(frozen=True, slots=True)
class QuestionRecord:
    """A question about a context; `answers` is empty where the context does not answer it."""

    file: str
    line: int
    context: str
    question: str
    answers: tuple[Answer, ...]
    id: str = ""
    group: str = ""
    impossible: bool = False


Record = TaggedRecord | SpanRecord | CategoryRecord | QuestionRecord


@dataclass(frozen=True, slots=True)
class Checked:
    """A record fit to be written, whether a repair changed it, and the labels of the annotations that one changed."""

    record: Record
    changed: bool = False
    changed_labels: tuple[str, ...] = ()


def text_of(record: Record) -> str:
    """The text of a record, or its tokens a line; of a question the context."""
    if isinstance(record, TaggedRecord):
        return "\n".join(record.tokens)
    return record.context if isinstance(record, QuestionRecord) else record.text


def labels_of(record: Record) -> list[str]:
    """The label of each annotation of a record; answers have the label `answer`."""
    if isinstance(record, TaggedRecord):
        return [tag[2:] for tag in record.tags if tag.startswith("B-")]
    if isinstance(record, SpanRecord):
        return [*(span.label for span in record.spans), *record.cats]
    if isinstance(record, CategoryRecord):
        return list(record.cats)
    return ["answer"] * len(record.answers)
