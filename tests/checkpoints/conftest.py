"""Checkpoints with random weights, of each architecture, as folders in the hub's layout."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from tokenizers import Tokenizer, models, pre_tokenizers, processors
from transformers import AutoConfig, AutoTokenizer, PreTrainedModel, PreTrainedTokenizerFast

from spanwright import precision

SIZES = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
DEBERTA = {"relative_attention": True, "pos_att_type": ["c2p", "p2c"], "position_biased_input": False}
ARCHITECTURES: dict[str, dict[str, Any]] = {
    "bert": SIZES,
    "distilbert": {"dim": 32, "n_layers": 2, "n_heads": 2, "hidden_dim": 64},
    # positions are counted from the padding id on
    "roberta": {**SIZES, "max_position_embeddings": 130, "type_vocab_size": 1, "pad_token_id": 0},
    "electra": {**SIZES, "embedding_size": 16},
    "albert": {**SIZES, "embedding_size": 16},
    "deberta": {**SIZES, **DEBERTA, "type_vocab_size": 0},
    "deberta-v2": {**SIZES, **DEBERTA, "type_vocab_size": 0},
}

MakeCheckpoint = Callable[..., tuple[Path, PreTrainedModel]]


def save_byte_level(folder: Path) -> None:
    """Write a tokenizer in the manner of RoBERTa, which has other special pieces, and no piece that is a space alone."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    merges = [("Ġ", letter) for letter in alphabet if letter.isalpha() and letter != "Ġ"] + [("a", "t")]
    pieces = ["<pad>", "<s>", "</s>", *alphabet, *(first + second for first, second in merges)]
    tokenizer = Tokenizer(models.BPE({piece: i for i, piece in enumerate(pieces)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.post_processor = processors.RobertaProcessing(("</s>", 2), ("<s>", 1))
    PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token="<s>", eos_token="</s>", pad_token="<pad>", model_max_length=128
    ).save_pretrained(folder)


@pytest.fixture(autouse=True)
def auto_is_float32(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pipelines have the digits that logits are compared in, whatever the processor gains from bfloat16."""
    monkeypatch.setattr(precision, "has_native_bfloat16", lambda device_type: False)


@pytest.fixture(params=ARCHITECTURES)
def architecture(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def make_checkpoint(tiny_encoder: Path, tmp_path: Path) -> MakeCheckpoint:
    def make(auto_class: Any, architecture: str = "bert", **settings: Any) -> tuple[Path, PreTrainedModel]:
        """Return the folder of a checkpoint, and the checkpoint."""
        folder = tmp_path / f"checkpoint-{architecture}"
        shutil.copytree(tiny_encoder, folder)
        if architecture == "roberta":
            save_byte_level(folder)
        n_pieces = len(AutoTokenizer.from_pretrained(folder))
        sizes = {"vocab_size": n_pieces, "max_position_embeddings": 128, **ARCHITECTURES.get(architecture, SIZES)}
        config = AutoConfig.for_model(architecture, **{**sizes, "initializer_range": 0.5, **settings})
        torch.manual_seed(0)
        checkpoint = auto_class.from_config(config).eval()
        for parameter in checkpoint.parameters():  # biases begin as zeros, which hide mistakes
            torch.nn.init.normal_(parameter, std=0.3)
        checkpoint.save_pretrained(folder, safe_serialization=True)
        return folder, checkpoint

    return make
