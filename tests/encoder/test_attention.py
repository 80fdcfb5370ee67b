"""Attention of training: in float32 where bfloat16 is slow, and the same with and without gradient checkpointing."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode

from spanwright.encoder.attention import Float32Attention

SHAPE = (2, 3, 5, 4)  # texts, heads, pieces, width


class Recorder(TorchDispatchMode):
    """Keep the types that attention computes in."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        if "scaled_dot_product" in str(function):
            self.seen.append(args[0].dtype)
        return function(*args, **(kwargs or {}))


def attend(query, **settings):
    with Recorder() as recorder, torch.autocast("cpu", torch.bfloat16):
        attended = functional.scaled_dot_product_attention(query, key=query, value=query, **settings)
    return attended, recorder.seen


@pytest.mark.parametrize("with_mask", [False, True])
def test_bfloat16_is_computed_in_float32(with_mask):
    query = torch.randn(SHAPE).bfloat16()
    mask = torch.zeros(2, 1, 5, 5, dtype=torch.bfloat16).index_fill_(3, torch.tensor([4]), -1e4) if with_mask else None
    with Float32Attention():
        attended, seen = attend(query, attn_mask=mask)
    wide = query.float()
    expected = functional.scaled_dot_product_attention(wide, wide, wide, attn_mask=mask.float() if with_mask else None)
    assert seen == [torch.float32]
    assert attended.dtype == torch.bfloat16
    torch.testing.assert_close(attended, expected.bfloat16())


def test_outside_of_the_block_and_with_dropout_nothing_changes():
    query = torch.randn(SHAPE).bfloat16()
    assert attend(query)[1] == [torch.bfloat16]
    with Float32Attention():
        assert torch.float32 not in attend(query, dropout_p=0.5)[1]


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("pieces_at_once", [8192, 20])
def test_an_encoder_trains_in_bfloat16_with_attention_in_float32(
    tiny_encoder, make_model, make_doc, checkpointing, pieces_at_once
):
    settings = {"gradient_checkpointing": checkpointing, "pieces_at_once": pieces_at_once}
    model = make_model(tiny_encoder, precision="bf16", dropout=0.0, **settings)
    model.initialize()
    docs = [make_doc("you and the data"), make_doc("years of experience and data")]
    with Recorder() as recorder:
        outputs, backprop = model.begin_update(docs)
        outputs.model_output["last_hidden_state"] = outputs.model_output.last_hidden_state.sin()
        backprop(outputs)
    assert set(recorder.seen) == {torch.float32}
    with Recorder() as recorder:
        model.predict(docs)
    assert set(recorder.seen) == {torch.bfloat16}
    gradients = [p.grad for _, p in model.shims[0].module.named_parameters() if p.grad is not None]
    assert gradients and all(gradient.isfinite().all() for gradient in gradients)
