"""The config of a small training, as `spacy train` reads one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thinc.api import Config

CONFIG = """
[nlp]
lang = "en"

[components]

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"

[corpora.dev]
@readers = "spacy.Corpus.v1"

[training]

[training.before_to_disk]
@callbacks = "spanwright.calibrate.v1"
corpus = ${corpora.dev}
"""
TOK2VEC = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "pretrained_vectors": None,
    "width": 16,
    "depth": 1,
    "embed_size": 100,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
}


def training_config(name: str, *, factory: str, architecture: str, corpus: Path, **training: Any) -> Config:
    """Return the config of a pipeline of one component, trained and evaluated on one corpus; `training` adds to [training]."""
    config = Config().from_str(CONFIG, interpolate=False)
    config["nlp"]["pipeline"] = [name]
    model = {"@architectures": f"spanwright.{architecture}.v1", "tok2vec": TOK2VEC}
    config["components"][name] = {"factory": factory, "model": model}
    for part in ("train", "dev"):
        config["corpora"][part]["path"] = str(corpus)
    config["training"].update(training)
    return config
