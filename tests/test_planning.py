"""Steps from epochs."""

from __future__ import annotations

import pytest
import spacy
from spacy.tokens import DocBin
from spacy.training.initialize import init_nlp

from spanwright.errors import SpanwrightError
from spanwright.planning import make_steps_from_epochs

CONFIG = """
[paths]
train = null
dev = null

[nlp]
lang = "en"
pipeline = ["textcat"]

[components]

[components.textcat]
factory = "textcat"

[components.textcat.model]
@architectures = "spacy.TextCatBOW.v3"
exclusive_classes = true
length = 16
ngram_size = 1
no_output_layer = false

[corpora]

[corpora.train]
@readers = "spacy.Corpus.v1"
path = ${paths.train}

[corpora.dev]
@readers = "spacy.Corpus.v1"
path = ${paths.dev}

[training]
train_corpus = "corpora.train"
dev_corpus = "corpora.dev"
seed = 0
gpu_allocator = null
max_epochs = 3
max_steps = 20000
eval_frequency = 200

[training.batcher]
@batchers = "spacy.batch_by_sequence.v1"
size = 4

[training.optimizer]
@optimizers = "Adam.v1"

[training.optimizer.learn_rate]
@schedules = "warmup_linear.v1"
warmup_steps = 250
total_steps = 20000
initial_rate = 0.001

[initialize]

[initialize.before_init]
@callbacks = "spanwright.steps_from_epochs.v1"
"""


@pytest.fixture
def config(tmp_path):
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"text {i}") for i in range(18)]
    for i, doc in enumerate(docs):
        doc.cats = {"even": float(i % 2 == 0), "odd": float(i % 2)}
    DocBin(docs=docs, store_user_data=True).to_disk(tmp_path / "train.spacy")
    DocBin().to_disk(tmp_path / "empty.spacy")
    config = spacy.util.load_config_from_str(CONFIG)
    config["paths"] = {"train": str(tmp_path / "train.spacy"), "dev": str(tmp_path / "train.spacy")}
    return config


def test_steps_follow_the_data(config):
    config["initialize"]["before_init"].update(epochs=4, warmup=0.2, evaluations=3)
    training = init_nlp(config).config["training"]
    # 18 texts make 5 batches of 4; a step more, so that an evaluation follows the last one
    assert (training["max_epochs"], training["max_steps"], training["eval_frequency"]) == (0, 21, 7)
    assert training["optimizer"]["learn_rate"]["warmup_steps"] == 4
    assert training["optimizer"]["learn_rate"]["total_steps"] == 21
    assert training["optimizer"]["learn_rate"]["initial_rate"] == 0.001


def test_small_data_get_more_passes(config, caplog):
    config["initialize"]["before_init"].update(epochs=2, min_steps=30)
    with caplog.at_level("INFO", logger="spacy"):
        assert init_nlp(config).config["training"]["max_steps"] == 32
    assert "training.max_steps = 32 (was 20000)" in caplog.text


def test_a_constant_learning_rate_stays(config):
    config["training"]["optimizer"]["learn_rate"] = 0.01
    config["initialize"]["before_init"]["epochs"] = 0.5
    training = init_nlp(config).config["training"]
    assert training["max_steps"] == 2
    assert training["optimizer"]["learn_rate"] == 0.01


def test_an_empty_corpus_is_refused(config, tmp_path):
    config["paths"]["train"] = str(tmp_path / "empty.spacy")
    config["initialize"]["before_init"]["epochs"] = 1
    with pytest.raises(SpanwrightError, match=r"S214.*corpora.train"):
        init_nlp(config)


@pytest.mark.parametrize(
    "settings",
    [{"epochs": 0}, {"epochs": 1, "min_steps": 0}, {"epochs": 1, "warmup": 1}, {"epochs": 1, "evaluations": 0}],
)
def test_wrong_settings_are_refused(settings):
    with pytest.raises(SpanwrightError, match=r"S210.*initialize.before_init"):
        make_steps_from_epochs(**settings)
