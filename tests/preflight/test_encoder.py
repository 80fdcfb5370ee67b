import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import BertConfig, BertForTokenClassification

from spanwright.preflight.encoder import check_encoder, size_of_weights


@pytest.fixture
def encoder(tiny_encoder, tmp_path):
    """A copy of the tiny encoder to be damaged."""
    return shutil.copytree(tiny_encoder, tmp_path / "encoder")


def change_config(folder, **values):
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def change_weights(folder, change):
    path = folder / "model.safetensors"
    weights = {new: tensor for name, old in load_file(path).items() for new, tensor in change(name, old).items()}
    save_file(weights, path, metadata={"format": "pt"})


def codes(findings):
    return [(finding.level, finding.message[1:5]) for finding in findings]


def test_a_whole_encoder_has_no_findings(tiny_encoder):
    assert check_encoder(tiny_encoder) == []
    assert size_of_weights(tiny_encoder) == (tiny_encoder / "model.safetensors").stat().st_size


def test_the_folder_may_be_a_link(tiny_encoder, tmp_path):
    (tmp_path / "current").symlink_to(tiny_encoder)
    assert check_encoder(tmp_path / "current") == []
    (tmp_path / "dangling").symlink_to(tmp_path / "gone")
    assert codes(check_encoder(tmp_path / "dangling")) == [("error", "S036")]


@pytest.mark.parametrize(
    ("missing", "expected"),
    [
        (["config.json"], ["S037"]),
        (["model.safetensors"], ["S040"]),
        (["config.json", "model.safetensors"], ["S037", "S040"]),
        (["tokenizer.json"], []),
        (["tokenizer.json", "vocab.txt"], ["S045"]),
        (["model.safetensors", "tokenizer.json", "vocab.txt"], ["S040", "S045"]),
    ],
)
def test_missing_files_are_found_at_once(encoder, missing, expected):
    for name in missing:
        (encoder / name).unlink()
    assert codes(check_encoder(encoder)) == [("error", code) for code in expected]


def test_pickled_weights_are_refused_with_a_way_out(encoder):
    (encoder / "model.safetensors").rename(encoder / "pytorch_model.bin")
    (finding,) = check_encoder(encoder)
    assert "pickles (pytorch_model.bin)" in finding.message
    assert f"M.from_pretrained('{encoder}')" in finding.message


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("config.json", "{", "S038"),
        ("config.json", "[]", "S038"),
        ("config.json", "{}", "S038"),
        ("config.json", '{"model_type": "nope"}', "S038"),
        ("model.safetensors", "not weights", "S040"),
        ("model.safetensors", "", "S040"),
        ("tokenizer.json", "{", "S045"),
    ],
)
def test_damaged_files_are_named(encoder, name, content, code):
    (encoder / name).write_text(content)
    (finding,) = check_encoder(encoder)
    assert codes([finding]) == [("error", code)]


@pytest.mark.parametrize("file", ["config.json", "tokenizer_config.json"])
def test_code_that_comes_with_the_encoder_is_not_run(encoder, file, monkeypatch):
    monkeypatch.setattr("builtins.input", lambda *_: pytest.fail("a question was asked"))
    (encoder / "code.py").write_text(f"open({str(encoder / 'ran')!r}, 'w')\n")
    if file == "config.json":
        change_config(encoder, model_type="own", auto_map={"AutoConfig": "code.C", "AutoModel": "code.M"})
    else:
        values = {"tokenizer_class": "Own", "auto_map": {"AutoTokenizer": ["code.T", None]}}
        (encoder / file).write_text(json.dumps(values))
    (finding,) = check_encoder(encoder)
    assert codes([finding]) == [("error", "S038" if file == "config.json" else "S045")]
    assert not (encoder / "ran").exists()


def test_a_truncated_file_of_weights_is_named(encoder):
    path = encoder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    assert codes(check_encoder(encoder)) == [("error", "S040")]


