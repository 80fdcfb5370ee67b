"""A training that diverges, in spaCy's own loop."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import spacy
from spacy.tokens import DocBin, Span
from spacy.training.initialize import init_nlp
from spacy.training.loop import train

from small_training import training_config
from spanwright.errors import SpanwrightError
from spanwright.ner.component import BioNer


@pytest.mark.parametrize("n_good_steps", [12, 20])
def test_the_best_pipeline_so_far_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, n_good_steps: int) -> None:
    nlp = spacy.blank("en")
    docs = [nlp.make_doc(f"{name} came late") for name in ("Ann", "Bob", "Cem", "Dov")]
    for doc in docs:
        doc.set_ents([Span(doc, 0, 1, "PER")])
    DocBin(docs=docs).to_disk(tmp_path / "data.spacy")
    config = training_config(
        "bio_ner",
        factory="bio_ner",
        architecture="BioNer",
        corpus=tmp_path / "data.spacy",
        max_steps=40,
        eval_frequency=5,
        optimizer={"@optimizers": "spanwright.AdamW.v1", "learn_rate": 0.01},
    )
    steps: list[int] = []
    own = BioNer.get_loss

    def get_loss(self: BioNer, examples: object, scores: object) -> object:
        steps.append(len(steps) + 1)
        loss, gradient = own(self, examples, scores)  # type: ignore[arg-type]
        if len(steps) > n_good_steps:
            gradient.emissions.fill_(np.nan)
        return loss, gradient

    monkeypatch.setattr(BioNer, "get_loss", get_loss)
    (tmp_path / "out").mkdir()
    nlp = init_nlp(spacy.util.load_model_from_config(config, auto_fill=True).config)
    with pytest.raises(SpanwrightError, match=r"S211.*model-best"):
        train(nlp, tmp_path / "out", stdout=io.StringIO(), stderr=io.StringIO())
    assert len(steps) == n_good_steps + 1
    best = spacy.load(tmp_path / "out" / "model-best")
    assert best.get_pipe("bio_ner").cfg["temperature"] != 1.0
    assert [(ent.text, ent.label_) for ent in best("Ann came late").ents] == [("Ann", "PER")]
