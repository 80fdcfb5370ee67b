"""An LSTM over words in both directions, on the fastest path that the device has."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from spanwright.ner.crf import pad_index
from spanwright.types import Ints1d

DIRECTIONS = ("", "_reverse")  # in the names of the LSTM's weights
MOST_PADDING = 4  # how many times the words a padded batch may hold


def read_both_ways(lstm: nn.LSTM, words: Tensor, lengths: Sequence[int]) -> Tensor:
    """Read each Doc's words from both ends.

    lstm: of one layer and two directions.
    words: (words, width), of Docs of these lengths, none of them 0; at least one Doc. Returns (words, 2 * units).

    On a CPU torch learns from packed sequences word by word, and from padded ones with one kernel, twice as fast: in training,
    batches that are mostly words are padded, each direction with the padding at its end.
    """
    is_dense = max(lengths) * len(lengths) <= MOST_PADDING * len(words)
    has_kernel = words.is_cpu and words.dtype == torch.float32 and torch.backends.mkldnn.is_available()
    if lstm.training and has_kernel and is_dense:
        return _read_padded(lstm, words, np.asarray(lengths))
    read, _ = lstm(pack_sequence(words.split(list(lengths)), enforce_sorted=False))
    return torch.cat(unpack_sequence(read))


def _read_padded(lstm: nn.LSTM, words: Tensor, lengths: Ints1d) -> Tensor:
    offsets = np.cumsum(lengths) - lengths
    onward, mask = pad_index(offsets, lengths)
    backward = np.where(mask, (2 * offsets + lengths - 1)[:, None] - onward, onward)
    is_word = torch.from_numpy(mask)
    start = words.new_zeros(1, len(lengths), lstm.hidden_size)
    read = []
    for index, direction in zip((onward, backward), DIRECTIONS, strict=True):
        weights = [getattr(lstm, f"{name}_l0{direction}") for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
        inputs = words[torch.from_numpy(index.T)]
        outputs, _, _ = torch.lstm(inputs, (start, start), weights, True, 1, 0.0, lstm.training, False, False)
        in_order = torch.from_numpy(np.argsort(index[mask]))
        read.append(outputs.transpose(0, 1)[is_word][in_order])
    return torch.cat(read, dim=1)
