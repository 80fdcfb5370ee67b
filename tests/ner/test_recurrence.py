"""The LSTM's path for padded batches against torch's for packed ones."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_sequence, unpack_sequence

from spanwright.ner import recurrence
from spanwright.ner.recurrence import read_both_ways

LENGTHS = [[1], [5], [3, 3, 3], [7, 1, 4, 5], [1, 1, 2]]


@pytest.fixture
def lstm() -> nn.LSTM:
    torch.manual_seed(0)
    return nn.LSTM(6, 4, bidirectional=True)


def packed(lstm, words, lengths):
    read, _ = lstm(pack_sequence(words.split(lengths), enforce_sorted=False))
    return torch.cat(unpack_sequence(read))


@pytest.mark.parametrize("lengths", LENGTHS, ids=str)
def test_padded_batches_train_as_packed_ones(lstm, lengths, monkeypatch):
    monkeypatch.setattr(recurrence, "pack_sequence", None)  # not to be called
    results = []
    for read in (read_both_ways, packed):
        lstm.zero_grad()
        words = torch.linspace(-2, 2, 6 * sum(lengths)).reshape(-1, 6).requires_grad_()
        output = read(lstm, words, lengths)
        (output * torch.arange(output.numel()).reshape(output.shape)).sum().backward()
        results.append([output.detach(), words.grad, *(weight.grad for weight in lstm.parameters())])
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize(
    ("is_train", "lengths"), [(True, [20, *[1] * 9]), (False, [3, 2])], ids=["mostly padding", "prediction"]
)
def test_others_are_packed(lstm, is_train, lengths, monkeypatch):
    monkeypatch.setattr(recurrence, "_read_padded", None)
    lstm.train(is_train)
    words = torch.randn(sum(lengths), 6)
    assert torch.equal(read_both_ways(lstm, words, lengths), packed(lstm, words, lengths))
