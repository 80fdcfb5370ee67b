"""Encoders of several architectures, damaged folders, and saved pipelines that someone tampered with."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import srsly
import torch
from spacy.tokens import Doc
from spacy.vocab import Vocab
from thinc.api import Model
from transformers import (
    AlbertConfig,
    AutoModel,
    AutoTokenizer,
    BertConfig,
    DebertaV2Config,
    DistilBertConfig,
    ElectraConfig,
    MPNetConfig,
    PretrainedConfig,
    PreTrainedTokenizerFast,
    RobertaConfig,
)

from spanwright.encoder.loading import EncoderModule, RunSettings, load_encoder
from spanwright.errors import SpanwrightError
from spanwright.weights import pack, unpack

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
RUN = RunSettings(dropout=None, attention_dropout=0.0, attention="sdpa", gradient_checkpointing=False, freeze="none")


@dataclass(frozen=True)
class Architecture:
    """positions: what the config calls so; max_pieces: what of them is left for word pieces; n_layers: those with numbers."""

    config: type[PretrainedConfig]
    settings: dict[str, Any]
    positions: int = 64
    max_pieces: int = 64
    n_layers: int = 2
    is_byte_level: bool = False


DISTIL_SIZES = {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64}
DEBERTA = {
    **SIZES,
    "relative_attention": True,
    "pos_att_type": ["p2c", "c2p"],
    "position_biased_input": False,
    "position_buckets": 8,
    "norm_rel_ebd": "layer_norm",
    "share_att_key": True,
}
ARCHITECTURES = {
    "bert": Architecture(BertConfig, SIZES),
    "distilbert": Architecture(DistilBertConfig, DISTIL_SIZES),
    "roberta": Architecture(RobertaConfig, {**SIZES, "pad_token_id": 1}, 66, 64, is_byte_level=True),
    "electra": Architecture(ElectraConfig, {**SIZES, "embedding_size": 16}),
    "albert": Architecture(AlbertConfig, {**SIZES, "embedding_size": 16}, n_layers=0),
    "deberta": Architecture(DebertaV2Config, DEBERTA),
    "mpnet": Architecture(MPNetConfig, SIZES, 66, 64),
}


@pytest.fixture(scope="module")
def encoders(tiny_encoder, make_byte_level, tmp_path_factory) -> Callable[[str], Path]:
    """The folders of tiny random encoders, by architecture."""
    bert = AutoTokenizer.from_pretrained(tiny_encoder, model_max_length=10**30)
    roberta = PreTrainedTokenizerFast(
        tokenizer_object=make_byte_level(), bos_token="<s>", eos_token="</s>", pad_token="<pad>"
    )
    folders: dict[str, Path] = {}

    def build(name: str) -> Path:
        if name not in folders:
            architecture = ARCHITECTURES[name]
            tokenizer = roberta if architecture.is_byte_level else bert
            folders[name] = tmp_path_factory.mktemp(name)
            sizes = {"vocab_size": len(tokenizer) + 3, "max_position_embeddings": architecture.positions}
            torch.manual_seed(0)
            model = AutoModel.from_config(architecture.config(**architecture.settings, **sizes))
            model.save_pretrained(folders[name], safe_serialization=True)
            tokenizer.save_pretrained(folders[name])
        return folders[name]

    return build


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_architectures(name, encoders, make_model, make_doc, vectors_of):
    model = make_model(encoders(name))
    model.initialize()
    docs = [make_doc(text) for text in ("you and the data", "", "a b", "\u200b", "data " * 200)]
    expected = vectors_of(model, docs)
    assert all(np.isfinite(vectors).all() for vectors in expected)
    assert model.shims[0].module.max_pieces == ARCHITECTURES[name].max_pieces
    loaded = make_model("not there").from_bytes(model.to_bytes())
    for one, other in zip(expected, vectors_of(loaded, docs), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_vectors_are_those_of_the_plain_encoder(name, encoders, make_model, vectors_of):
    folder = encoders(name)
    model = make_model(folder)
    model.initialize()
    doc = Doc(Vocab(), words=["a", "b", "c"], spaces=[True, True, False])
    (vectors,) = vectors_of(model, [doc])
    encoded = AutoTokenizer.from_pretrained(folder)("a b c", return_tensors="pt", return_token_type_ids=False)
    with torch.no_grad():
        hidden = AutoModel.from_pretrained(folder).eval()(**encoded).last_hidden_state[0].numpy()
    # RoBERTa's has a piece for the space before "c", which covers no character of it
    np.testing.assert_allclose(vectors, hidden[[1, 2, -2]], atol=1e-5)


@pytest.mark.parametrize("name", [name for name, architecture in ARCHITECTURES.items() if architecture.n_layers])
@pytest.mark.parametrize("freeze", ["all", 1, 2])
def test_no_gradient_is_computed_below_what_trains(name, encoders, freeze):
    module, _ = load_encoder(
        str(encoders(name)), pretrained=True, overrides={}, run=RunSettings(0.0, 0.0, "sdpa", False, freeze)
    )
    needed = []
    stack = next(part for part in module.modules() if isinstance(part, torch.nn.ModuleList) and len(part) == 2)
    for layer in stack:
        layer.register_forward_hook(lambda layer, inputs, outputs: needed.append(outputs[0].requires_grad))
    output = module.train()(torch.tensor([[0, 5, 6, 2]]), None)
    assert needed == {"all": [False, False], 1: [False, True], 2: [False, False]}[freeze]
    assert output.requires_grad == (freeze == 1)


@pytest.mark.parametrize("name", ARCHITECTURES)
@pytest.mark.parametrize("freeze", ["none", 1])
def test_training_reads_as_predicting_does(name, freeze, encoders, make_model, make_doc, monkeypatch):
    """Packed into rows or not, with its lower layer apart or not, an encoder gives the same vectors and gradients."""
    if freeze == 1 and not ARCHITECTURES[name].n_layers:
        pytest.skip("layers without numbers cannot be frozen one by one")
    docs = [make_doc(text) for text in ("you and the data", "", "a b", "\u200b", "data of " * 25, "the a")]
    runs = []
    for is_packable in (EncoderModule.is_packable, False):
        monkeypatch.setattr(EncoderModule, "is_packable", is_packable)
        model = make_model(encoders(name), freeze=freeze, dropout=0.0, attention_dropout=0.0)
        model.initialize()
        expected = model.predict(docs).model_output.last_hidden_state
        outputs, backprop = model.begin_update(docs)
        found = outputs.model_output.last_hidden_state
        inside = torch.from_numpy(outputs.wordpieces.attention_mask).bool()
        torch.testing.assert_close(found[inside], expected[inside], atol=1e-5, rtol=1e-5)
        gradient = torch.sin(torch.arange(found.numel()).float()).view_as(found)
        outputs.model_output["last_hidden_state"] = gradient * inside.unsqueeze(-1)
        backprop(outputs)
        encoder = model.shims[0].module
        runs.append({key: p.grad for key, p in encoder.named_parameters() if p.grad is not None})
        assert (encoder.cache is not None) == (freeze == 1 and name != "deberta")
    assert runs[0].keys() == runs[1].keys() and runs[0]
    for key, gradient in runs[0].items():
        torch.testing.assert_close(gradient, runs[1][key], atol=1e-4, rtol=1e-4, msg=key)


def test_layers_without_numbers_cannot_be_counted(encoders, make_model):
    with pytest.raises(SpanwrightError, match=r"S208.*0 layers"):
        make_model(encoders("albert"), freeze=1).initialize()


@pytest.mark.parametrize("pretrained", [True, False])
def test_a_checkpoint_in_half_precision_computes_in_float32(encoders, tmp_path, make_model, pretrained):
    folder = shutil.copytree(encoders("bert"), tmp_path / "half")
    AutoModel.from_pretrained(folder).half().save_pretrained(folder)
    model = make_model(folder, pretrained=pretrained)
    model.initialize()
    for loaded in (model, make_model(folder).from_bytes(model.to_bytes())):
        parameters = loaded.shims[0].module.parameters()
        assert {parameter.dtype for parameter in parameters} == {torch.float32}


def edit_weights(folder: Path, edit: Callable[[dict[str, torch.Tensor]], Any]) -> None:
    weights = safetensors.torch.load_file(folder / "model.safetensors")
    edit(weights)
    safetensors.torch.save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})


def edit_json(path: Path, **values: Any) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def pickle_weights(folder: Path) -> None:
    torch.save(safetensors.torch.load_file(folder / "model.safetensors"), folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


WEIGHT = "encoder.layer.1.output.dense.weight"
DAMAGES = {
    "no config": (lambda f: (f / "config.json").unlink(), "S221.*config.json"),
    "config cut short": (lambda f: cut(f / "config.json"), "S221"),
    "unknown model_type": (lambda f: edit_json(f / "config.json", model_type="evil"), "S221.*evil"),
    "code in the config": (
        lambda f: edit_json(f / "config.json", model_type="evil", auto_map={"AutoConfig": "evil.Config"}),
        "S221",
    ),
    "tokenizer cut short": (lambda f: cut(f / "tokenizer.json"), "S221"),
    "weights cut short": (lambda f: cut(f / "model.safetensors"), "S221"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "S221"),
    "pickled weights": (pickle_weights, "S221.*safetensors"),
    "a name is missing": (
        lambda f: edit_weights(f, lambda w: w.pop(WEIGHT)),
        f"S204.*Missing: {WEIGHT}. Unexpected: none",
    ),
    "a name is another": (
        lambda f: edit_weights(f, lambda w: w.update(other=w.pop(WEIGHT))),
        f"S204.*Missing: {WEIGHT}. Unexpected: other",
    ),
    "a value is not a number": (lambda f: edit_weights(f, lambda w: w[WEIGHT].fill_(torch.nan)), f"S206.*{WEIGHT}"),
    "another shape": (lambda f: edit_json(f / "config.json", intermediate_size=32), "S221"),
    "fewer vectors than pieces": (
        lambda f: (
            edit_weights(f, lambda w: w.update({k: v[:50].clone() for k, v in w.items() if "word_emb" in k})),
            edit_json(f / "config.json", vocab_size=50),
        ),
        "S224.*for 50",
    ),
}


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_folder_is_refused(encoders, tmp_path, damage, message):
    folder = shutil.copytree(encoders("bert"), tmp_path / "damaged")
    damage(folder)
    with pytest.raises(SpanwrightError, match=message) as error:
        load_encoder(str(folder), pretrained=True, overrides={}, run=RUN)
    assert str(folder) in str(error.value) and "\n" not in str(error.value)


def test_a_checkpoint_with_more_than_the_encoder_loads(encoders, tmp_path):
    folder = shutil.copytree(encoders("bert"), tmp_path / "with-head")
    edit_weights(folder, lambda w: (w.update({"cls.bias": torch.zeros(3)}), w.pop("pooler.dense.weight")))
    module, _ = load_encoder(str(folder), pretrained=True, overrides={}, run=RUN)
    assert not any("pooler" in name for name, _ in module.named_parameters())


Saved = tuple[dict[str, Any], dict[str, torch.Tensor]]


@pytest.fixture
def saved(encoders, make_model) -> tuple[Saved, Callable[[Saved], Model]]:
    """The settings and weights of a saved model's encoder, and a function that loads the model with others."""
    model = make_model(encoders("bert"))
    model.initialize()
    message = srsly.msgpack_loads(model.to_bytes())

    def load(replaced: Saved) -> Model:
        message["shims"][0] = [pack(*replaced)]
        return make_model("not there").from_bytes(srsly.msgpack_dumps(message))

    return unpack(message["shims"][0][0], source="here"), load


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "evil"}, "S220.*'evil'"),
        ({"model_type": "t5"}, "S220.*'t5'"),
        ({"model_type": None}, "S220.*None"),
        # building it would fetch and run what `backbone` names
        ({"model_type": "detr", "backbone": "evil/repo", "use_timm_backbone": False}, "S220.*'detr'"),
        ({"hidden_size": 64}, "S205.*embeddings"),
        ({"num_hidden_layers": 1}, "S204.*Missing: none. Unexpected: transformer.encoder.layer.1"),
        ({"num_hidden_layers": 3}, "S204.*Missing: transformer.encoder.layer.2"),
        ({"vocab_size": 50}, "S224.*of the saved pipeline.*for 50"),
    ],
    ids=str,
)
def test_a_saved_architecture_that_does_not_fit_is_refused(saved, change, message):
    (settings, weights), load = saved
    settings["architecture"].update(change)
    with pytest.raises(SpanwrightError, match=message):
        load((settings, weights))


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda w: w.pop(f"transformer.{WEIGHT}"), f"S204.*Missing: transformer.{WEIGHT}"),
        (lambda w: w[f"transformer.{WEIGHT}"].fill_(torch.nan), f"S206.*transformer.{WEIGHT}"),
    ],
    ids=["a name is missing", "a value is not a number"],
)
def test_saved_weights_that_do_not_fit_are_refused(saved, edit, message):
    (settings, weights), load = saved
    edit(weights)
    with pytest.raises(SpanwrightError, match=message):
        load((settings, weights))


def test_code_that_a_saved_architecture_names_is_ignored(saved):
    (settings, weights), load = saved
    code = {
        "auto_map": {"AutoModel": "evil/code--evil.Model"},
        "trust_remote_code": True,
        "_attn_implementation": "evil/kernel",
    }
    settings["architecture"].update(code)
    transformer = load((settings, weights)).shims[0].module.transformer
    assert type(transformer).__module__ == "transformers.models.bert.modeling_bert"
    assert not hasattr(transformer.config, "auto_map")
    assert transformer.config._attn_implementation == "sdpa"
