"""A small config, partial and filled, for the checks to be tried on."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from spacy.cli.init_config import fill_config
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab
from thinc.api import Config

BASE = """
[paths]
train = null
dev = null
encoder = null

[system]
seed = 1

[nlp]
lang = "en"
pipeline = ["tok2vec","ner"]

[components]

[components.tok2vec]
factory = "tok2vec"

[components.ner]
factory = "ner"

[components.ner.model]
@architectures = "spacy.TransitionBasedParser.v2"
state_type = "ner"
extra_state_tokens = false
hidden_width = 64
maxout_pieces = 2
use_upper = false

[components.ner.model.tok2vec]
@architectures = "spacy.Tok2VecListener.v1"
width = 96

[training]
max_steps = 100
eval_frequency = 50

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
warmup_steps = 10
total_steps = 100
initial_rate = 5e-5

[training.score_weights]
ents_f = 1.0

[initialize]
vectors = ${paths.encoder}
"""


def fill_base(folder: Path, after: str = "", added: str = "") -> tuple[Config, Config]:
    """Write the partial config into `folder`, with `added` in the line behind `after`; fill it, and return both."""
    assert after in BASE
    base, full = folder / "base.cfg", folder / "config.cfg"
    base.write_text(BASE.replace(after, f"{after}\n{added}", 1) if added else BASE)
    fill_config(full, base, silent=True)
    return Config().from_disk(base, interpolate=False), Config().from_disk(full, interpolate=False)


@pytest.fixture
def fill(tmp_path):
    """Return `fill_base` on a temporary folder."""
    return partial(fill_base, tmp_path)


@pytest.fixture(scope="session")
def filled(tmp_path_factory) -> Config:
    """The completed config, to be copied before it is changed."""
    return fill_base(tmp_path_factory.mktemp("config"))[1]


@pytest.fixture
def write_corpus(tmp_path):
    """Return a function that writes a .spacy file from texts whose words in capitals are entities of that label."""

    def write(name: str, *texts: str, cats: dict[str, float] | None = None) -> Path:
        docs = DocBin(store_user_data=True)
        for text in texts:
            words = text.split()
            tags = [f"B-{word}" if word.isupper() else "O" for word in words]
            doc = Doc(Vocab(), words=words, ents=tags)
            doc.cats = cats or {}
            docs.add(doc)
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        docs.to_disk(path)
        return path

    return write
