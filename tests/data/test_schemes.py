from collections import Counter
from itertools import pairwise

import pytest
import seqeval.scheme
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwright.data.schemes import detect, entities, fold_labels, normalise, parse_tags

SEQEVAL = {
    "IOB1": (seqeval.scheme.IOB1, "BI"),
    "IOB2": (seqeval.scheme.IOB2, "BI"),
    "IOE1": (seqeval.scheme.IOE1, "IE"),
    "IOE2": (seqeval.scheme.IOE2, "IE"),
    "BIOES": (seqeval.scheme.IOBES, "BIES"),
    "BILUO": (seqeval.scheme.BILOU, "BILU"),
}


@pytest.mark.parametrize(
    ("scheme", "tags", "expected", "codes"),
    [
        ("IOB2", "B-X I-X O B-Y", "B-X I-X O B-Y", []),
        ("IOB2", "I-X I-X O", "B-X I-X O", [(0, "orphan-inside")]),
        ("IOB2", "B-X I-Y", "B-X B-Y", [(1, "label-change")]),
        ("IOB2", "B-X I-x I-X", "B-X I-X I-X", [(1, "label-case"), (2, "label-case")]),
        ("IOB1", "I-X I-X B-X I-Y O", "B-X I-X B-X B-Y O", []),
        ("IOE1", "I-X I-X O I-X E-X I-X", "B-X I-X O B-X I-X B-X", []),
        ("IOE2", "I-X E-X E-X O E-Y", "B-X I-X B-X O B-Y", []),
        ("IOE2", "I-X O", "B-X O", [(1, "unended-entity")]),
        ("BIOES", "B-X I-X E-X S-Y O S-Y", "B-X I-X I-X B-Y O B-Y", []),
        ("BIOES", "B-X O E-X", "B-X O B-X", [(1, "unended-entity"), (2, "orphan-inside")]),
        ("BILUO", "B-X L-X U-Y", "B-X I-X B-Y", []),
        ("bare", "X X O Y X", "B-X I-X O B-Y B-X", []),
        ("IOB2", "b-X i-X o", "B-X I-X O", []),
        ("IOB2", "B_X I_X 0 -", "B-X I-X O O", []),
        ("IOB2", "X-B X-I O", "B-X I-X O", []),
    ],
)
def test_normalise(scheme, tags, expected, codes):
    assert normalise(tags.split(), scheme) == (expected.split(), codes)


@pytest.mark.parametrize(
    ("sentences", "name", "doubtful"),
    [
        (["B-X I-X O", "O B-Y"], "IOB2", False),
        (["I-X I-X O", "O I-Y B-Y"], "IOB1", False),
        (["I-X O", "B-Y O"], "IOB2", False),
        (["I-X O I-X O", "B-Y O"], "IOB1", True),
        (["I-X E-X O", "E-Y"], "IOE2", False),
        (["I-X I-X O", "I-Y E-Y I-Y"], "IOE1", False),
        (["B-X E-X O S-Y"], "BIOES", False),
        (["B-X L-X O U-Y"], "BILUO", False),
        (["B-X E-X O U-Y"], "BIOES", True),
        (["X X O"], "bare", True),
        (["O O"], "IOB2", False),
    ],
)
def test_detect(sentences, name, doubtful):
    pairs = Counter(pair for tags in sentences for pair in pairwise([None, *tags.split(), None]))
    parsed, _ = parse_tags({tag for tags in sentences for tag in tags.split()})
    scheme = detect(pairs, parsed)
    assert (scheme.name, scheme.doubtful) == (name, doubtful)


@pytest.mark.parametrize(
    ("tags", "unknown"),
    [
        (["O", "B-X", "OUT"], {"OUT"}),
        (["O", "B", "I"], {"B", "I"}),
        (["O", "X", "Y"], set()),
        (["O", "B-X", "I-X", "E-MAIL"], set()),
    ],
)
def test_unknown_tags(tags, unknown):
    parsed, _ = parse_tags(tags)
    assert set(tags) - set(parsed) == unknown


def test_outside_tags_can_be_named():
    parsed, where = parse_tags(["OUT", "B-X"], outside=["OUT"])
    assert parsed["OUT"] == ("", "") and parsed["B-X"] == ("B", "X") and where == "prefix"


@pytest.mark.parametrize("scheme", SEQEVAL)
@settings(deadline=None)
@given(data=st.data())
def test_agrees_with_seqeval(scheme, data):
    """Where nothing is wrong the entities are the same; elsewhere we find at least those of IOB2, IOE2, BIOES, BILUO."""
    reference, prefixes = SEQEVAL[scheme]
    choices = ["O", *(f"{prefix}-{label}" for prefix in prefixes for label in "XY")]
    tags = data.draw(st.lists(st.sampled_from(choices), min_size=1, max_size=8))
    rewritten, findings = normalise(tags, scheme)
    ours = set(entities(rewritten))
    theirs = {(e.start, e.end, e.tag) for e in seqeval.scheme.Entities([tags], reference).entities[0]}
    if not findings:
        assert ours == theirs
    elif scheme != "IOB1":
        assert theirs <= ours


@given(st.lists(st.sampled_from(["O", "B-X", "I-X", "B-Y", "I-Y"]), max_size=8))
def test_normalising_is_idempotent(tags):
    once, _ = normalise(tags, "IOB2")
    assert normalise(once, "IOB2") == (once, [])


@pytest.mark.parametrize(
    ("tags", "labels"),
    [
        (["b-per", "i-per", "b-LOC", "o"], {"per", "loc"}),
        (["b-PER", "b-LOC"], {"PER", "LOC"}),
        (["b-per", "B-LOC"], {"per", "LOC"}),
        (["B-per", "B-LOC"], {"per", "LOC"}),
        (["b-Per", "b-LOC"], {"Per", "LOC"}),
        (["per", "LOC"], {"per", "LOC"}),
    ],
)
def test_labels_of_a_file_lower_cased_in_part(tags, labels):
    parsed, _ = parse_tags(tags)
    assert {tag.label for tag in fold_labels(parsed).values()} - {""} == labels
