"""Linear layers in 8 bits: close in prediction, exact in training, and never stale."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from spacy.training import Example
from torch import nn

from spanwright.encoder.model import build_transformer
from spanwright.quantization import Int8Linear, quantize_in_prediction


@pytest.fixture
def layers() -> nn.Sequential:
    torch.manual_seed(0)
    layers = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64, bias=False), nn.Linear(64, 2)).eval()
    return layers


def test_prediction_is_close_and_training_exact(layers):
    inputs = torch.randn(3, 7, 64)
    expected = layers(inputs).detach()
    quantize_in_prediction(layers)
    assert [type(layer) for layer in layers] == [Int8Linear, nn.ReLU, Int8Linear, nn.Linear]
    found = layers(inputs).detach()
    assert 0 < (found - expected).abs().max() < 0.05 * expected.abs().max()
    torch.testing.assert_close(layers.train()(inputs), expected, atol=0, rtol=0)


@pytest.mark.parametrize("change", ["step", "load", "swap"])
def test_changed_weights_are_seen(layers, change):
    quantize_in_prediction(layers)
    inputs = torch.randn(2, 64)
    before = layers(inputs)
    weight = layers[0].weight
    if change == "step":
        with torch.no_grad():
            weight.mul_(-1)
    elif change == "load":
        layers.load_state_dict({name: -tensor for name, tensor in layers.state_dict().items()})
    else:  # as a shim's use_params does
        weight.data = -weight.data
    after = layers(inputs)
    expected = nn.Sequential.forward(layers.train(), inputs)
    assert not torch.allclose(before, after)
    assert (after - expected).abs().max() < 0.1 * expected.abs().max()


def test_all_zero_weights_give_the_bias():
    layer = nn.Sequential(nn.Linear(64, 64)).eval()
    nn.init.zeros_(layer[0].weight)
    quantize_in_prediction(layer)
    torch.testing.assert_close(layer(torch.randn(5, 64)), layer[0].bias.expand(5, -1), atol=1e-6, rtol=0)


def test_a_pipeline_trains_in_full_and_is_saved_in_full(tiny_encoder, tmp_path):
    import spacy

    def make(precision: str) -> spacy.Language:
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        sizes = {"hidden_size": 64, "intermediate_size": 128}
        settings = {"name": str(tiny_encoder), "pretrained": False, "transformer_config": sizes, "precision": precision}
        nlp.add_pipe("transformer", config={"model": {"@architectures": "spanwright.Transformer.v1", **settings}})
        nlp.initialize()
        return nlp

    exact, rounded = make("fp32"), make("int8")
    doc = rounded.make_doc("you and the data")
    vectors = [
        nlp.get_pipe("transformer").model.predict([doc]).model_output.last_hidden_state for nlp in (exact, rounded)
    ]
    assert 0 < (vectors[0] - vectors[1]).abs().max() < 0.2
    rounded.to_disk(tmp_path)
    loaded = build_transformer("", precision="fp32")
    loaded.from_bytes((tmp_path / "transformer" / "model").read_bytes())
    np.testing.assert_array_equal(loaded.predict([doc]).model_output.last_hidden_state, vectors[0])
    again = spacy.load(tmp_path)
    np.testing.assert_array_equal(
        again.get_pipe("transformer").model.predict([doc]).model_output.last_hidden_state, vectors[1]
    )
    rounded.update([Example(rounded.make_doc("data"), rounded.make_doc("data"))])
