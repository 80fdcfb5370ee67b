import itertools
import re

import numpy as np
import pytest
import spacy
from spacy.tokens import Doc, Span
from spacy.training import Example

from spanwright.errors import SpanwrightError
from spanwright.ner.tags import ANY, build_tagset, find_spans, gold_tags, is_blocked, permitted_tags, preset_tags

WORDS = ["Anna", "Lee", "left", "York"]

# rows: the tag before; columns: the tag after; the last of each is the boundary of a Doc
BIO_MOVES = {
    "     ": ["O", "B-X", "I-X", "B-Y", "I-Y", "end"],
    "O    ": [1, 1, 0, 1, 0, 1],
    "B-X  ": [1, 1, 1, 1, 0, 1],
    "I-X  ": [1, 1, 1, 1, 0, 1],
    "B-Y  ": [1, 1, 0, 1, 1, 1],
    "I-Y  ": [1, 1, 0, 1, 1, 1],
    "start": [1, 1, 0, 1, 0, 1],
}
BILUO_MOVES = {
    "     ": ["O", "B-X", "I-X", "L-X", "U-X", "end"],
    "O    ": [1, 1, 0, 0, 1, 1],
    "B-X  ": [0, 0, 1, 1, 0, 0],
    "I-X  ": [0, 0, 1, 1, 0, 0],
    "L-X  ": [1, 1, 0, 0, 1, 1],
    "U-X  ": [1, 1, 0, 0, 1, 1],
    "start": [1, 1, 0, 0, 1, 1],
}


def ids(tagset, names):
    return np.array([ANY if name == "?" else tagset.names.index(name) for name in names.split()])


@pytest.fixture(scope="module")
def vocab():
    return spacy.blank("en").vocab


@pytest.mark.parametrize(
    ("labels", "scheme", "moves"), [(("X", "Y"), "bio", BIO_MOVES), (("X",), "biluo", BILUO_MOVES)]
)
def test_allowed_moves(labels, scheme, moves):
    header, *rows = moves.values()
    tagset = build_tagset(labels, scheme)
    assert list(tagset.names) == header[:-1]
    assert len(tagset) == len(header) - 1
    assert tagset.allowed.astype(int).tolist() == rows


@pytest.mark.parametrize(
    ("scheme", "names", "spans"),
    [
        ("bio", "O O", []),
        ("bio", "B-X", [(0, 1, 0)]),
        ("bio", "B-X I-X B-X O B-Y I-Y", [(0, 2, 0), (2, 3, 0), (4, 6, 1)]),
        ("bio", "B-X B-Y I-Y O", [(0, 1, 0), (1, 3, 1)]),
        ("biluo", "U-X B-X L-X U-Y O B-Y I-Y L-Y", [(0, 1, 0), (1, 3, 0), (3, 4, 1), (5, 8, 1)]),
    ],
)
def test_tags_and_spans(scheme, names, spans):
    tagset = build_tagset(("X", "Y"), scheme)
    tags = ids(tagset, names)
    assert list(zip(*find_spans(tags, tagset), strict=True)) == spans
    written = np.zeros_like(tags)
    for start, end, label in spans:
        written[start:end] = tagset.tags_of(tagset.labels[label], end - start)
    assert written.tolist() == tags.tolist()


def test_no_words():
    tagset = build_tagset(("X",), "bio")
    nothing = np.zeros(0, dtype=np.int64)
    assert len(find_spans(nothing, tagset).starts) == 0
    assert permitted_tags(nothing, np.array([0]), tagset).shape == (0, 3)


def test_permitted_tags_keep_a_given_entity_as_long_as_it_is():
    tagset = build_tagset(("X", "Y"), "bio")
    tags = ids(tagset, "? B-X ? O ?")
    everything = [1, 1, 1, 1, 1]
    table = permitted_tags(tags, np.array([0, 5]), tagset).astype(int).tolist()
    assert table == [everything, [0, 1, 0, 0, 0], [1, 1, 0, 1, 1], [1, 0, 0, 0, 0], everything]
    across_docs = permitted_tags(tags, np.array([2, 0, 3]), tagset).astype(int).tolist()
    assert across_docs[2] == everything


