"""Findings: what was found in the annotations, where, and what was done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

from spanwright.errors import Errors, SpanwrightError


class Kind(NamedTuple):
    """A kind of finding. `strict` kinds change the meaning of the annotations, so `--strict` refuses them."""

    summary: str
    strict: bool = False


KINDS = {
    # Rows and tokens
    "missing-tag": Kind("a row has no tag: read as outside of entities", strict=True),
    "extra-column": Kind("a row has more columns than the others: the surplus is ignored", strict=True),
    "other-separator": Kind("a row is separated by something else than the others"),
    "empty-token": Kind("a row has no token, or only white space: the row is dropped", strict=True),
    "token-white-space": Kind("a token holds white space: kept as one token"),
    "token-edge": Kind("white space at the edge of a token: removed"),
    "zero-width": Kind("a token holds characters without width: kept"),
    "control-character": Kind("text holds control characters: kept"),
    "mojibake": Kind("character sequences typical of text decoded twice (such as Ã©): kept"),
    "outside-alias": Kind("0, - or _ stands for O: read as outside of entities"),
    "range-row": Kind("a row numbers several words, or an empty one, as CoNLL-U has them: passed over"),
    "truncated": Kind("no final line end, and the last tag occurs nowhere else: the file may be cut off", strict=True),
    # Schemes and labels
    "orphan-inside": Kind("an entity starts without its start tag: started here", strict=True),
    "label-change": Kind("the label changes inside an entity: two entities", strict=True),
    "unended-entity": Kind("an entity stops without its end tag: ended here", strict=True),
    "stray-edge": Kind("B- or E- where IOB1 or IOE1 has it between neighbours only: taken for the edge it names"),
    "label-case": Kind("the label changes its case inside an entity: spelled as at its start", strict=True),
    "doubtful-scheme": Kind("the tags allow more than one reading; --scheme settles it", strict=True),
    "similar-labels": Kind("labels differ by case or by one character: a probable typo"),
    "ambiguous-column": Kind("more than one column looks like tags; --columns settles it", strict=True),
    "no-annotation": Kind("nothing is annotated in the file"),
    # Spans
    "span-outside-text": Kind("a span ends beyond the text, or before it starts: dropped", strict=True),
    "span-edge": Kind("white space at the edge of a span: trimmed"),
    "span-empty": Kind("a span holds nothing but white space: dropped", strict=True),
    "span-text": Kind("the text of a span is not what its source says stands there", strict=True),
    "span-misaligned": Kind("the edge of a span lies inside a token"),
    "span-overlap": Kind("spans overlap: the longest, then the first, is kept", strict=True),
    "span-duplicate": Kind("the same span twice: one is dropped"),
    "other-offsets": Kind("offsets seem to count UTF-16 units or bytes: moved where that is certain", strict=True),
    "other-annotator": Kind("annotators disagree about a text: one of them is read", strict=True),
    "unread": Kind("annotations that are neither spans nor categories: not read", strict=True),
    "other-task": Kind("annotations of a task other than the one set: not read"),
    # Categories
    "missing-label": Kind(
        "a record has no category, where others have: read as none of them, or, beside scores, left so", strict=True
    ),
    "no-category": Kind("the list of categories is empty: read as none of them"),
    "single-label": Kind("there is one category only, so nothing to tell apart"),
    "many-labels": Kind("most texts have a category of their own: perhaps not the column of labels", strict=True),
    "joined-labels": Kind("a category is made of others, joined by a sign: kept as one", strict=True),
    "unbalanced": Kind("a category holds for ten times as many texts as another"),
    "html": Kind("markup in a text: kept; --strip-html removes it"),
    "html-stripped": Kind("markup in a text: removed"),
    "ignored-file": Kind("a file or folder without annotations, by its place or name: not read"),
    "other-file": Kind("a file in the folder of a category that is no .txt: not read", strict=True),
    # Records
    "empty-text": Kind("a record without text: dropped", strict=True),
    "rejected": Kind("the annotator rejected or skipped the record: dropped"),
    "duplicate": Kind("the same record again"),
    "conflict": Kind("the same text with other annotations"),
    "duplicates-limit": Kind("duplicates were looked for among the first records only"),
    "train-dev-overlap": Kind("the same text in two inputs, white space aside"),
    "uneven-split": Kind("a part has far from its share of the records: groups, and equal texts, stay together"),
    # Questions
    "answer-offset": Kind("the answer does not stand at its offset: the nearest match is taken", strict=True),
    "answer-outside": Kind(
        "the answer is nowhere in its context: dropped, and the question with its last answer", strict=True
    ),
    "impossible-answered": Kind("a question marked impossible has answers: the answers are dropped", strict=True),
    "unanswered": Kind("a question without answers is not marked impossible: read as impossible"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `repair` is what is proposed; `applied` whether it was done; `record` the source's own id."""

    code: str
    file: str
    line: int
    found: str
    repair: str = ""
    applied: bool = False
    record: str = ""


class StrictError(SpanwrightError):
    """A file that `--strict` refuses for what was found in it."""


@dataclass
class Findings:
    """Counts findings by code, keeps the first of each, and passes every one on to `sink`.

    With `strict`, the first finding of a kind that changes the meaning is an error: raised at once where there is no `sink`, and
    by `settle` where there is, so that the sink gets all that is to be mended.
    """

    strict: bool = False
    sink: Callable[[Finding], None] | None = None
    examples_per_code: int = 20
    counts: Counter[str] = field(default_factory=Counter)
    applied: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[Finding]] = field(default_factory=dict)
    refusal: str = ""

    def add(self, finding: Finding) -> None:
        """Take a finding in.

        RAISES (StrictError): See the class.
        """
        kind = KINDS[finding.code]
        if self.strict and kind.strict and not self.refusal:
            place = f"{finding.file}:{finding.line}"
            self.refusal = Errors.S111.format(place=place, code=finding.code, found=finding.found, summary=kind.summary)
            if self.sink is None:
                self.settle()
        self.counts[finding.code] += 1
        self.applied[finding.code] += finding.applied
        kept = self.examples.setdefault(finding.code, [])
        if len(kept) < self.examples_per_code:
            kept.append(finding)
        if self.sink is not None:
            self.sink(finding)

    def settle(self) -> None:
        """RAISES (StrictError): Something was found that `strict` refuses."""
        if self.refusal:
            raise StrictError(self.refusal)

    def summary(self) -> dict[str, dict[str, Any]]:
        """Counts and the first findings of each code, ready for JSON."""
        return {
            code: {
                "count": count,
                "applied": self.applied[code],
                "meaning": KINDS[code].summary,
                "first": [asdict(finding) for finding in self.examples[code]],
            }
            for code, count in sorted(self.counts.items())
        }
