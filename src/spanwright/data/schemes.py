"""Tag schemes: which one a file uses, and its tags as IOB2. Pure functions over tags.

In every scheme the IOB2 tag of a token, and whether it keeps the rules, follow from the token's own tag and its
neighbour's. So a file is judged by the pairs of neighbouring tags in it, and a table of pairs rewrites it.

The rules of the schemes follow Tjong Kim Sang and Veenstra (1999), "Representing Text Chunks", and seqeval.scheme.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

OUTSIDE = frozenset({"O", "o"})
OUTSIDE_ALIASES = frozenset({"0", "-", "_"})
PREFIXES = frozenset("BILUOES")
SCHEMES = ("IOB1", "IOB2", "IOE1", "IOE2", "BIOES", "BILUO", "bare")

_PREFIXED = re.compile(r"([BIESLUbieslu])[-_:.](.+)", re.DOTALL)
_SUFFIXED = re.compile(r"(.+)[-_:]([BIESLUbieslu])", re.DOTALL)
_UNLABELLED = re.compile(r"[BIESLUbieslu][-_:]?")
_BEGIN_WORD = re.compile(r"(?:begin(?:ning)?|start)[-_.: ](.+)", re.IGNORECASE)
_BEGIN = re.compile(r"(?:begin(?:ning)?|start|b)[-_.: ]?(.+)", re.IGNORECASE)
_INSIDE = re.compile(r"(?:inside|inner|i)[-_.: ]?(.+)", re.IGNORECASE)
_NUMBER = re.compile(r"-?\d+")


class Tag(NamedTuple):
    """A tag taken apart; the prefix is "" for a bare label, and both are "" outside of entities."""

    prefix: str
    label: str


class Step(NamedTuple):
    """What a pair of neighbouring tags says about the second: its IOB2 tag, and the finding, if any."""

    tag: str
    code: str


class Scheme(NamedTuple):
    """A scheme, the reason for it in words, and whether the evidence leaves a doubt."""

    name: str
    reason: str
    doubtful: bool = False


Pair = tuple[str | None, str | None]
OUT = Tag("", "")


def looks_like_tag(text: str) -> bool:
    """Whether `text` is an outside tag or has a prefix or suffix of a scheme."""
    return text in OUTSIDE or bool(_PREFIXED.fullmatch(text) or _SUFFIXED.fullmatch(text))


def parse_tags(tags: Iterable[str], outside: Iterable[str] = (), *, bare: bool = False) -> tuple[dict[str, Tag], str]:
    """Take the distinct tags of a file apart.

    outside (Iterable[str]): Further tags that mean "no entity", as the user names them.
    bare (bool): Take every tag for a label without a prefix.
    RETURNS (dict[str, Tag], str): The tags understood, and where the prefix stands: "prefix", "suffix", "none". Tags
        missing from the dict are not of the scheme.
    """
    out = OUTSIDE.union(OUTSIDE_ALIASES, outside)
    parsed = {tag: OUT for tag in tags if tag in out}
    others = [tag for tag in tags if tag not in out]
    prefixed = {tag: match for tag in others if (match := _PREFIXED.fullmatch(tag))}
    suffixed = {tag: match for tag in others if (match := _SUFFIXED.fullmatch(tag))}
    letters = {match[1].upper() for match in prefixed.values()} | {match[2].upper() for match in suffixed.values()}
    plain = [tag for tag in others if tag not in prefixed and tag not in suffixed and not _UNLABELLED.fullmatch(tag)]
    # beside labels without a prefix, E-MAIL is one of them: the prefixes of a scheme include B or I
    if plain and letters.isdisjoint("BI"):
        prefixed, suffixed = {}, {}
    if not bare and prefixed and len(prefixed) >= len(suffixed):
        parsed.update({tag: Tag(match[1].upper(), match[2]) for tag, match in prefixed.items()})
        return parsed, "prefix"
    if not bare and suffixed:
        parsed.update({tag: Tag(match[2].upper(), match[1]) for tag, match in suffixed.items()})
        return parsed, "suffix"
    parsed.update({tag: Tag("", tag) for tag in others if bare or not _UNLABELLED.fullmatch(tag)})
    return parsed, "none"


def unread_prefixes(labels: Iterable[str]) -> list[str]:
    """List labels, read without a prefix, that have one in another form: `BLOC` beside `ILOC`, `Begin-LOC`, or numbers."""
    names = sorted(labels)
    if names and all(map(_NUMBER.fullmatch, names)):
        return names
    begun = {match[1] for name in names if (match := _BEGIN.fullmatch(name))}
    paired = begun & {match[1] for name in names if (match := _INSIDE.fullmatch(name))}
    forms = (_BEGIN, _INSIDE)
    return [
        name
        for name in names
        if _BEGIN_WORD.fullmatch(name) or any((match := form.fullmatch(name)) and match[1] in paired for form in forms)
    ]


def fold_labels(parsed: Mapping[str, Tag]) -> dict[str, Tag]:
    """Write all labels in lower case, in a file with lower-case prefixes whose labels come in lower case and in capitals.

    Such a file was lower-cased in part: `b-per` and `b-LOC` are of one tag set. Where labels are all of one case, they stay as
    they are, whatever the prefixes.
    """
    prefixed = [raw for raw, tag in parsed.items() if tag.prefix]
    labels = {tag.label for tag in parsed.values() if tag.label}
    in_part = any(label.islower() for label in labels) and any(label.isupper() for label in labels)
    if not prefixed or not in_part or any(raw[0].isupper() for raw in prefixed):
        return dict(parsed)
    return {raw: Tag(tag.prefix, tag.label.lower()) for raw, tag in parsed.items()}


def detect(pairs: Mapping[Pair, int], parsed: Mapping[str, Tag]) -> Scheme:
    """Name the scheme of a file from its pairs of neighbouring tags; None stands for the edge of a record.

    pairs (Mapping[Pair, int]): How often each pair occurs, with `(None, first)` and `(last, None)`.
    parsed (Mapping[str, Tag]): The tags taken apart, by `parse_tags`.
    """
    tags = {tag for pair in pairs for tag in pair if tag is not None and parsed[tag].label}
    used = {parsed[tag].prefix for tag in tags}
    if not used:
        return Scheme("IOB2", "no tag but the outside one occurs")
    if used == {""}:
        return Scheme("bare", "labels have no prefix, so neighbours of one label join", doubtful=True)
    shown = ", ".join(sorted(used))
    if len(used) == 1 and used <= {"E", "L", "S", "U"} and len(tags) == 1:
        return Scheme("BIOES", f"the one tag {tags.pop()} may be a label without a prefix", doubtful=True)
    if len(tags) == 1 and not any(map(_PREFIXED.fullmatch, tags)):
        reason = f"the one tag {tags.pop()} may be a label whose end is no part of a scheme"
        return _which_iob(pairs, parsed)._replace(reason=reason, doubtful=True)
    if used & {"E", "S"} and used & {"L", "U"}:
        return Scheme("BIOES", f"the prefixes {shown} mix BIOES and BILUO", doubtful=True)
    if used & {"L", "U"}:
        return Scheme("BILUO", f"prefixes {shown}")
    if "S" in used or {"B", "E"} <= used:
        return Scheme("BIOES", f"prefixes {shown}")
    if "E" in used:
        return _which_ioe(pairs, parsed)
    return _which_iob(pairs, parsed)


def _which_iob(pairs: Mapping[Pair, int], parsed: Mapping[str, Tag]) -> Scheme:
    free, orphans = 0, 0
    for (left, right), count in pairs.items():
        before, tag = _tag(left, parsed), _tag(right, parsed)
        if not _same(before, tag):
            free += count * (tag.prefix == "B")
            orphans += count * (tag.prefix == "I")
    if not orphans:
        return Scheme("IOB2", f"every entity starts with B- ({free} do)")
    if not free:
        return Scheme("IOB1", f"entities start with I- ({orphans} do); B- stands only between neighbours of one label")
    reason = f"{free} entities start with B-, {orphans} with I-; either way the same entities are read"
    return Scheme("IOB2", reason) if orphans <= free else Scheme("IOB1", reason, doubtful=True)


def _which_ioe(pairs: Mapping[Pair, int], parsed: Mapping[str, Tag]) -> Scheme:
    free, unended = 0, 0
    for (left, right), count in pairs.items():
        tag, after = _tag(left, parsed), _tag(right, parsed)
        if not _same(tag, after):
            free += count * (tag.prefix == "E")
            unended += count * (tag.prefix == "I")
    if free >= unended:
        return Scheme("IOE2", f"every entity ends with E- ({free} do)")
    return Scheme("IOE1", f"entities end with I- ({unended} do); E- stands only between neighbours of one label")


def _tag(raw: str | None, parsed: Mapping[str, Tag]) -> Tag:
    return OUT if raw is None else parsed[raw]


def _same(left: Tag, right: Tag) -> bool:
    return bool(left.label) and left.label.casefold() == right.label.casefold()


def step(before: Tag, tag: Tag, scheme: str) -> Step:
    """Judge `tag` after `before`; `OUT` stands for the edge of a record too.

    The code is "" or names a finding: "label-change" (inside an entity), "orphan-inside" (an entity that starts
    without its start), "unended-entity" (`before` should have been an end), "label-case" (an entity whose label
    changes its case), "stray-edge" (a tag that should only stand between neighbours of one label).
    """
    rules = _RULES[scheme]
    same = _same(before, tag)
    ended = before.prefix in rules.ends
    begins = bool(tag.label) and (not same or ended or tag.prefix in rules.begins)
    code = ""
    if begins and tag.prefix not in rules.may_begin:
        code = "label-change" if before.label and not same and not ended else "orphan-inside"
    elif before.label and (begins or not tag.label) and before.prefix not in rules.may_end:
        code = "unended-entity"
    elif same and not begins and before.label != tag.label:
        code = "label-case"
    elif not same and ((tag.prefix in rules.between and tag.label) or (before.prefix in rules.between and ended)):
        code = "stray-edge"
    if not tag.label:
        return Step("O", code)
    return Step(f"{'B' if begins else 'I'}-{tag.label}", code)


def steps_of(pairs: Iterable[Pair], parsed: Mapping[str, Tag], scheme: str) -> dict[Pair, Step]:
    """Judge every pair of neighbouring raw tags of a file."""
    return {(left, right): step(_tag(left, parsed), _tag(right, parsed), scheme) for left, right in pairs}


def normalise(tags: Sequence[str], scheme: str, outside: Iterable[str] = ()) -> tuple[list[str], list[tuple[int, str]]]:
    """Rewrite the tags of one record as IOB2.

    RETURNS (list[str], list[tuple[int, str]]): The tags, and the findings as (index of the token, code). An
        "unended-entity" at the very end has the index after the last token.
    RAISES (KeyError): A tag that is not of the scheme.
    """
    parsed, _ = parse_tags(set(tags), outside, bare=scheme == "bare")
    pairs: list[Pair] = list(pairwise([None, *tags, None]))
    table = steps_of(pairs, parsed, scheme)
    steps = [table[pair] for pair in pairs]
    return one_case([step.tag for step in steps[:-1]]), [(i, step.code) for i, step in enumerate(steps) if step.code]


def one_case(tags: Sequence[str]) -> list[str]:
    """Give every token of an entity the spelling of the label that the first one has."""
    result, label = [], ""
    for tag in tags:
        if tag.startswith("B-"):
            label = tag[2:]
        result.append(f"I-{label}" if tag.startswith("I-") else tag)
    return result


def entities(tags: Sequence[str]) -> list[tuple[int, int, str]]:
    """List the entities of IOB2 tags as (start, end, label), the end not included."""
    found: list[tuple[int, int, str]] = []
    for index, tag in enumerate(tags):
        if tag.startswith("B-"):
            found.append((index, index + 1, tag[2:]))
        elif tag.startswith("I-"):
            start, _, label = found.pop()
            found.append((start, index + 1, label))
    return found


class _Rules(NamedTuple):
    """Prefixes that always begin and end an entity, those allowed to, and those for neighbours of one label only."""

    begins: frozenset[str]
    ends: frozenset[str]
    may_begin: frozenset[str]
    may_end: frozenset[str]
    between: frozenset[str] = frozenset()


def _rules(begins: str, ends: str, may_begin: str, may_end: str, between: str = "") -> _Rules:
    return _Rules(*map(frozenset, (begins, ends, may_begin, may_end, between)))


_RULES = {
    "IOB1": _rules("B", "", "BI", "BI", between="B"),
    "IOB2": _rules("B", "", "B", "BI"),
    "IOE1": _rules("", "E", "IE", "IE", between="E"),
    "IOE2": _rules("", "E", "IE", "E"),
    "BIOES": _rules("BSU", "ESLU", "BSU", "ESLU"),
    "BILUO": _rules("BSU", "ESLU", "BSU", "ESLU"),
    "bare": _Rules(frozenset(), frozenset(), frozenset({""}), frozenset({""})),
}
