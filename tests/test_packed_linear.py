"""Linear layers with packed weights: close in prediction, exact in training, and never stale."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import pytest
import spacy
import torch
from spacy.language import Language
from spacy.training import Example
from torch import Tensor, nn

from spanwright import packed_linear
from spanwright.packed_linear import Bfloat16Linear, Int8Linear, pack_in_prediction

PACKED = pytest.mark.parametrize("packed", [Int8Linear, Bfloat16Linear])


@pytest.fixture
def layers() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64, bias=False), nn.Linear(64, 2)).eval()


def predict(layers: nn.Module, inputs: Tensor, packed: type[nn.Linear]) -> Tensor:
    """Run layers as a shim does that has `packed` ones."""
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16, enabled=packed is Bfloat16Linear):
        return layers(inputs).float()


@PACKED
def test_prediction_is_close_and_training_exact(layers, packed):
    inputs = torch.randn(3, 7, 64)
    expected = layers(inputs).detach()
    pack_in_prediction(layers, packed)
    assert [type(layer) for layer in layers] == [packed, nn.ReLU, packed, nn.Linear]
    found = predict(layers, inputs, packed)
    assert 0 < (found - expected).abs().max() < 0.05 * expected.abs().max()
    torch.testing.assert_close(layers.train()(inputs), expected, atol=0, rtol=0)


@PACKED
@pytest.mark.parametrize("change", ["step", "load", "swap"])
def test_changed_weights_are_seen(layers, packed, change):
    pack_in_prediction(layers, packed)
    inputs = torch.randn(2, 64)
    before = predict(layers, inputs, packed)
    weight = layers[0].weight
    if change == "step":
        with torch.no_grad():
            weight.mul_(-1)
    elif change == "load":
        layers.load_state_dict({name: -tensor for name, tensor in layers.state_dict().items()})
    else:  # as a shim's use_params does
        weight.data = -weight.data
    after = predict(layers, inputs, packed)
    expected = layers.train()(inputs)
    assert not torch.allclose(before, after)
    assert (after - expected).abs().max() < 0.1 * expected.abs().max()


@pytest.mark.parametrize(("packed", "atol"), [(Int8Linear, 1e-6), (Bfloat16Linear, 1e-3)])
def test_all_zero_weights_give_the_bias(packed, atol):
    layer = nn.Sequential(nn.Linear(64, 64)).eval()
    nn.init.zeros_(layer[0].weight)
    pack_in_prediction(layer, packed)
    found = predict(layer, torch.randn(5, 64), packed)
    torch.testing.assert_close(found, layer[0].bias.expand(5, -1), atol=atol, rtol=0)


@PACKED
def test_inputs_of_any_shape(layers, packed):
    pack_in_prediction(layers, packed)
    inputs = torch.randn(4, 6, 64)
    whole = predict(layers, inputs, packed)
    assert predict(layers, inputs[:0], packed).shape == (0, 6, 2)
    torch.testing.assert_close(predict(layers, inputs.transpose(0, 1), packed), whole.transpose(0, 1))
    torch.testing.assert_close(predict(layers, inputs[1:2, 2], packed), whole[1:2, 2], atol=0.05, rtol=0)


@PACKED
def test_a_copy_packs_its_own_weights(layers, packed):
    pack_in_prediction(layers, packed)
    inputs = torch.randn(2, 64)
    before = predict(layers, inputs, packed)
    copied = copy.deepcopy(layers)
    nn.init.zeros_(copied[0].weight)
    assert not torch.equal(predict(copied, inputs, packed), before)
    torch.testing.assert_close(predict(layers, inputs, packed), before, atol=0, rtol=0)


@pytest.mark.parametrize("can_pack", [True, False])
def test_bfloat16_is_what_autocast_gives(layers, monkeypatch, can_pack):
    inputs = torch.randn(3, 7, 64)
    expected = predict(layers, inputs, Bfloat16Linear)
    pack_in_prediction(layers, Bfloat16Linear)
    if not can_pack:
        monkeypatch.setattr(packed_linear, "can_pack_bfloat16", lambda: False)
    torch.testing.assert_close(predict(layers, inputs, Bfloat16Linear), expected, atol=0.01, rtol=0)


def test_without_autocast_or_with_gradients_nothing_is_packed(layers):
    inputs = torch.randn(3, 64)
    expected = layers(inputs)
    pack_in_prediction(layers, Bfloat16Linear)
    found = layers(inputs)
    torch.testing.assert_close(found, expected, atol=0, rtol=0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        layers(inputs).sum().backward()
    assert layers[0].weight.grad is not None


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


@pytest.mark.parametrize("precision", ["int8", "bf16"])
def test_a_pipeline_is_saved_in_full(make_nlp, tmp_path, precision):
    exact, rounded = vectors_of(make_nlp("fp32")), make_nlp(precision)
    assert 0 < np.abs(vectors_of(rounded) - exact).max() < 0.2
    rounded.to_disk(tmp_path)
    np.testing.assert_array_equal(vectors_of(spacy.load(tmp_path)), vectors_of(rounded))
    as_before = spacy.load(tmp_path, config={"components.transformer.model.precision": "fp32"})
    np.testing.assert_array_equal(vectors_of(as_before), exact)


@pytest.mark.parametrize("precision", ["int8", "bf16"])
@pytest.mark.parametrize("optimizer", ["spanwright.AdamW.v1", "Adam.v1"])
def test_a_pipeline_predicts_with_what_it_learnt(make_nlp, tmp_path, optimizer, precision):
    nlp = make_nlp(precision)
    before, sgd = vectors_of(nlp), spacy.registry.optimizers.get(optimizer)(learn_rate=0.01)
    for _ in range(3):  # spaCy steps an encoder at the update that follows
        nlp.update([example_for(nlp)], sgd=sgd)
        vectors_of(nlp)
    nlp.to_disk(tmp_path)
    exact = spacy.load(tmp_path, config={"components.transformer.model.precision": "fp32"})
    assert np.abs(vectors_of(exact) - before).max() > 0.5
    assert np.abs(vectors_of(exact) - vectors_of(nlp)).max() < 0.2
