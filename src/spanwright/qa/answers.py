"""What a question is answered with, and how a Doc keeps it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from spacy.tokens import Doc, Span, SpanGroup

from spanwright.types import Ints2d, Singles1d

ANSWERS = "answers"  # the key in doc.spans, as `scripts/convert.py` writes it


class PieceScores(NamedTuple):
    """How well an answer would start and end at each word piece of a context; each piece scored in the window that shows
    most context around it.
    """

    start_scores: Singles1d  # (pieces,), logits
    end_scores: Singles1d  # (pieces,), logits
    offsets: Ints2d  # (pieces, 2), characters of the context, the end not included


@dataclass(frozen=True)
class Candidate:
    """A part of the context that may answer the question.

    text: the context's own characters, `doc.text[start_char:end_char]`.
    score: the probability, from 0 to 1, that exactly this is the answer; with `no_answer_score`, the scores of all
        possible candidates sum to 1.
    span: the tokens that the text lies in; it is longer than the text where a token is not wholly part of the answer.
    """

    text: str
    start_char: int
    end_char: int
    score: float
    span: Span


@dataclass(frozen=True)
class Answer:
    """The answer to a question, or that there is none, which is falsy.

    doc: the Doc of the context.
    n_best: candidates, the best first, whether or not the best is taken for the answer; empty where the context has no
        word pieces.
    no_answer_score: the probability, from 0 to 1, that the context does not answer the question.
    has_answer: whether the best candidate is the answer: False where `no_answer_score` is above the component's threshold.
    """

    question: str
    doc: Doc = field(repr=False)
    n_best: tuple[Candidate, ...]
    no_answer_score: float
    has_answer: bool
    score_pieces: Callable[[], PieceScores] = field(repr=False, compare=False)

    def __bool__(self) -> bool:
        return self.has_answer

    @property
    def text(self) -> str:
        """The answer in the context's own characters; "" where there is none."""
        return self.n_best[0].text if self.has_answer else ""

    @property
    def span(self) -> Span | None:
        """The tokens that the text lies in; None where there is no answer."""
        return self.n_best[0].span if self.has_answer else None

    @property
    def start_char(self) -> int | None:
        return self.n_best[0].start_char if self.has_answer else None

    @property
    def end_char(self) -> int | None:
        """The offset after the last character; None where there is no answer."""
        return self.n_best[0].end_char if self.has_answer else None

    @property
    def score(self) -> float:
        """The probability, from 0 to 1, that exactly `text` is the answer; 0 where there is none."""
        return self.n_best[0].score if self.has_answer else 0.0

    @property
    def start_scores(self) -> Singles1d:
        """How well an answer would start at each word piece of the context, (pieces,), as logits."""
        return self._pieces.start_scores

    @property
    def end_scores(self) -> Singles1d:
        """How well an answer would end at each word piece of the context, (pieces,), as logits."""
        return self._pieces.end_scores

    @property
    def offsets(self) -> Ints2d:
        """The characters of the context that each word piece stands for, (pieces, 2), the end not included."""
        return self._pieces.offsets

    def plot(self, path: Path | str) -> None:
        """Write a picture of the scores and the answers; the suffix of `path` names its format."""
        from spanwright.qa.plots import plot_answer  # matplotlib takes a second to import

        plot_answer(self, Path(path))

    def _repr_html_(self) -> str:
        from spanwright.qa.plots import answer_html

        return answer_html(self)

    @cached_property
    def _pieces(self) -> PieceScores:
        # computed anew when a picture asks for it: kept, the scores of every question would fill the memory
        return self.score_pieces()


class AnswerRecord(NamedTuple):
    """What a Doc keeps of an answer. It survives `Doc.to_bytes`, which an `Answer` does not.

    key: of the setting `questions`; `ANSWERS` for the question in `doc._.question`.
    text, start, end, score: of the best candidate, whether or not it is the answer; "", 0, 0 and 0.0 without candidates.
    has_answer, no_answer_score: see `Answer`.
    """

    key: str
    text: str
    start: int
    end: int
    score: float
    no_answer_score: float
    has_answer: bool


def store_answers(doc: Doc, answers: Mapping[str, Answer]) -> None:
    """Put into `doc.spans["answers"]` the span of each answer that there is, labelled with its key. Answers to other
    questions stay.

    The group's `attrs["scores"]` has the spans' scores, and `attrs["records"]` what `read_answers` returns.
    """
    found = {key: answer for key, answer in answers.items() if answer}
    spans = [Span(doc, answer.span.start, answer.span.end, label=key) for key, answer in found.items() if answer.span]
    records = [list(_to_record(key, answer)) for key, answer in answers.items()]
    attrs: dict[str, list[Any]] = {"scores": [answer.score for answer in found.values()], "records": records}
    if read_answers(doc):
        earlier = doc.spans[ANSWERS]
        pairs = zip(earlier, earlier.attrs["scores"], strict=True)
        others = [(span, score) for span, score in pairs if span.label_ not in answers]
        spans = [*(span for span, _ in others), *spans]
        attrs["scores"] = [*(score for _, score in others), *attrs["scores"]]
        attrs["records"] = [*(record for record in earlier.attrs["records"] if record[0] not in answers), *records]
    doc.spans[ANSWERS] = SpanGroup(doc, name=ANSWERS, spans=spans, attrs=attrs)


def read_answers(doc: Doc) -> dict[str, AnswerRecord]:
    """Return by key what `store_answers` put into the Doc; nothing for a Doc that was not asked."""
    group = doc.spans.get(ANSWERS)
    records = group.attrs.get("records", []) if group is not None else []
    return {record[0]: AnswerRecord(*record) for record in records}


def _to_record(key: str, answer: Answer) -> AnswerRecord:
    text, start, end, score = "", 0, 0, 0.0
    if answer.n_best:
        best = answer.n_best[0]
        text, start, end, score = best.text, best.start_char, best.end_char, best.score
    return AnswerRecord(key, text, start, end, score, answer.no_answer_score, answer.has_answer)
