"""Sequence-classification checkpoints as pipelines."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import torch
from spacy.training import Example
from transformers import AutoModelForSequenceClassification, AutoModelForTokenClassification, AutoTokenizer

from spanwright.checkpoints.pooler import build_pooler
from spanwright.checkpoints.textcat import import_textcat
from spanwright.errors import SpanwrightError
from spanwright.textcat.listener import build_window_listener

TEXT = "You don't need  a degree, with 12 years of experience:data."
LABELS = {"id2label": {0: "good", 1: "bad", 2: "odd"}, "label2id": {"good": 0, "bad": 1, "odd": 2}}


def logits_of(checkpoint: torch.nn.Module, folder: Path, text: str) -> torch.Tensor:
    pieces = AutoTokenizer.from_pretrained(folder)(text, return_tensors="pt", truncation=True)
    with torch.no_grad():
        return checkpoint(input_ids=pieces["input_ids"]).logits[0]


def test_scores_are_the_logits(make_checkpoint: Callable, architecture: str) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForSequenceClassification, architecture, **LABELS)
    nlp = import_textcat(folder, lang="en")
    doc = nlp.make_doc(TEXT)
    nlp.get_pipe("transformer")(doc)
    found = torch.from_numpy(nlp.get_pipe("textcat").model.predict([doc])[0])
    expected = logits_of(checkpoint, folder, TEXT)
    torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)
    chances = dict(zip(["good", "bad", "odd"], expected.softmax(0).tolist(), strict=True))
    assert nlp(TEXT).cats == pytest.approx(chances, abs=1e-5)


def test_half_precision_suits_every_architecture(make_checkpoint: Callable, architecture: str) -> None:
    folder, _ = make_checkpoint(AutoModelForSequenceClassification, architecture, **LABELS)
    nlp = import_textcat(folder, lang="en")
    shim = nlp.get_pipe("transformer").model.shims[0]
    assert shim.precision == "auto"
    expected = nlp(TEXT).cats
    shim.precision = "bf16"
    assert nlp(TEXT).cats == pytest.approx(expected, abs=0.01)
    example = Example.from_dict(nlp.make_doc(TEXT), {"cats": {"good": 1.0, "bad": 0.0, "odd": 0.0}})
    assert math.isfinite(nlp.update([example], sgd=nlp.resume_training())["textcat"])


def test_of_a_long_text_the_first_window_counts(make_checkpoint: Callable) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForSequenceClassification, **LABELS)
    nlp = import_textcat(folder, lang="en")
    assert nlp.get_pipe("transformer").model.shims[0].module.max_pieces == 128
    chances = logits_of(checkpoint, folder, "data " * 200).softmax(0).tolist()
    assert list(nlp("data " * 200).cats.values()) == pytest.approx(chances, abs=1e-5)
    assert nlp("").cats == dict.fromkeys(("good", "bad", "odd"), 0.0)


def test_saved_pipeline_gives_the_same_without_the_checkpoint(make_checkpoint: Callable, tmp_path: Path) -> None:
    multilabel = {"problem_type": "multi_label_classification", **LABELS}
    folder, checkpoint = make_checkpoint(AutoModelForSequenceClassification, **multilabel)
    nlp = import_textcat(folder, lang="en")
    nlp.to_disk(tmp_path / "pipeline")
    chances = logits_of(checkpoint, folder, TEXT).sigmoid().tolist()
    folder.rename(tmp_path / "moved")
    loaded = spacy.load(tmp_path / "pipeline")
    assert loaded(TEXT).cats == nlp(TEXT).cats
    assert list(loaded(TEXT).cats.values()) == pytest.approx(chances, abs=1e-5)


def test_imported_pipeline_can_be_trained_on(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForSequenceClassification, **LABELS)
    nlp = import_textcat(folder, lang="en")
    shims = [nlp.get_pipe("transformer").model.shims[0]]
    shims += [node.shims[0] for node in nlp.get_pipe("textcat").model.walk() if node.shims]
    before = [[p.detach().clone() for p in shim.module.parameters()] for shim in shims]
    examples = [Example.from_dict(nlp.make_doc(TEXT), {"cats": {"good": 1.0, "bad": 0.0, "odd": 0.0}})]
    optimizer = nlp.resume_training()
    losses = [nlp.update(examples, sgd=optimizer)["textcat"] for _ in range(5)]
    assert losses[-1] < losses[0]
    for shim, old in zip(shims, before, strict=True):
        assert any(not torch.equal(p, q) for p, q in zip(shim.module.parameters(), old, strict=True))


@pytest.mark.parametrize("settings", [{"num_labels": 1}, {"problem_type": "regression", "num_labels": 2}])
def test_regression_is_refused(settings: dict[str, object], make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForSequenceClassification, **settings)
    with pytest.raises(SpanwrightError, match="S466"):
        import_textcat(folder, lang="en")


def test_labels_of_the_same_name_are_refused(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForSequenceClassification, id2label={0: "good", 1: "good"})
    with pytest.raises(SpanwrightError, match=r"S468.*good"):
        import_textcat(folder, lang="en")


def test_heads_that_are_missing_or_not_known_are_refused(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification)
    with pytest.raises(SpanwrightError, match=r"S461.*pooler"):
        import_textcat(folder, lang="en")
    folder, _ = make_checkpoint(AutoModelForSequenceClassification, "mpnet")
    with pytest.raises(SpanwrightError, match=r"S465.*'mpnet'.*electra"):
        import_textcat(folder, lang="en")


def test_activations_that_are_not_known_are_refused() -> None:
    with pytest.raises(SpanwrightError, match=r"S280.*activation.*sine.*gelu, relu, tanh"):
        build_pooler(build_window_listener(), activation="sine")
