"""Dropout: what it sets to 0, what it scales, and its gradient."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from spanwright.dropout import Dropout, drop, replace_dropout


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_values_are_dropped_at_the_rate_and_the_others_scaled(rate, dtype):
    torch.manual_seed(0)
    values = torch.ones(997, 101, dtype=dtype, requires_grad=True)
    dropped = drop(values, rate)
    kept = dropped != 0
    assert dropped.dtype == dtype and dropped.shape == values.shape
    assert kept.float().mean() == pytest.approx(1 - rate, abs=0.01)
    # neighbours come out of one draw, and each fourth value out of the same bits of it
    for step in (1, 2, 4):
        both = kept.flatten()[step:] & kept.flatten()[:-step]
        assert both.float().mean() == pytest.approx((1 - rate) ** 2, abs=0.01)
    torch.testing.assert_close(dropped[kept], torch.full_like(dropped[kept], 1 / (1 - rate)))
    dropped.sum().backward()
    assert torch.equal(values.grad, dropped)


def test_seeds_decide_what_is_dropped():
    values = torch.ones(50, 3)
    runs = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        runs.append(drop(values, 0.5))
    assert torch.equal(runs[0], runs[1]) and not torch.equal(runs[0], runs[2])


@pytest.mark.parametrize("shape", [(0,), (1,), (0, 4), (3, 1, 5)])
def test_any_shape(shape):
    assert drop(torch.ones(shape), 0.3).shape == shape


@pytest.mark.parametrize(("rate", "expected"), [(0.0, 1.0), (1.0, 0.0)])
def test_rates_at_the_ends(rate, expected):
    assert torch.equal(drop(torch.ones(20), rate), torch.full((20,), expected))


def test_modules_are_replaced_and_drop_in_training_only():
    module = nn.Sequential(nn.Linear(4, 4), nn.Sequential(nn.Dropout(0.5)), nn.Dropout1d(0.5))
    replace_dropout(module)
    assert [type(part) for part in module.modules() if isinstance(part, nn.Dropout | nn.Dropout1d)] == [
        Dropout,
        nn.Dropout1d,
    ]
    values = torch.ones(200)
    assert module[1].eval()(values) is values
    assert 0 < (module[1].train()(values) == 0).sum() < 200
