"""Token-classification checkpoints as pipelines."""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModel, AutoModelForTokenClassification, AutoTokenizer

from spanwright.checkpoints.ner import import_ner
from spanwright.errors import SpanwrightError
from spanwright.ner.tags import build_tagset

# cut into several pieces a word, with a clitic, a doubled space, and a word without a space before it
TEXT = "You don't need  a degree, with 12 years of experience:data."
LABELS = ["B-SKILL", "O", "I-SKILL", "B-DATE", "I-DATE"]


def settings(labels: list[str]) -> dict[str, Any]:
    return {"id2label": dict(enumerate(labels)), "label2id": {label: i for i, label in enumerate(labels)}}


def test_scores_of_words_are_the_logits_of_their_first_pieces(make_checkpoint: Callable, architecture: str) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForTokenClassification, architecture, **settings(LABELS))
    nlp = import_ner(folder, lang="en")
    doc = nlp.make_doc(TEXT)
    nlp.get_pipe("transformer")(doc)
    found = nlp.get_pipe("ner").model.predict([doc]).emissions
    pieces = AutoTokenizer.from_pretrained(folder)(TEXT, return_offsets_mapping=True, return_tensors="pt")
    starts = {int(start): at for at, (start, end) in enumerate(pieces.pop("offset_mapping")[0]) if end > start}
    with torch.no_grad():
        logits = checkpoint(input_ids=pieces["input_ids"]).logits[0]
    names = build_tagset(nlp.get_pipe("ner").labels, "bio").names
    columns = [LABELS.index(name) for name in names]
    words = [token for token in doc if not token.is_space]
    assert len(words) > 10 and sorted(columns) == [0, 1, 2, 3, 4]
    expected = logits[[starts[token.idx] for token in words]][:, columns]
    torch.testing.assert_close(found[[token.i for token in words]], expected, atol=1e-5, rtol=0)


def test_saved_pipeline_finds_the_same_without_the_checkpoint(make_checkpoint: Callable, tmp_path: Path) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification, **settings(LABELS))
    nlp = import_ner(folder, lang="en")
    entities = [(ent.start, ent.end, ent.label_) for ent in nlp(TEXT).ents]
    nlp.to_disk(tmp_path / "pipeline")
    folder.rename(tmp_path / "moved")
    loaded = spacy.load(tmp_path / "pipeline")
    assert entities and [(ent.start, ent.end, ent.label_) for ent in loaded(TEXT).ents] == entities
    assert loaded.get_pipe("ner").labels == ("SKILL", "DATE")


def test_tags_that_the_checkpoint_lacks_never_come_out(make_checkpoint: Callable) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForTokenClassification, **settings(["B-A", "O", "S-B"]))
    checkpoint.classifier.bias.data[0] = 9.0  # its entities would go on, if there were tags for that
    checkpoint.classifier.bias.data[2] = 8.0
    checkpoint.save_pretrained(folder)
    nlp = import_ner(folder, lang="en")
    ents = nlp(TEXT).ents
    assert ents and {ent.label_ for ent in ents} == {"B"} and all(len(ent) == 1 for ent in ents)


def test_checkpoints_that_begin_entities_with_i_are_warned_of(make_checkpoint: Callable) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForTokenClassification, **settings(LABELS))
    for inside, expected in ((9.0, 1), (-9.0, 0)):
        checkpoint.classifier.bias.data[2] = inside
        checkpoint.save_pretrained(folder)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import_ner(folder, lang="en")
        assert sum("S469" in str(warning.message) for warning in caught) == expected


def test_labels_that_are_no_scheme_are_refused(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification, num_labels=3)
    with pytest.raises(SpanwrightError, match=r"S464.*LABEL_0"):
        import_ner(folder, lang="en")


def test_checkpoint_without_a_head_is_refused(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModel)
    with pytest.raises(SpanwrightError, match=r"S461.*BertForTokenClassification.*classifier\.weight"):
        import_ner(folder, lang="en")


def test_pickles_are_not_read(make_checkpoint: Callable) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForTokenClassification, **settings(LABELS))
    (folder / "model.safetensors").unlink()
    torch.save(checkpoint.state_dict(), folder / "pytorch_model.bin")
    with pytest.raises(SpanwrightError, match="S460"):
        import_ner(folder, lang="en")


def test_code_of_a_checkpoint_is_not_run(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification, **settings(LABELS))
    config = json.loads((folder / "config.json").read_text())
    config["model_type"] = "evil"
    config["auto_map"] = {"AutoConfig": "evil.Evil", "AutoModelForTokenClassification": "evil.Evil"}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "evil.py").write_text("from pathlib import Path\nPath(__file__).with_name('run').touch()\n")
    with pytest.raises(SpanwrightError, match="S460"):
        import_ner(folder, lang="en")
    assert not (folder / "run").exists()


@pytest.mark.parametrize("damage", ["nan", "cut", "absent"])
def test_damaged_checkpoints_are_refused(damage: str, make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification, **settings(LABELS))
    weights = folder / "model.safetensors"
    if damage == "nan":
        tensors = load_file(weights)
        tensors["classifier.bias"][0] = torch.nan
        save_file(tensors, weights, metadata={"format": "pt"})
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:-100])
    else:
        (folder / "config.json").unlink()
    with pytest.raises(SpanwrightError, match="S206.*classifier.bias" if damage == "nan" else "S460"):
        import_ner(folder, lang="en")
