"""From Docs to padded word pieces, and from the encoder's output to what spaCy's transformer listeners take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc, Span
from spacy_transformers.data_classes import FullTransformerBatch, TransformerData, WordpieceBatch
from thinc.api import torch2xp
from thinc.types import Ragged
from torch import Tensor
from transformers.modeling_outputs import BaseModelOutput

from spanwright.encoder.tokenization import Pieces, PieceTokenizer
from spanwright.encoder.windows import Window, align_tokens, cut_windows, fill_gaps
from spanwright.types import Ints1d, Ints2d


@dataclass(frozen=True)
class DocPieces:
    """A Doc's word pieces in windows.

    token_pieces: for token after token, the flat positions of its pieces in the Doc's padded `(windows, length)` array.
    token_lengths: `(tokens,)`, how many pieces each token has, at least 1.
    tokens_without_pieces: the tokens that borrow a piece, having none of their own, such as white space.
    """

    pieces: Pieces
    windows: list[Window]
    token_pieces: Ints1d
    token_lengths: Ints1d
    tokens_without_pieces: Ints1d


@dataclass(frozen=True)
class PieceBatch:
    """The padded word pieces of a batch of Docs: `(windows, length)` ids and mask, the windows in the order of the Docs."""

    docs: list[Doc]
    parts: list[DocPieces]
    input_ids: Ints2d
    attention_mask: Ints2d

    @property
    def lengths(self) -> Ints1d:
        """How many pieces each window has, `(windows,)`, without padding."""
        return self.attention_mask.sum(axis=1)


def batch_docs(
    docs: Sequence[Doc], tokenizer: PieceTokenizer, *, window: int, overlap: int, pad_to_multiple_of: int
) -> PieceBatch:
    """Cut Docs into word pieces and these into windows of at most `window` pieces, special pieces included.

    Rows are padded to a multiple of `pad_to_multiple_of`, but not beyond `window`. An empty Doc has no window.
    """
    n_special = len(tokenizer.prefix) + len(tokenizer.suffix)
    texts = [doc.text for doc in docs]
    tokens = [doc.to_array([IDX, LENGTH]).astype(np.int64).reshape(len(doc), 2) for doc in docs]
    pieces = tokenizer(texts)
    aligned = [align_tokens(t[:, 0], t.sum(axis=1), p.starts, p.ends) for t, p in zip(tokens, pieces, strict=True)]
    windows = [
        cut_windows(_word_starts(*a), len(p.ids), size=window - n_special, overlap=overlap) if len(doc) else []
        for doc, p, a in zip(docs, pieces, aligned, strict=True)
    ]
    longest = max((w.end - w.start for doc_windows in windows for w in doc_windows), default=0) + n_special
    length = min(-(-longest // pad_to_multiple_of) * pad_to_multiple_of, window)
    parts = [
        DocPieces(
            p, w, *_flat_positions(*a, w, length=length, n_prefix=len(tokenizer.prefix)), np.flatnonzero(a[1] == 0)
        )
        for p, a, w in zip(pieces, aligned, windows, strict=True)
    ]
    n_rows = sum(len(doc_windows) for doc_windows in windows)
    input_ids = np.full((n_rows, length), tokenizer.pad_id, dtype=np.int64)
    mask = np.zeros((n_rows, length), dtype=np.int64)
    rows = (tokenizer.prefix + p.ids[w.start : w.end].tolist() + tokenizer.suffix
            for p, doc_windows in zip(pieces, windows, strict=True) for w in doc_windows)  # fmt: skip
    for i, row in enumerate(rows):
        input_ids[i, : len(row)] = row
        mask[i, : len(row)] = 1
    return PieceBatch(list(docs), parts, input_ids, mask)


def to_transformer_batch(batch: PieceBatch, hidden: Tensor, tokenizer: PieceTokenizer) -> FullTransformerBatch:
    """Wrap the encoder's output `(windows, length, width)` as spacy-transformers does, split by Doc."""
    vectors = torch2xp(hidden.detach())
    prefix, suffix = tokenizer.strings_of(tokenizer.prefix), tokenizer.strings_of(tokenizer.suffix)
    pad = tokenizer.strings_of([tokenizer.pad_id])
    length = batch.input_ids.shape[1]
    doc_data: list[TransformerData] = []
    spans: list[list[Span]] = []
    row = 0
    for doc, part in zip(batch.docs, batch.parts, strict=True):
        if not part.windows:
            doc_data.append(TransformerData.empty())
            spans.append([])
            continue
        rows = slice(row, row + len(part.windows))
        strings = [prefix + part.pieces.strings[w.start : w.end] + suffix for w in part.windows]
        wordpieces = WordpieceBatch(
            strings=[row_strings + pad * (length - len(row_strings)) for row_strings in strings],
            input_ids=batch.input_ids[rows],
            attention_mask=batch.attention_mask[rows].astype(np.float32),
            lengths=[len(row_strings) for row_strings in strings],
            token_type_ids=None,
        )
        align = Ragged(part.token_pieces.astype(np.int32), part.token_lengths.astype(np.int32))
        doc_data.append(TransformerData(wordpieces, BaseModelOutput(last_hidden_state=vectors[rows]), align))
        spans.append([doc[:]])
        row = rows.stop
    return FullTransformerBatch(
        spans=spans,
        wordpieces=_join_wordpieces(doc_data, batch),
        model_output=BaseModelOutput(last_hidden_state=hidden),
        align=_join_alignments(batch),
        cached_doc_data=doc_data,
    )


def _word_starts(token_pieces: Ints1d, token_lengths: Ints1d) -> Ints1d:
    # a piece that two tokens share ("don" of "do" + "n't") is no place to cut; unique() keeps the first of its mentions
    first = np.cumsum(token_lengths) - token_lengths
    return np.unique(token_pieces[first[token_lengths > 0]])


def _flat_positions(
    token_pieces: Ints1d, token_lengths: Ints1d, windows: list[Window], *, length: int, n_prefix: int
) -> tuple[Ints1d, Ints1d]:
    if not windows:
        return token_pieces, token_lengths
    if not len(token_pieces):  # nothing but white space: every token takes the first special piece
        return np.zeros(len(token_lengths), dtype=np.int64), np.ones_like(token_lengths)
    token_pieces, token_lengths = fill_gaps(token_pieces, token_lengths)
    owner = np.searchsorted([w.owned_end for w in windows], token_pieces, side="right")
    window_starts = np.array([w.start for w in windows])
    return owner * length + n_prefix + token_pieces - window_starts[owner], token_lengths


def _join_wordpieces(doc_data: list[TransformerData], batch: PieceBatch) -> WordpieceBatch:
    return WordpieceBatch(
        strings=[row for data in doc_data for row in data.wordpieces.strings],
        input_ids=batch.input_ids,
        attention_mask=batch.attention_mask.astype(np.float32),
        lengths=[n for data in doc_data for n in data.wordpieces.lengths],
        token_type_ids=None,
    )


def _join_alignments(batch: PieceBatch) -> Ragged:
    length = batch.input_ids.shape[1]
    n_rows = np.cumsum([0] + [len(part.windows) for part in batch.parts])
    positions = [part.token_pieces + start * length for part, start in zip(batch.parts, n_rows, strict=False)]
    lengths = [part.token_lengths for part in batch.parts]
    return Ragged(np.concatenate(positions).astype(np.int32), np.concatenate(lengths).astype(np.int32))
