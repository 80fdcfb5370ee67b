"""Questions with answers in a context: SQuAD 1.1 and 2.0, and flat records with the same fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from spanwright.data.checks import Finding, Findings
from spanwright.data.ledger import Ledger
from spanwright.data.readers.shape import storable
from spanwright.data.records import Answer, Checked, QuestionRecord
from spanwright.data.spans import check_text
from spanwright.errors import Errors, SpanwrightError

_DROPPED = "answer outside of the context"


@dataclass(frozen=True)
class _Asked:
    """A question as the source has it."""

    file: str
    line: int
    context: str
    question: str
    answers: list[tuple[str, int]]
    id: str
    group: str
    impossible: bool


class QuestionsReader:
    """Reads questions from a stream of JSON values."""

    task = "qa"

    def __init__(
        self, values: Callable[[], Iterator[tuple[int, Any]]], findings: Findings, ledger: Ledger, *, file: str
    ) -> None:
        self._values = values
        self._file = file
        self.findings = findings
        self.ledger = ledger
        self.decisions = ["questions with answers in a context (SQuAD)"]

    def records(self) -> Iterator[Checked]:
        """Yield the questions, each checked and repaired."""
        none = True
        for line, value in self._values():
            try:
                asked = list(_questions(self._file, line, value))
            except (KeyError, TypeError, AttributeError, ValueError) as error:
                reason = f"{type(error).__name__}: {error}"
                raise SpanwrightError(Errors.S122.format(file=self._file, line=line, reason=reason)) from error
            for question in asked:
                none = False
                yield from self._checked(question)
        if none:
            raise SpanwrightError(Errors.S105.format(file=self._file))

    def _checked(self, asked: _Asked) -> Iterator[Checked]:
        self.ledger.records.read += 1
        account = self.ledger.label("answer")
        account.read += len(asked.answers)
        texts = (asked.context, asked.question)
        if not all(check_text(text, asked.file, asked.line, asked.id, self.findings) for text in texts):
            self.ledger.records.dropped["empty text"] += 1
            account.dropped["empty text"] += len(asked.answers)
            return
        given = asked.answers
        if asked.impossible and given:
            self._find(asked, "impossible-answered", f"{len(given)} answers, first {given[0][0]!r}", "drop the answers")
            account.dropped["impossible question"] += len(given)
            given = []
        elif not given and not asked.impossible:
            self._find(asked, "unanswered", asked.question[:60], "")
        answers = [(self._placed(asked, text, start), text, start) for text, start in given]
        kept = [placed for placed, _, _ in answers if placed is not None]
        if given and not kept:  # it has an answer, and must not be learnt as a question that has none
            self.ledger.records.dropped[_DROPPED] += 1
            return
        moved = sum(
            placed is not None and (placed.text, placed.start) != (text, start) for placed, text, start in answers
        )
        record = QuestionRecord(
            asked.file, asked.line, asked.context, asked.question, tuple(kept), asked.id, asked.group, not kept
        )
        yield Checked(record, len(kept) < len(asked.answers) or bool(moved), ("answer",) * moved)

    def _placed(self, asked: _Asked, text: str, start: int) -> Answer | None:
        """The answer where it really stands; None where it stands nowhere."""
        bare = text.strip()
        start += len(text) - len(text.lstrip())
        if bare and asked.context.startswith(bare, max(start, 0)) and start >= 0:
            if bare != text:
                self._find(asked, "span-edge", repr(text), "trim it")
            return Answer(bare, start)
        nearest = _nearest(asked.context, bare, start) if bare else None
        if nearest is None:
            self._find(asked, "answer-outside", f"{text[:60]!r} at {start}", "drop it")
            self.ledger.label("answer").dropped[_DROPPED] += 1
            return None
        self._find(asked, "answer-offset", f"{text[:60]!r} at {start}", f"move it to {nearest}")
        return Answer(asked.context[nearest : nearest + len(bare)], nearest)

    def _find(self, asked: _Asked, code: str, found: str, repair: str) -> None:
        self.findings.add(Finding(code, asked.file, asked.line, found, repair, bool(repair), asked.id))


def _id(entry: dict[str, Any]) -> str:
    return storable(entry.get("id"))


def _nearest(context: str, text: str, start: int) -> int | None:
    """The offset of `text` nearest to `start`; case counts unless there is no other match."""
    for where, what in ((context, text), (context.lower(), text.lower())):
        # lower case can be longer than what it stands for, and offsets would shift
        if len(where) != len(context) or len(what) != len(text):
            continue
        start = max(0, min(start, len(context)))
        before, after = where.rfind(what, 0, start + len(what)), where.find(what, start)
        found = [at for at in (before, after) if at >= 0]
        if found:
            return min(found, key=lambda at: abs(at - start))
    return None


def _questions(file: str, line: int, value: Any) -> Iterator[_Asked]:
    if "paragraphs" not in value:
        yield _asked(file, line, value["context"], value, storable(value.get("title")))
        return
    for paragraph in value["paragraphs"]:
        for entry in paragraph["qas"]:
            yield _asked(file, line, paragraph["context"], entry, storable(value.get("title")))


def _asked(file: str, line: int, context: str, entry: dict[str, Any], group: str) -> _Asked:
    given = entry.get("answers") or []
    if "answers" not in entry and (others := [key for key in entry if key.startswith("answer") and entry[key]]):
        raise ValueError(f"answers are read from answers, and there is {', '.join(others)}")
    if isinstance(given, dict):
        pairs = list(zip(given["text"], given["answer_start"], strict=True))
    else:
        pairs = [(answer["text"], answer["answer_start"]) for answer in given]
    if not isinstance(context, str) or not isinstance(entry["question"], str):
        raise TypeError("context and question must be text")
    if not all(isinstance(text, str) and type(start) is int for text, start in pairs):
        raise TypeError("an answer needs a text and a whole number as its answer_start")
    impossible = entry.get("is_impossible")
    if not isinstance(impossible, bool | None):
        raise TypeError(f"is_impossible must be true or false, found {impossible!r:.100}")
    return _Asked(file, line, context, entry["question"], pairs, _id(entry), group, bool(impossible))
