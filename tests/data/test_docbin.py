import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from spanwright.data.docbin import DocBinBuilder
from spanwright.data.spacing import spaces_after

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zs"]), min_size=1, max_size=5)
TAGS = st.sampled_from(["O", "B-PERSON", "B-LOC", "B-Ä"])
SENTENCES = st.lists(st.lists(st.tuples(WORDS, TAGS, st.booleans()), min_size=1, max_size=6), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(SENTENCES)
def test_reads_back_as_the_docs_spacy_builds(sentences):
    builder = DocBinBuilder()
    vocab = Vocab()
    expected = DocBin(store_user_data=True)
    for sentence in sentences:
        words, tags, spaces = map(list, zip(*sentence, strict=True))
        builder.add(words, spaces=spaces, tags=tags, sentence_starts=[0])
        starts = [True] + [False] * (len(words) - 1)
        expected.add(Doc(vocab, words=words, spaces=spaces, ents=tags, sent_starts=starts))
    ours = DocBin().from_bytes(builder.to_bytes()).get_docs(Vocab())
    theirs = DocBin().from_bytes(expected.to_bytes()).get_docs(Vocab())
    for doc, other in zip(ours, theirs, strict=True):
        assert doc.to_json() == other.to_json()
        attrs = ["ORTH", "SPACY", "ENT_IOB", "ENT_TYPE", "SENT_START", "LEMMA", "NORM", "DEP", "HEAD"]
        assert np.array_equal(doc.to_array(attrs), other.to_array(attrs))
        assert [(sent.start, sent.end) for sent in doc.sents] == [(0, len(doc))]
        assert doc.has_unknown_spaces is other.has_unknown_spaces


def test_symbols_get_their_own_ids():
    """SpaCy has small numbers for words such as LOC and ORG instead of hashes."""
    builder = DocBinBuilder()
    builder.add(["LOC", "ORG"], spaces=[True, False], tags=["B-ORG", "B-LOC"])
    [doc] = DocBin().from_bytes(builder.to_bytes()).get_docs(Vocab())
    assert [(ent.text, ent.label_) for ent in doc.ents] == [("LOC", "ORG"), ("ORG", "LOC")]


def test_no_tags_means_entities_are_not_annotated():
    builder = DocBinBuilder()
    builder.add(["a", "b"], spaces=[True, False], cats={"x": 1.0})
    [doc] = DocBin().from_bytes(builder.to_bytes()).get_docs(Vocab())
    assert not doc.has_annotation("ENT_IOB") and not doc.has_annotation("SENT_START") and doc.cats == {"x": 1.0}


def test_empty():
    assert len(DocBin().from_bytes(DocBinBuilder().to_bytes())) == 0


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("Anna , it 's ( mostly ) 5 % off .", "Anna, it's (mostly) 5% off."),
        ('He said " go " and " no "', 'He said "go" and "no"'),
        ("They do n't pay $ 5 !", "They don't pay $5!"),
        ("« oui »", "«oui»"),
        ("one", "one"),
        ("a - b / c", "a - b / c"),
    ],
)
def test_detokenise(tokens, text):
    words = tokens.split()
    for rule, expected in (("detokenise", text), ("always", tokens)):
        spaces = spaces_after(words, np.arange(len(words), dtype="uint32"), np.asarray([len(words)], "int32"), rule)
        assert "".join(word + " " * bool(space) for word, space in zip(words, spaces, strict=True)) == expected


def test_quotes_open_anew_in_every_document():
    words, numbers = ['"', "a"], np.asarray([0, 1, 0, 1], "uint32")
    assert spaces_after(words, numbers, np.asarray([2, 2], "int32")).tolist() == [False, False, False, False]
