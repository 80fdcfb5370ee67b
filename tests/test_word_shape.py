"""What the heads are told of how words are written."""

from __future__ import annotations

import numpy as np
import pytest
import spacy
from spacy.ml import build_hash_embed_cnn_tok2vec
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spanwright.word_shape import WORD_SHAPES, build_with_word_shape, word_shape


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("", "other"),
        ("--", "other"),
        ("7", "number"),
        ("1,200.50", "number"),
        ("3rd", "with_digit"),
        ("5-7", "with_digit"),
        ("lower", "lower"),
        ("e.g.", "lower"),
        ("J", "initial"),
        ("J.", "initial"),
        ("EU", "upper"),
        ("U.S.", "upper"),
        ("Paris", "title"),
        ("O'brien", "title"),
        ("McDonald", "title_mixed"),
        ("iPhone", "mixed"),
        ("Édith", "title"),
    ],
)
def test_shapes_of_words(word, expected):
    assert word_shape(spacy.blank("en").vocab[word].shape_ if word else "") == expected


@pytest.fixture
def tok2vec():
    return build_hash_embed_cnn_tok2vec(
        width=8, depth=1, embed_size=50, window_size=1, maxout_pieces=2, subword_features=False, pretrained_vectors=None
    )


def test_vectors_are_followed_by_those_of_the_shape(tok2vec):
    model = build_with_word_shape(tok2vec, width=4)
    nlp = spacy.blank("en")
    docs = [nlp.make_doc("Anna met Otto"), Doc(nlp.vocab), nlp.make_doc("EU")]
    model.initialize(X=docs)
    vectors = model.predict(docs)
    assert [array.shape for array in vectors] == [(3, 12), (0, 12), (1, 12)]
    plain = tok2vec.predict(docs)
    for array, own in zip(vectors, plain, strict=True):
        np.testing.assert_array_equal(array[:, :8], own)
    np.testing.assert_array_equal(vectors[0][0, 8:], vectors[0][2, 8:])
    assert not np.array_equal(vectors[0][0, 8:], vectors[0][1, 8:])


def test_embeddings_of_seen_shapes_learn(tok2vec):
    model = build_with_word_shape(tok2vec, width=4)
    doc = spacy.blank("en").make_doc("Anna met Otto")
    model.initialize(X=[doc])
    (vectors,), backprop = model.begin_update([doc])
    backprop([np.ones_like(vectors)])
    embed = next(node for node in model.walk() if node.name == "embed")
    seen = {WORD_SHAPES.index("title"): 2.0, WORD_SHAPES.index("lower"): 1.0}
    np.testing.assert_array_equal(embed.get_grad("E")[:, 0], [seen.get(i, 0.0) for i in range(len(WORD_SHAPES))])


def test_a_vocabulary_without_shapes_has_no_letters():
    assert word_shape(Doc(Vocab(), words=["Anna"])[0].shape_) == "other"