def test_weights_under_a_task_head_fit(encoder):
    config = BertConfig.from_pretrained(encoder)
    BertForTokenClassification(config).save_pretrained(encoder)
    # A model for tokens has no pooler and a classifier instead
    assert any(name.startswith("classifier.") for name in load_file(encoder / "model.safetensors"))
    assert check_encoder(encoder) == []


def test_the_names_of_old_layer_norms_fit(encoder):
    change_weights(
        encoder,
        lambda name, tensor: {
            name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): tensor
        },
    )
    assert check_encoder(encoder) == []


@pytest.mark.parametrize(
    ("part", "change", "code", "words"),
    [
        ("", lambda name, tensor: {f"other.{name}": tensor}, "S041", "instead: 'other.embeddings."),
        ("layer.1.output.dense.bias", lambda name, tensor: {}, "S041", "lack 1 of the"),
        ("encoder", lambda name, tensor: {name: tensor, f"{name}.more": tensor.clone()}, "S042", "have no place"),
        ("word_embeddings", lambda name, tensor: {name: tensor[:, :-1].clone()}, "S043", "31], not ["),
        (
            "layer.1.output.dense.bias",
            lambda name, tensor: {name: tensor * float("nan")},
            "S044",
            "'encoder.layer.1.outp",
        ),
        ("word_embeddings", lambda name, tensor: {name: (tensor * 1e6).half()}, "S044", "word_embeddings.weight"),
    ],
)
def test_weights_that_do_not_fit_are_found(encoder, part, change, code, words):
    change_weights(encoder, lambda name, tensor: change(name, tensor) if part in name else {name: tensor})
    (finding,) = check_encoder(encoder)
    assert codes([finding]) == [("error", code)]
    assert words in finding.message


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"num_hidden_layers": 3}, ["S041"]),
        ({"num_hidden_layers": 1}, ["S042"]),
        ({"intermediate_size": 128}, ["S043"]),
        ({"model_type": "distilbert"}, ["S041", "S042"]),
    ],
)
def test_a_config_of_another_encoder_is_found(encoder, values, expected):
    change_config(encoder, **values)
    assert codes(check_encoder(encoder)) == [("error", code) for code in expected]


@pytest.mark.parametrize(("more", "level"), [(-1, "error"), (3, None), (1000, "warning")])
def test_a_tokenizer_of_another_vocabulary_is_found(encoder, more, level):
    rows = len((encoder / "vocab.txt").read_text().splitlines()) + more
    change_config(encoder, vocab_size=rows)
    change_weights(encoder, lambda name, tensor: {name: torch.zeros(rows, 32) if "word_emb" in name else tensor})
    assert codes(check_encoder(encoder)) == ([(level, "S046")] if level else [])


def test_weights_may_be_in_shards(encoder):
    weights = load_file(encoder / "model.safetensors")
    (encoder / "model.safetensors").unlink()
    names = {name: f"model-{number % 2}.safetensors" for number, name in enumerate(weights)}
    for shard in set(names.values()):
        save_file({name: weights[name] for name in names if names[name] == shard}, encoder / shard)
    (encoder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))
    assert check_encoder(encoder) == []
    (encoder / "model-1.safetensors").unlink()
    (finding,) = check_encoder(encoder)
    assert finding.message.startswith(f"[S040] {encoder / 'model-1.safetensors'}: ")
    (encoder / "model.safetensors.index.json").write_text("{}")
    (finding,) = check_encoder(encoder)
    assert finding.message.startswith(f"[S040] {encoder / 'model.safetensors.index.json'}: ")


def test_code_that_a_config_names_is_neither_run_nor_asked_about(tiny_encoder, tmp_path):
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_encoder, folder)
    (folder / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    config = json.loads((folder / "config.json").read_text())
    config |= {"model_type": "evil", "auto_map": {"AutoConfig": "evil.Config", "AutoModel": "evil.Model"}}
    (folder / "config.json").write_text(json.dumps(config))
    assert any(finding.level == "error" for finding in check_encoder(folder))
    assert not (tmp_path / "ran").exists()
