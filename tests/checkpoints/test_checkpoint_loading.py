"""Which repository a name stands for, and heads that are not as they should be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForTokenClassification

from spanwright.checkpoints.loading import check_equal, find_checkpoint, linear_layer
from spanwright.encoder import fetching
from spanwright.errors import SpanwrightError


@pytest.mark.parametrize(
    ("name", "repository"),
    [
        ("dslim/bert-base-NER", "dslim/bert-base-NER"),
        (
            "bert-large-uncased-whole-word-masking-finetuned-squad",
            "google-bert/bert-large-uncased-whole-word-masking-finetuned-squad",
        ),
        ("distilbert-base-cased-distilled-squad", "distilbert/distilbert-base-cased-distilled-squad"),
        ("roberta-large-mnli", "FacebookAI/roberta-large-mnli"),
    ],
)
def test_names_of_the_hub(name: str, repository: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def download(repository: str, **options: object) -> None:
        asked.append(repository)
        Path(str(options["local_dir"]), "model.safetensors").touch()

    monkeypatch.setattr(fetching, "snapshot_download", download)
    folder = find_checkpoint(name, tmp_path)
    assert asked == [repository] and (folder / "model.safetensors").exists()


def test_a_folder_goes_before_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bert-mine").mkdir()
    monkeypatch.chdir(tmp_path)
    assert find_checkpoint("bert-mine", tmp_path / "store") == Path("bert-mine")


def test_what_is_no_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SpanwrightError, match="S060"):
        find_checkpoint("no such name", tmp_path)


@pytest.mark.parametrize("layer", ["classifier.out_proj", "dropout", "bert.encoder.layer.0.intermediate.missing"])
def test_a_head_of_another_form_is_refused(layer: str, make_checkpoint: Callable) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForTokenClassification)
    assert linear_layer(checkpoint, "classifier", folder=folder) is checkpoint.classifier
    with pytest.raises(SpanwrightError, match=f"S462.*BertForTokenClassification.*'{layer}'"):
        linear_layer(checkpoint, layer, folder=folder)


@pytest.mark.parametrize("difference", [0.01, torch.nan])
def test_other_logits_are_refused(difference: float) -> None:
    logits = torch.tensor([1.0, -1e4])
    check_equal(logits + torch.tensor([1e-5, 0.0]), logits, folder=Path("checkpoint"))
    with pytest.raises(SpanwrightError, match=r"S463.*checkpoint.*differ"):
        check_equal(logits + torch.tensor([difference, 0.0]), logits, folder=Path("checkpoint"))
