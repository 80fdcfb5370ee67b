"""The configs with a classifier build, train and score on the data they are for."""

import json
from pathlib import Path

import pytest
import spacy
from spacy.tokens import Span
from spacy.training import Example
from spacy.util import load_config, load_model_from_config

ROOT = Path(__file__).parents[2]
CATEGORIES = ROOT / "assets" / "job_ads_categories"
N_TEXTS = 12


def read_cats(kind):
    rows = map(json.loads, (CATEGORIES / kind / "train.jsonl").read_text("utf-8").splitlines())
    return {row["text"]: row.get("cats") or {row["label"]: 1.0} for row in rows}


@pytest.mark.filterwarnings("ignore:.S52:UserWarning")
@pytest.mark.parametrize(
    ("name", "kinds", "scores"),
    [
        ("textcat.cfg", {"textcat": "family"}, ["cats_score"]),
        ("textcat_multilabel.cfg", {"textcat_multilabel": "conditions"}, ["cats_score"]),
        (
            "job_ads_all.cfg",
            {"family": "family", "conditions": "conditions"},
            ["ents_f", "family_macro_f", "conditions_macro_auc"],
        ),
    ],
)
def test_configs_train_on_the_embedded_ads(name, kinds, scores, tiny_encoder, tmp_path):
    # the tiny encoder has two layers
    overrides = {"paths.encoder": str(tiny_encoder), "components.transformer.model.freeze": 1}
    loaded = load_config(ROOT / "configs" / name, overrides=overrides)
    config = loaded.interpolate()
    del config["initialize"]["before_init"]
    nlp = load_model_from_config(config, auto_fill=True)
    weights = nlp.config["training"]["score_weights"]
    assert sorted(name for name, weight in weights.items() if weight) == sorted(scores)
    cats = {name: read_cats(kind) for name, kind in kinds.items()}
    texts = list(next(iter(cats.values())))[:N_TEXTS]
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {k: v for of in cats.values() for k, v in of[text].items()}})
        for text in texts
    ]
    for example in examples:
        example.reference.set_ents([Span(example.reference, 0, 1, label="SKILLS")])
    optimizer = nlp.initialize(lambda: examples)
    assert nlp.update(examples, sgd=optimizer).keys() >= kinds.keys()
    assert nlp.evaluate(examples).keys() >= set(scores)
    for component in kinds if name == "job_ads_all.cfg" else ():
        assert set(nlp.get_pipe(component).labels) == {label for of in cats[component].values() for label in of}
    nlp.to_disk(tmp_path)
    reloaded = spacy.load(tmp_path)
    assert reloaded(texts[0]).cats == {k: pytest.approx(v, abs=1e-5) for k, v in nlp(texts[0]).cats.items()}
