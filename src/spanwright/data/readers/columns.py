"""Tokens in columns, one a line (IOB, TSV, CoNLL-2003, CoNLL-U), or one sentence a line (`token|TAG token|TAG`).

A file is read twice. The survey reads every row, refuses what cannot be read, and counts pairs of neighbouring tags,
from which the scheme follows. The second reading yields the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate, groupby, pairwise
from operator import itemgetter
from typing import cast

from spanwright.data.checks import KINDS, Finding, Findings
from spanwright.data.labels import LABEL_PATTERN, labels_refused, refused_labels, similar_labels
from spanwright.data.ledger import Ledger
from spanwright.data.readers.layout import ColumnOptions, Layout, sniff
from spanwright.data.readers.rows import MAX_SENTENCE_LENGTH, NOTED, Block, blocks
from spanwright.data.records import Checked, TaggedRecord
from spanwright.data.schemes import (
    OUTSIDE_ALIASES,
    Pair,
    Scheme,
    Step,
    Tag,
    detect,
    entities,
    fold_labels,
    one_case,
    parse_tags,
    steps_of,
    unread_prefixes,
)
from spanwright.data.sources import Source
from spanwright.errors import Errors, SpanwrightError

# About 30 bytes a row; a file with more rows is read twice.
_REMEMBERED_ROWS = 3_000_000


@dataclass
class Survey:
    """What the first reading counts. `first` has the line where each tag stands first, `empty` counts lists of no tokens."""

    pairs: Counter[Pair] = field(default_factory=Counter)
    first: dict[str, int] = field(default_factory=dict)
    records: int = 0
    empty: int = 0
    documents: set[int] = field(default_factory=set)
    passed: Counter[str] = field(default_factory=Counter)
    last: tuple[str, int] = ("", 0)

    def count(self, tag: str) -> int:
        """How often a tag occurs."""
        return sum(count for (_, right), count in self.pairs.items() if right == tag)


def survey(sentences: Iterable[Block]) -> Survey:
    """Read a whole file for its evidence."""
    result = Survey()
    for block in sentences:
        tags, lines = [row.tag for row in block.rows], block.lines
        if block.noted:
            kept = [i for i, row in enumerate(block.rows) if row.kind <= NOTED]
            result.passed.update(row.notes[0][0] for row in block.rows if row.kind > NOTED)
            tags, lines = [tags[i] for i in kept], [lines[i] for i in kept]
        if not tags:
            result.empty += not block.rows
            continue
        result.pairs.update(pairwise([None, *tags, None]))
        result.records += 1
        result.documents.add(block.document)
        result.last = tags[-1], lines[-1]
        for tag in set(tags).difference(result.first):
            result.first[tag] = lines[tags.index(tag)]
    return result


class _Replay:
    """Sentences that can be had again: from memory where there are few of them, else read once more."""

    def __init__(self, read: Callable[[], Iterable[Block]]) -> None:
        self._read = read
        self._kept: list[Block] | None = None

    def __call__(self) -> Iterable[Block]:
        return self._read() if self._kept is None else self._kept

    def first(self) -> Iterator[Block]:
        """Read for the first time, and remember."""
        kept: list[Block] = []
        rows = 0
        for block in self._read():
            rows += len(block.rows)
            if rows <= _REMEMBERED_ROWS:
                kept.append(block)
            elif kept:
                kept.clear()
            yield block
        self._kept = kept or None


class TaggedReader:
    """Reads sentences of tokens with tags, from a stream that can be had again; see the module.

    `decisions` says in words what was decided, and why.
    """

    task = "ner"

    def __init__(
        self,
        sentences: Callable[[], Iterable[Block]],
        findings: Findings,
        ledger: Ledger,
        options: ColumnOptions,
        *,
        file: str,
        layout: Layout,
        ends_open: Callable[[], bool] = lambda: False,
    ) -> None:
        self.file = file
        self.findings = findings
        self.ledger = ledger
        self.options = options
        self.layout = layout
        self._blocks = _Replay(sentences)
        self._ends_open = ends_open
        self.survey = survey(self._blocks.first())
        if not self.survey.records:
            raise SpanwrightError(Errors.S105.format(file=file))
        if options.docs == "document" and self.survey.documents == {0}:
            raise SpanwrightError(Errors.S116.format(file=file))
        as_written = self._parse_tags()
        self.parsed = fold_labels(as_written)
        self.scheme = self._choose_scheme()
        self.steps = steps_of(self.survey.pairs, self.parsed, self.scheme.name)
        self._check_labels()
        self.decisions = [*layout.reasons, f"scheme {self.scheme.name}: {self.scheme.reason}"]
        if self.parsed != as_written:
            self.decisions.append("labels in lower case, like the prefixes and some of the labels")
        if comments := self.survey.passed["comment"]:
            self.decisions.append(f"{comments} comment lines passed over")

    def records(self) -> Iterator[Checked]:
        """Yield the records of the file, each checked and repaired."""
        self._report_whole_file()
        self._count_source()
        sentences = self._sentences()
        if self.options.docs == "document":
            grouped = groupby(sentences, key=itemgetter(0))
            sentences = ((number, _join([checked for _, checked in document])) for number, document in grouped)
        for _, checked in sentences:
            if checked is None:
                self.ledger.records.dropped["no token"] += 1
            else:
                yield checked

    def _sentences(self) -> Iterator[tuple[int, Checked | None]]:
        """Yield every sentence with the number of its document; None for one of which no token is left."""
        suspect = {pair for pair, step in self.steps.items() if step.code}
        tags_of = {raw: step.tag for (_, raw), step in self.steps.items() if raw is not None}
        # in most schemes the tag alone says all, where nothing is wrong
        simple = all(step.tag == tags_of[raw] for (_, raw), step in self.steps.items() if raw is not None)
        for block in self._blocks():
            if not block.rows:
                self._find("empty-text", block.lines[0], "no tokens", "drop it")
                yield block.document, None
                continue
            if block.noted:
                block = self._passed_over(block)
                if not block.rows:
                    continue
            raw = [row.tag for row in block.rows]
            if simple and not suspect and not block.noted:
                tags = list(map(tags_of.__getitem__, raw))
                yield block.document, self._clean(block, tags)
                continue
            steps = [self.steps[pair] for pair in pairwise([None, *raw, None])]
            if block.noted or any(step.code for step in steps):
                yield block.document, self._repaired(block, steps)
            else:
                yield block.document, self._clean(block, [step.tag for step in steps[:-1]])

    def _clean(self, block: Block, tags: Sequence[str]) -> Checked:
        return Checked(self._record([row.token for row in block.rows], tags, block.lines, block.document))

    def _record(self, tokens: Sequence[str], tags: Sequence[str], lines: Sequence[int], document: int) -> TaggedRecord:
        group = f"document {document}" if document else ""
        return TaggedRecord(self.file, lines[0], tuple(tokens), tuple(tags), lines, group=group)

    def _passed_over(self, block: Block) -> Block:
        """Leave out the rows that are no tokens."""
        kept = [(row, line) for row, line in zip(block.rows, block.lines, strict=True) if row.kind <= NOTED]
        for row, line in zip(block.rows, block.lines, strict=True):
            if row.kind > NOTED and row.notes[0][0] in KINDS:
                self._find(row.notes[0][0], line, row.notes[0][1], "pass over")
        return Block([row for row, _ in kept], [line for _, line in kept], True, block.document)

    def _repaired(self, block: Block, steps: Sequence[Step]) -> Checked | None:
        """Report what is wrong in a sentence and repair it; None where no token is left."""
        changed = self._report(block, steps)
        tags = one_case([step.tag for step in steps[:-1]])
        # the code of an unended entity stands at the token after it
        repaired = [(index, step.code) for index, step in enumerate(steps) if step.code in _STEP_REPAIRS]
        suspects = {index - (code == "unended-entity") for index, code in repaired}
        tokens = [row.token for row in block.rows]
        kept = [index for index, token in enumerate(tokens) if token]
        labels = []
        cut = ["O"] * len(tags)
        for start, end, label in entities(tags):
            left = [index for index in range(start, end) if tokens[index]]
            if not left:
                self.ledger.label(label).dropped["no token"] += 1
                continue
            cut[left[0]] = f"B-{label}"
            cut[left[0] + 1 : end] = [f"I-{label}"] * (end - left[0] - 1)
            if len(left) < end - start or not suspects.isdisjoint(range(start, end)):
                labels.append(label)
        if not kept:
            return None
        lines = [block.lines[i] for i in kept]
        record = self._record([tokens[i] for i in kept], [cut[i] for i in kept], lines, block.document)
        return Checked(record, changed, tuple(labels))

    def _report(self, block: Block, steps: Sequence[Step]) -> bool:
        """Report the findings of a sentence, and say whether any of them is a repair."""
        changed = False
        for row, line in zip(block.rows, block.lines, strict=True):
            for code, found in row.notes:
                repair = _ROW_REPAIRS.get(code, "")
                self._find(code, line, found, repair)
                changed = changed or bool(repair)
        for index, step in enumerate(steps):
            if step.code:
                raw = [row.tag for row in block.rows[max(index - 1, 0) : index + 1]]
                line = block.lines[min(index, len(block.lines) - 1)]
                repair = _STEP_REPAIRS.get(step.code, "")
                self._find(step.code, line, " ".join(raw), repair)
                changed = changed or bool(repair)
        return changed

    def _find(self, code: str, line: int, found: str, repair: str = "") -> None:
        self.findings.add(Finding(code, self.file, line, found[:200], repair, bool(repair)))

    def _parse_tags(self) -> dict[str, Tag]:
        """Take the tags of the file apart.

        RAISES (SpanwrightError): Tags that are not of the scheme.
        """
        scheme = self.options.scheme
        parsed, _ = parse_tags(self.survey.first, self.options.outside, bare=scheme == "bare")
        unknown = sorted(self.survey.first.keys() - parsed.keys(), key=self.survey.first.__getitem__)
        if not unknown and not self._only_labels(parsed):
            self._check_bare(parsed)
            return parsed
        listed = unknown or [max(sorted(parsed), key=self.survey.count)]
        shown = "; ".join(f"{tag} ({self.survey.count(tag)} times, first {self._at(tag)})" for tag in listed[:10])
        raise SpanwrightError(Errors.S109.format(file=self.file, tags=shown, first=listed[0]))

    def _check_bare(self, parsed: dict[str, Tag]) -> None:
        """RAISES (SpanwrightError): Labels without a prefix that seem to have one in a form that is not read, or are numbers."""
        bare = [tag.label for tag in parsed.values() if tag.label and not tag.prefix]
        if self.options.scheme is None and (found := unread_prefixes(bare)):
            shown = "; ".join(f"{tag} ({self._at(tag)})" for tag in found[:10])
            raise SpanwrightError(Errors.S130.format(file=self.file, tags=shown))

    def _only_labels(self, parsed: dict[str, Tag]) -> bool:
        """Bare labels and nothing outside: what stands for O has another name."""
        bare = {tag.prefix for tag in parsed.values()} == {""}
        return bare and all(tag.label for tag in parsed.values()) and self.options.scheme is None

    def _choose_scheme(self) -> Scheme:
        if self.options.scheme is not None:
            return Scheme(self.options.scheme, "as set")
        return detect(self.survey.pairs, self.parsed)

    def _at(self, tag: str) -> str:
        return f"{self.file}:{self.survey.first[tag]}"

    def _label_counts(self) -> Counter[str]:
        """Entities by label."""
        counts: Counter[str] = Counter()
        for pair, step in self.steps.items():
            if step.tag.startswith("B-"):
                counts[step.tag[2:]] += self.survey.pairs[pair]
        return counts

    def _check_labels(self) -> None:
        """RAISES (SpanwrightError): Labels outside of the pattern, each with its first line."""
        labels = {tag.label: raw for raw, tag in reversed(self.parsed.items()) if tag.label}
        pattern = LABEL_PATTERN if self.options.label_pattern is None else self.options.label_pattern
        refused = refused_labels(labels, pattern)
        if refused:
            places = [(label, self.survey.first[labels[label]]) for label in reversed(refused)]
            raise SpanwrightError(labels_refused(self.file, places, pattern))

    def _report_whole_file(self) -> None:
        """Report what concerns the file rather than a row of it."""
        first = min(self.survey.first.values())
        for doubt in self.layout.doubts:
            self._find("ambiguous-column", first, doubt, "take that one")
        if self.scheme.doubtful:
            self._find("doubtful-scheme", first, f"{self.scheme.name}: {self.scheme.reason}", "read so")
        for tag in OUTSIDE_ALIASES.intersection(self.survey.first) - set(self.options.outside):
            self._find("outside-alias", self.survey.first[tag], f"{tag} in {self.survey.count(tag)} rows", "read as O")
        counts = self._label_counts()
        if not counts:
            self._find("no-annotation", first, f"{self.survey.records} records, no entity")
        lines = {tag.label: self.survey.first[raw] for raw, tag in reversed(self.parsed.items())}
        # labels that only continue an entity count too
        for rare, common in similar_labels({label: counts[label] for label in lines if label}):
            self._find("similar-labels", lines[rare], f"{rare} ({counts[rare]}) and {common} ({counts[common]})")
        tag, line = self.survey.last
        if self._ends_open() and self.survey.count(tag) == 1:
            self._find("truncated", line, f"no line end after {tag}, which stands nowhere else")

    def _count_source(self) -> None:
        documents = self.options.docs == "document"
        self.ledger.records.read += len(self.survey.documents) if documents else self.survey.records + self.survey.empty
        for label, count in self._label_counts().items():
            self.ledger.label(label).read += count


def columns_reader(source: Source, findings: Findings, ledger: Ledger, options: ColumnOptions) -> TaggedReader:
    """A reader of one file in columns.

    RAISES (SpanwrightError): A file that cannot be read as one.
    """
    layout = sniff_layout(source, options)
    return TaggedReader(
        lambda: blocks(source, layout),
        findings,
        ledger,
        options,
        file=source.name,
        layout=layout,
        ends_open=lambda: source.ends_open,
    )


def sniff_layout(source: Source, options: ColumnOptions) -> Layout:
    """Find the layout of a file from its first rows."""
    for batch in source.batches(MAX_SENTENCE_LENGTH):
        if any(map(str.strip, batch)):
            return sniff(batch, source.name, options)
    raise SpanwrightError(Errors.S105.format(file=source.name))


def _join(parts: Sequence[Checked | None]) -> Checked | None:
    """Join the sentences of a document into one record; None where nothing is left of any."""
    sentences = [checked for checked in parts if checked is not None]
    if not sentences:
        return None
    records = [cast(TaggedRecord, checked.record) for checked in sentences]
    starts = [0, *accumulate(len(record.tokens) for record in records)][:-1]
    first = records[0]
    joined = TaggedRecord(
        first.file,
        first.line,
        tuple(token for record in records for token in record.tokens),
        tuple(tag for record in records for tag in record.tags),
        tuple(line for record in records for line in record.lines),
        sentence_starts=tuple(starts),
        group=first.group,
    )
    labels = tuple(label for checked in sentences for label in checked.changed_labels)
    changed = len(sentences) < len(parts) or any(checked.changed for checked in sentences)
    return Checked(joined, changed, labels)


_ROW_REPAIRS = {
    "missing-tag": "read as O",
    "extra-column": "ignore the surplus",
    "empty-token": "drop the row",
    "token-edge": "remove the white space",
}
_STEP_REPAIRS = {
    "orphan-inside": "start an entity here",
    "label-change": "start an entity here",
    "unended-entity": "end the entity before this row",
    "label-case": "spell the label as at the start of the entity",
}
