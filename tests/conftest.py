"""Fixtures that several tests share."""

from __future__ import annotations

import os
import string
from pathlib import Path

# Tests' models are tiny: threads only wait for each other. Set before torch is imported, and for the commands tests run.
os.environ.setdefault("OMP_NUM_THREADS", "1")

import pytest
import torch
from transformers import BertConfig, BertModel, BertTokenizerFast

SPECIAL_PIECES = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
COMMON_WORDS = ["and", "data", "degree", "experience", "in", "of", "or", "the", "to", "with", "years", "you"]


@pytest.fixture(scope="session")
def tiny_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two random layers with a vocabulary of letters and a few words, as a folder in the hub's layout."""
    folder = tmp_path_factory.mktemp("encoders") / "tiny-bert"
    folder.mkdir()
    characters = [*string.ascii_lowercase, *string.digits]
    continuations = [f"##{character}" for character in characters]
    pieces = dict.fromkeys([*SPECIAL_PIECES, *string.punctuation, *characters, *continuations, *COMMON_WORDS])
    vocabulary = folder / "vocab.txt"
    vocabulary.write_text("".join(f"{piece}\n" for piece in pieces), encoding="utf-8")
    BertTokenizerFast(str(vocabulary), model_max_length=128).save_pretrained(folder)
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(pieces),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=128,
    )
    BertModel(config).save_pretrained(folder, safe_serialization=True)
    return folder
