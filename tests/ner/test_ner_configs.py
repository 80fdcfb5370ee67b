"""The configs for entities build, train and score."""

from __future__ import annotations

from pathlib import Path

import pytest
from spacy.training import Example
from spacy.util import load_config, load_model_from_config

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("ner*.cfg")), ids=lambda path: path.stem)
def test_configs_train(path, tiny_encoder):
    config = load_config(path, overrides={"paths.encoder": str(tiny_encoder)}).interpolate()
    del config["initialize"]["before_init"]
    encoder = config["components"]["transformer"]["model"]
    if isinstance(encoder.get("freeze"), int):
        encoder["freeze"] = 1  # of the tiny encoder's two layers
    nlp = load_model_from_config(config, auto_fill=True)
    text, entities = "Anna lives in New York", [(0, 4, "PER"), (14, 22, "LOC")]
    examples = [Example.from_dict(nlp.make_doc(text), {"entities": entities})]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.001
    losses = [nlp.update(examples, sgd=optimizer)["ner"] for _ in range(40)]
    assert sum(losses[-10:]) / 10 < 0.8 * losses[0]  # that of spaCy's parser leaps
    assert nlp.evaluate(examples)["ents_f"] is not None
