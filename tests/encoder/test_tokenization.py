from __future__ import annotations

import pytest
from tokenizers import Tokenizer, models

from spanwright.encoder.tokenization import PieceTokenizer


@pytest.fixture(scope="module")
def bert(tiny_encoder) -> PieceTokenizer:
    return PieceTokenizer((tiny_encoder / "tokenizer.json").read_text(), pad_id=0)


def spans(pieces) -> list[tuple[int, int]]:
    return list(zip(pieces.starts.tolist(), pieces.ends.tolist(), strict=True))


def test_special_pieces(bert, make_byte_level):
    assert bert.strings_of(bert.prefix) == ["[CLS]"]
    assert bert.strings_of(bert.suffix) == ["[SEP]"]
    assert bert.strings_of([bert.pad_id]) == ["[PAD]"]
    roberta = PieceTokenizer(make_byte_level().to_str(), pad_id=1)
    assert (roberta.prefix, roberta.suffix, roberta.largest_id) == ([0], [2], 259)


def test_a_tokenizer_without_special_pieces():
    tokenizer = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    bare = PieceTokenizer(tokenizer.to_str(), pad_id=0)
    assert (bare.prefix, bare.suffix) == ([], [])


@pytest.mark.parametrize(
    ("text", "strings", "offsets"),
    [
        ("", [], []),
        (" \n\t", [], []),
        ("The data", ["the", "data"], [(0, 3), (4, 8)]),
        ("a  b1", ["a", "b", "##1"], [(0, 1), (3, 4), (4, 5)]),
        ("\u00c9t\u00e9", ["e", "##t", "##e"], [(0, 1), (1, 2), (2, 3)]),
        ("e\u0301t", ["e", "##t"], [(0, 1), (2, 3)]),
        ("a \N{GRINNING FACE} b", ["a", "[UNK]", "b"], [(0, 1), (2, 3), (4, 5)]),
        ("a\u200bb", ["a", "##b"], [(0, 1), (2, 3)]),
    ],
)
def test_offsets_are_characters_of_the_text(bert, text, strings, offsets):
    (pieces,) = bert([text])
    assert (pieces.strings, spans(pieces)) == (strings, offsets)
    assert bert.strings_of(pieces.ids.tolist()) == strings
    assert pieces.ids.dtype == pieces.starts.dtype == "int64"


@pytest.mark.parametrize(("trim_offsets", "b"), [(True, (2, 3)), (False, (1, 3))])
def test_byte_level_pieces(make_byte_level, trim_offsets, b):
    tokenizer = PieceTokenizer(make_byte_level(trim_offsets=trim_offsets).to_str(), pad_id=1)
    (pieces,) = tokenizer(["a bb \N{GRINNING FACE}!"])
    assert pieces.strings[:3] == ["a", "Ġb", "b"]
    assert spans(pieces)[:3] == [(0, 1), b, (3, 4)]
    assert spans(pieces)[-5:] == [(5, 6)] * 4 + [(6, 7)]


def test_texts_are_neither_cut_nor_padded_and_one_does_not_change_another(bert):
    texts = ["a " * 300, "", "b"]
    together = bert(texts)
    assert [len(pieces.ids) for pieces in together] == [300, 0, 1]
    assert [pieces.strings for pieces in together] == [bert([text])[0].strings for text in texts]


def test_truncation_and_padding_of_the_definition_are_off(make_byte_level):
    definition = make_byte_level()
    definition.enable_truncation(4)
    definition.enable_padding(length=8, pad_id=1)
    texts = ["abcdef", "a"]
    assert [len(pieces.ids) for pieces in PieceTokenizer(definition.to_str(), pad_id=1)(texts)] == [6, 1]


def test_the_definition_makes_the_same_tokenizer(bert):
    copy = PieceTokenizer(bert.definition, pad_id=bert.pad_id)
    assert copy.definition == bert.definition
    assert (copy.prefix, copy.suffix, copy.largest_id) == (bert.prefix, bert.suffix, bert.largest_id)
    assert copy(["The data!"])[0].strings == bert(["The data!"])[0].strings
