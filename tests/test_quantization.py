"""Linear layers in 8 bits: close in prediction, exact in training, and never stale."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from torch import nn

from spanwright.quantization import Int8Linear, quantize_in_prediction


@pytest.fixture
def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64, bias=False), nn.Linear(64, 2)).eval()


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


@pytest.fixture
def make_nlp(tiny_encoder) -> Callable[[str], Language]:
    def make(precision: str) -> Language:
        """Return a pipeline with the same random weights each time, wide enough to be rounded."""
        spacy.util.fix_random_seed(0)
        nlp = spacy.blank("en")
        sizes = {"hidden_size": 64, "intermediate_size": 128}
        settings = {"name": str(tiny_encoder), "pretrained": False, "transformer_config": sizes, "precision": precision}
        nlp.add_pipe("transformer", config={"model": {"@architectures": "spanwright.Transformer.v1", **settings}})
        listener = {"@architectures": "spacy-transformers.TransformerListener.v1", "grad_factor": 1.0}
        tagger = {
            "@architectures": "spacy.Tagger.v2",
            "tok2vec": {**listener, "pooling": {"@layers": "reduce_mean.v1"}},
        }
        nlp.add_pipe("tagger", config={"model": tagger})
        nlp.initialize(lambda: [example_for(nlp)])
        return nlp

    return make


def example_for(nlp: Language) -> Example:
    return Example.from_dict(nlp.make_doc("you and the data"), {"tags": ["P", "C", "D", "N"]})


def vectors_of(nlp: Language) -> np.ndarray:
    """Return the vectors of pieces (pieces, width), without padding, of which there is more in half precision."""
    doc = nlp.make_doc("you and the data")
    data = nlp.get_pipe("transformer").model.predict([doc]).doc_data[0]
    return data.model_output.last_hidden_state[data.wordpieces.attention_mask.astype(bool)]


def test_a_pipeline_is_saved_in_full(make_nlp, tmp_path):
    exact, rounded = vectors_of(make_nlp("fp32")), make_nlp("int8")
    assert 0 < np.abs(vectors_of(rounded) - exact).max() < 0.2
    rounded.to_disk(tmp_path)
    np.testing.assert_array_equal(vectors_of(spacy.load(tmp_path)), vectors_of(rounded))
    as_before = spacy.load(tmp_path, config={"components.transformer.model.precision": "fp32"})
    np.testing.assert_array_equal(vectors_of(as_before), exact)


@pytest.mark.parametrize("optimizer", ["spanwright.AdamW.v1", "Adam.v1"])
def test_a_pipeline_predicts_with_what_it_learnt(make_nlp, tmp_path, optimizer):
    nlp = make_nlp("int8")
    before, sgd = vectors_of(nlp), spacy.registry.optimizers.get(optimizer)(learn_rate=0.01)
    for _ in range(3):  # spaCy steps an encoder at the update that follows
        nlp.update([example_for(nlp)], sgd=sgd)
        vectors_of(nlp)
    nlp.to_disk(tmp_path)
    exact = spacy.load(tmp_path, config={"components.transformer.model.precision": "fp32"})
    assert np.abs(vectors_of(exact) - before).max() > 0.5
    assert np.abs(vectors_of(exact) - vectors_of(nlp)).max() < 0.2
