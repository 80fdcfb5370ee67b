"""Layers that do not train: unchanged to the bit, run once, and no hindrance to what trains above them."""

from __future__ import annotations

import pickle
from types import SimpleNamespace

import numpy as np
import pytest
import spacy
import torch
from transformers import DistilBertConfig, DistilBertModel

from spanwright.encoder.freezing import freeze_parameters
from spanwright.encoder.loading import EncoderModule
from spanwright.optimizer import build_adamw


@pytest.mark.parametrize("freeze", ["none", "embeddings", 1])
def test_all_that_trains_is_in_training(tiny_encoder, make_nlp, make_examples, freeze):
    nlp = make_nlp(tiny_encoder, heads=["tagger"], freeze=freeze, precision="int8")
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    model = nlp.get_pipe("transformer").model
    seen = []
    for layer in model.shims[0].module.transformer.encoder.layer[1:]:
        layer.register_forward_hook(lambda layer, *_: seen.append(all(part.training for part in layer.modules())))
    outputs, backprop = model.begin_update([eg.reference for eg in examples])
    outputs.model_output["last_hidden_state"] = torch.ones_like(outputs.model_output.last_hidden_state).cumsum(-1)
    backprop(outputs)
    assert seen and all(seen)
    lacking = {name for name, p in model.shims[0].module.named_parameters() if p.requires_grad and p.grad is None}
    assert lacking == set()


def test_what_never_trains_is_left_so():
    config = DistilBertConfig(sinusoidal_pos_embds=True, dim=8, n_heads=2, n_layers=1, hidden_dim=8, vocab_size=9)
    model = DistilBertModel(config)
    freeze_parameters(model, "none")
    fixed = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    assert fixed == ["embeddings.position_embeddings.weight"]


@pytest.mark.parametrize(
    ("freeze", "optimizer", "frozen"),
    [
        ("none", "spanwright.AdamW.v1", ()),
        ("all", "spanwright.AdamW.v1", ("",)),
        ("embeddings", "spanwright.AdamW.v1", ("embeddings",)),
        (1, "spanwright.AdamW.v1", ("embeddings", "encoder.layer.0")),
        (1, "Adam.v1", ("embeddings", "encoder.layer.0")),
    ],
    ids=str,
)
def test_frozen_weights_stay_to_the_bit(
    tiny_encoder, make_nlp, make_examples, parameters_of, changed, freeze, optimizer, frozen
):
    nlp = make_nlp(tiny_encoder, heads=["tagger"], freeze=freeze, window=32, overlap=8)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    model = nlp.get_pipe("transformer").model
    before, sgd = parameters_of(model), spacy.registry.optimizers.get(optimizer)(learn_rate=0.001)
    for _ in range(3):
        nlp.update(examples, sgd=sgd)
    assert changed(before, parameters_of(model)) == {name for name in before if not name.startswith(frozen)}


@pytest.mark.parametrize("cache_memory", [0, 1 << 20])
def test_a_frozen_encoder_computes_once(tiny_encoder, make_nlp, make_examples, vectors_of, monkeypatch, cache_memory):
    nlp = make_nlp(tiny_encoder, heads=["tagger"], freeze="all", cache_memory=cache_memory, window=32, overlap=8)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    model = nlp.get_pipe("transformer").model
    before = vectors_of(model, [eg.reference for eg in examples])
    calls = []
    forward = EncoderModule.forward
    monkeypatch.setattr(EncoderModule, "forward", lambda *args, **kwargs: calls.append(1) or forward(*args, **kwargs))
    optimizer = build_adamw(0.003)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    nlp.evaluate(examples)
    n_first = len(calls)
    nlp.update(examples, sgd=optimizer)
    assert 0 < len(calls) == n_first
    for vectors, cached in zip(before, vectors_of(model, [eg.reference for eg in examples]), strict=True):
        np.testing.assert_allclose(cached, vectors, atol=1e-6)


def test_frozen_layers_compute_once_and_the_others_learn(tiny_encoder, make_nlp, make_examples, monkeypatch, tmp_path):
    nlp = make_nlp(tiny_encoder, heads=["tagger"], freeze=1)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    layers = []
    forward = EncoderModule.forward
    monkeypatch.setattr(
        EncoderModule, "forward", lambda *a, **kw: layers.append(kw.get("layers", "all")) or forward(*a, **kw)
    )
    optimizer = build_adamw(0.003)
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    assert layers == ["frozen"] * layers.count("frozen") + ["trained"] * 20
    scores = nlp.evaluate(examples)
    assert scores["tag_acc"] > 0.9
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert loaded.evaluate(make_examples(loaded))["tag_acc"] == scores["tag_acc"]


def test_without_room_frozen_layers_compute_again(tiny_encoder, make_nlp, make_examples, vectors_of, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=0))
    nlp = make_nlp(tiny_encoder, heads=["tagger"], freeze="all", cache_memory=0)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    docs = [eg.reference for eg in examples]
    before = vectors_of(nlp.get_pipe("transformer").model, docs)
    calls = []
    forward = EncoderModule.forward
    monkeypatch.setattr(EncoderModule, "forward", lambda *args, **kwargs: calls.append(1) or forward(*args, **kwargs))
    nlp.update(examples, sgd=build_adamw(0.003))
    n_first = len(calls)
    nlp.update(examples, sgd=build_adamw(0.003))
    assert len(calls) == 2 * n_first > 0
    for one, other in zip(before, vectors_of(nlp.get_pipe("transformer").model, docs), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_a_pipeline_can_be_copied_after_training(tiny_encoder, make_nlp, make_examples, vectors_of):
    nlp = make_nlp(tiny_encoder, heads=["tagger"], freeze=1)
    examples = make_examples(nlp)
    nlp.initialize(lambda: examples)
    nlp.update(examples, sgd=build_adamw(0.003))
    model, docs = nlp.get_pipe("transformer").model, [eg.reference for eg in examples]
    for copied in (model.copy(), pickle.loads(pickle.dumps(nlp)).get_pipe("transformer").model):
        assert copied.shims[0].module.cache is None and model.shims[0].module.cache is not None
        for one, other in zip(vectors_of(model, docs), vectors_of(copied, docs), strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
    nlp.replace_listeners("transformer", "tagger", ["model.tok2vec"])
