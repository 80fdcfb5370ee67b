import numpy as np
import pytest

from spanwright.encoder.tokenization import PairTemplate, PieceTokenizer, SpecialPieces
from spanwright.qa.contexts import ContextCache
from spanwright.qa.windows import Row, batches_of_like_length, build_batch, count_special, cut_context, padded_length

BERT = PairTemplate(SpecialPieces([101], [0]), SpecialPieces([102], [0]), SpecialPieces([102], [1]), 0, 1)
ROBERTA = PairTemplate(SpecialPieces([0], [0]), SpecialPieces([2, 2], [0, 0]), SpecialPieces([2], [0]), 0, 0)
ROWS = [Row(np.array([7, 8]), np.array([5, 6, 7])), Row(np.array([9]), np.array([4]))]


def test_batches_have_special_pieces_segments_and_no_more_padding_than_asked_for():
    batch = build_batch(ROWS, BERT, pad_id=0, multiple=1, longest=512)
    assert batch.input_ids.tolist() == [[101, 7, 8, 102, 5, 6, 7, 102], [101, 9, 102, 4, 102, 0, 0, 0]]
    assert batch.segments.tolist() == [[0, 0, 0, 0, 1, 1, 1, 1], [0, 0, 0, 1, 1, 0, 0, 0]]
    assert batch.attention_mask.tolist() == [[1] * 8, [1, 1, 1, 1, 1, 0, 0, 0]]
    assert batch.is_answer.astype(int).tolist() == [[1, 0, 0, 0, 1, 1, 1, 0], [1, 0, 0, 1, 0, 0, 0, 0]]
    assert batch.has_padding
    assert not build_batch(ROWS[:1], BERT, pad_id=0, multiple=8, longest=512).has_padding
    batch = build_batch(ROWS, ROBERTA, pad_id=1, multiple=16, longest=12)
    assert batch.input_ids[1].tolist() == [0, 9, 2, 2, 4, 2, 1, 1, 1, 1, 1, 1]
    assert (count_special(BERT), count_special(ROBERTA)) == (3, 4)


def test_templates_come_from_the_tokenizer(tiny_encoder):
    definition = (tiny_encoder / "tokenizer.json").read_text(encoding="utf-8")
    assert PieceTokenizer(definition, pad_id=0).pair_template() == PairTemplate(
        SpecialPieces([2], [0]), SpecialPieces([3], [0]), SpecialPieces([3], [1]), 0, 1
    )


@pytest.mark.parametrize(
    ("n_pieces", "room", "overlap", "expected"),
    [
        (0, 10, 4, []),
        (1, 10, 4, [(0, 1)]),
        (10, 10, 4, [(0, 10)]),
        (11, 10, 4, [(0, 10), (6, 11)]),
        (20, 4, 100, [(i, i + 4) for i in range(0, 17, 2)]),
    ],
)
def test_contexts_are_cut_with_an_overlap(n_pieces, room, overlap, expected):
    windows = cut_context(n_pieces, room=room, overlap=overlap)
    assert [(window.start, window.end) for window in windows] == expected
    owned = [piece for window in windows for piece in range(window.owned_start, window.owned_end)]
    assert owned == list(range(n_pieces))


def test_batches_hold_windows_of_like_length():
    lengths = np.array([3, 50, 4, 49, 200, 5])
    batches = [batch.tolist() for batch in batches_of_like_length(lengths, largest=100)]
    assert batches == [[4], [1, 3], [5, 2, 0]]
    assert list(batches_of_like_length(np.zeros(0, dtype=np.int64), largest=100)) == []


def test_lengths_are_padded_to_a_multiple_but_no_window_grows_too_long():
    lengths = np.array([1, 16, 17, 39, 45])
    assert padded_length(lengths, multiple=16, longest=40).tolist() == [16, 16, 32, 40, 45]
    assert padded_length(lengths, multiple=1, longest=40).tolist() == lengths.tolist()


def test_a_context_is_cut_into_pieces_once(tiny_encoder):
    tokenizer = PieceTokenizer((tiny_encoder / "tokenizer.json").read_text(encoding="utf-8"), pad_id=0)
    seen = []

    def counting(texts):
        seen.extend(texts)
        return tokenizer(texts)

    contexts = ContextCache(limit=12)
    first, again, other = contexts(["you and", "you and", "in"], counting)
    assert first is again
    assert first.ids.tolist() == tokenizer(["you and"])[0].ids.tolist()
    assert other.offsets.tolist() == [[0, 2]]
    contexts(["in", "you and"], counting)
    assert seen == ["you and", "in"]
    contexts(["data " * 12], counting)  # more than there is room for: the others go, and at last itself
    contexts(["in"], counting)
    assert seen == ["you and", "in", "data " * 12, "in"]
    assert [len(context.ids) for context in contexts(["", "in"], counting)] == [0, 1]


def test_texts_of_few_pieces_are_not_kept_for_ever(tiny_encoder):
    tokenizer = PieceTokenizer((tiny_encoder / "tokenizer.json").read_text(encoding="utf-8"), pad_id=0)
    contexts = ContextCache(limit=50)
    contexts([" " * n for n in range(100)], tokenizer)
    assert 0 < len(contexts._contexts) < 30
    contexts(["x" * 10_000], tokenizer)  # one piece, that the vocabulary does not know
    assert len(contexts._contexts) == 0
