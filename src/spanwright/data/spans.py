"""Character spans: checked against their text, and aligned with its tokens."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

from spanwright.data.checks import Finding, Findings
from spanwright.data.ledger import Ledger
from spanwright.data.records import CharSpan, Checked, SpanRecord
from spanwright.errors import Errors, SpanwrightError

ALIGNMENTS = ("split", "expand", "contract", "drop")

CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
SURROGATE = re.compile("[\ud800-\udfff]")
MOJIBAKE = re.compile("[ÃÂ][\u0080-\u00bf]|â€[\u0080-\u00bf\u2018-\u2122œ]|ðŸ")


class TokenSpan(NamedTuple):
    """A span in tokens, the end not included; `changed` where it does not cover what its source says."""

    start: int
    end: int
    label: str
    changed: bool


def check_text(text: str, file: str, line: int, record: str, findings: Findings) -> bool:
    """Report what is odd in a text, and say whether there is any text at all.

    RAISES (SpanwrightError): Half of a surrogate pair, which JSON can hold and UTF-8 cannot.
    """
    if found := SURROGATE.search(text):
        shown = f"U+{ord(found[0]):04X} at {found.start()}"
        raise SpanwrightError(Errors.S129.format(file=file, line=line, found=shown))
    if not text.strip():
        findings.add(Finding("empty-text", file, line, "no text", "drop it", True, record))
        return False
    if found := CONTROL.search(text):
        findings.add(
            Finding("control-character", file, line, f"U+{ord(found[0]):04X} at {found.start()}", record=record)
        )
    if found := MOJIBAKE.search(text):
        findings.add(
            Finding("mojibake", file, line, text[max(0, found.start() - 10) : found.end() + 10], record=record)
        )
    return True


def check_spans(record: SpanRecord, findings: Findings, ledger: Ledger) -> Checked:
    """Drop spans that say nothing, and trim white space from the edges of the others."""
    kept: list[CharSpan] = []
    changed: list[str] = []
    seen: set[tuple[int, int, str]] = set()
    for span in record.spans:
        found = _show(record.text, span)

        def find(code: str, repair: str = "", found: str = found) -> None:
            findings.add(Finding(code, record.file, record.line, found, repair, bool(repair), record.id))

        if not 0 <= span.start <= span.end <= len(record.text):
            find("span-outside-text", "drop it")
            ledger.label(span.label).dropped["outside of the text"] += 1
            continue
        if span.text is not None and span.text != record.text[span.start : span.end]:
            at = record.text.find(span.text, max(0, span.start - len(span.text)))
            proposal = f"move it to {at}-{at + len(span.text)}, where {span.text[:60]!r} stands" if at >= 0 else ""
            findings.add(Finding("span-text", record.file, record.line, found, proposal, False, record.id))
        trimmed = _trim(record.text, span)
        if trimmed.start == trimmed.end:
            find("span-empty", "drop it")
            ledger.label(span.label).dropped["empty"] += 1
            continue
        if (trimmed.start, trimmed.end, trimmed.label) in seen:
            find("span-duplicate", "drop it")
            ledger.label(span.label).dropped["duplicate"] += 1
            continue
        seen.add((trimmed.start, trimmed.end, trimmed.label))
        if trimmed != span:
            find("span-edge", "trim it")
            changed.append(span.label)
        kept.append(trimmed)
    checked = replace(record, spans=tuple(kept))
    return Checked(checked, len(kept) < len(record.spans) or bool(changed), tuple(changed))


def _trim(text: str, span: CharSpan) -> CharSpan:
    inside = text[span.start : span.end]
    start = span.start + len(inside) - len(inside.lstrip())
    end = start + len(inside.strip())
    return span if (start, end) == (span.start, span.end) else CharSpan(start, end, span.label, text[start:end])


def _show(text: str, span: CharSpan) -> str:
    shown = text[max(0, span.start) : max(0, span.end)][:60]
    return f"{span.label} {span.start}-{span.end} {shown!r}"


def split_tokens(
    words: Sequence[str], spaces: Sequence[bool], edges: Sequence[int]
) -> tuple[list[str], list[bool], list[tuple[int, int]]]:
    """Split tokens at the character offsets in `edges`.

    RETURNS (list[str], list[bool], list[tuple[int, int]]): The tokens, whether a space follows each, and their offsets.
    """
    inner = set(edges)
    new_words: list[str] = []
    new_spaces: list[bool] = []
    offsets: list[tuple[int, int]] = []
    at = 0
    for word, space in zip(words, spaces, strict=True):
        cuts = [0, *(cut for cut in range(1, len(word)) if at + cut in inner), len(word)] if inner else [0, len(word)]
        for start, end in pairwise(cuts):
            new_words.append(word[start:end])
            new_spaces.append(space and end == len(word))
            offsets.append((at + start, at + end))
        at += len(word) + space
    return new_words, new_spaces, offsets


def align(
    record: SpanRecord, offsets: Sequence[tuple[int, int]], mode: str, findings: Findings, ledger: Ledger
) -> list[TokenSpan]:
    """Give spans in tokens. What does not align is expanded, contracted or dropped; of spans that overlap, one is kept.

    offsets (Sequence[tuple[int, int]]): The character offsets of the tokens.
    mode (str): One of `ALIGNMENTS`; "split" finds nothing to do, because the tokens were split.
    """
    starts = {start: index for index, (start, _) in enumerate(offsets)}
    ends = {end: index + 1 for index, (_, end) in enumerate(offsets)}
    aligned: list[TokenSpan] = []
    for span in record.spans:
        if span.start in starts and span.end in ends:
            aligned.append(TokenSpan(starts[span.start], ends[span.end], span.label, False))
            continue
        repair = "drop it" if mode == "drop" else f"{mode} it"
        found = _show(record.text, span)
        findings.add(Finding("span-misaligned", record.file, record.line, found, repair, True, record.id))
        moved = _move(span, offsets, mode)
        if moved is None:
            ledger.label(span.label).dropped["not aligned with tokens"] += 1
        else:
            aligned.append(moved)
    return _without_overlaps(record, aligned, offsets, findings, ledger)


def _move(span: CharSpan, offsets: Sequence[tuple[int, int]], mode: str) -> TokenSpan | None:
    if mode == "expand":
        inside = [i for i, (start, end) in enumerate(offsets) if start < span.end and end > span.start]
    elif mode == "contract":
        inside = [i for i, (start, end) in enumerate(offsets) if start >= span.start and end <= span.end]
    else:
        inside = []
    return TokenSpan(inside[0], inside[-1] + 1, span.label, True) if inside else None


def _without_overlaps(
    record: SpanRecord,
    spans: Sequence[TokenSpan],
    offsets: Sequence[tuple[int, int]],
    findings: Findings,
    ledger: Ledger,
) -> list[TokenSpan]:
    """Keep the longest of spans that overlap, then the first."""
    taken: set[int] = set()
    kept: list[TokenSpan] = []
    for span in sorted(spans, key=lambda span: (span.start - span.end, span.start)):
        if taken.isdisjoint(range(span.start, span.end)):
            taken.update(range(span.start, span.end))
            kept.append(span)
            continue
        found = _show(record.text, CharSpan(offsets[span.start][0], offsets[span.end - 1][1], span.label))
        findings.add(Finding("span-overlap", record.file, record.line, found, "drop it", True, record.id))
        ledger.label(span.label).dropped["overlap"] += 1
    return sorted(kept)