@pytest.mark.parametrize(
    ("words", "gold_words", "gold", "expected"),
    [
        (WORDS, WORDS, ["B-X", "I-X", "O", "B-Y"], "B-X L-X O U-Y"),
        (WORDS, WORDS, ["B-X", "I-X", "", "B-Y"], "B-X L-X ? U-Y"),
        (WORDS, WORDS, ["", "", "", ""], "? ? ? ?"),
        # the entity's end is inside of a predicted word: masked, not taught as O
        (["Anna", "Leeleft", "York"], ["Anna", "Lee", "left", "York"], ["B-X", "I-X", "O", "O"], "? ? O"),
        # predicted words are pieces of gold words
        (["An", "na", "left"], ["Anna", "left"], ["B-X", "O"], "B-X L-X O"),
        ([], [], [], ""),
        (["Anna"], ["Anna"], ["B-Y"], "U-Y"),
    ],
)
def test_gold_tags(vocab, words, gold_words, gold, expected):
    tagset = build_tagset(("X", "Y"), "biluo")
    predicted = Doc(vocab, words=words, spaces=[False] * len(words))
    reference = Doc(vocab, words=gold_words, spaces=[False] * len(gold_words), ents=gold)
    assert gold_tags(Example(predicted, reference), tagset).tolist() == ids(tagset, expected).tolist()


def test_words_of_one_text_align_as_spacy_aligns_them(vocab):
    random, tagset = np.random.default_rng(0), build_tagset(("X", "Y"), "biluo")
    n_aligned = 0
    for _ in range(400):
        text = "".join(random.choice(list("abc  .\n"), size=random.integers(1, 25)))
        predicted, reference = (cut_anywhere(vocab, text, random) for _ in range(2))
        mark_anything(reference, random)
        example = Example(predicted, reference)
        entities, tags = example.get_aligned_ents_and_ner()
        expected = np.array([0 if tag == "O" else ANY for tag in tags])
        for entity in entities:
            expected[entity.start : entity.end] = tagset.tags_of(entity.label_, len(entity))
        assert gold_tags(example, tagset).tolist() == expected.tolist(), (
            [t.text for t in predicted], [(t.text, t.ent_iob_, t.ent_type_) for t in reference]
        )  # fmt: skip
        n_aligned += len(entities)
    assert n_aligned > 100


def cut_anywhere(vocab, text, random):
    """Return a Doc of the text, its words cut at random: single spaces between words belong to none."""
    words, spaces = [], []
    for run in re.findall(r"[^ ]+ ?| +", text):
        letters = run.rstrip(" ") or run
        cuts = sorted({0, len(letters), *random.integers(0, len(letters) + 1, size=2).tolist()})
        words += [letters[a:b] for a, b in itertools.pairwise(cuts)]
        spaces += [False] * (len(cuts) - 2) + [letters != run]
    return Doc(vocab, words=words, spaces=spaces)


def mark_anything(doc, random):
    """Give a Doc entities, words outside of them, and words without annotation."""
    spans, i = [], 0
    missing = []
    while i < len(doc):
        length, kind = int(random.integers(1, 4)), random.choice(["X", "Y", "O", "?"])
        span = Span(doc, i, min(i + length, len(doc)), label=kind if kind in "XY" else "")
        if kind in "XY" and not span[0].is_space and not span[-1].is_space:
            spans.append(span)
        elif kind == "?":
            missing.append(span)
        i += length
    doc.set_ents(spans, missing=missing)


def test_white_space_is_outside_where_there_is_annotation(vocab):
    tagset = build_tagset(("X",), "bio")
    reference = Doc(vocab, words=["a", "\n", "b"], ents=["O", "", ""])
    assert gold_tags(Example(reference.copy(), reference), tagset).tolist() == [0, 0, ANY]


def test_gold_label_that_is_not_known(vocab):
    reference = Doc(vocab, words=["a"], ents=["B-Z"])
    with pytest.raises(SpanwrightError, match=r"S306.*'Z'.*X, Y"):
        gold_tags(Example(reference.copy(), reference), build_tagset(("X", "Y"), "bio"))


def test_preset_tags(vocab):
    tagset = build_tagset(("X",), "biluo")
    doc = Doc(vocab, words=["a", "b", "c", "d", "e"])
    known, unknown = Span(doc, 0, 2, label="X"), Span(doc, 2, 3, label="OTHER")
    doc.set_ents([known, unknown], blocked=[doc[3:4]])
    assert preset_tags(doc, tagset).tolist() == ids(tagset, "B-X L-X O O ?").tolist()
    assert is_blocked(doc).tolist() == [False, False, False, True, False]
    assert preset_tags(Doc(vocab), tagset).tolist() == []
