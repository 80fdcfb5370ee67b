"""Question-answering checkpoints as pipelines."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import torch
from transformers import AutoModelForQuestionAnswering, AutoModelForTokenClassification, AutoTokenizer

from spanwright.checkpoints.qa import import_qa
from spanwright.errors import SpanwrightError
from spanwright.qa.contexts import ContextCache
from spanwright.qa.encoding import batch_rows, cut_pairs

QUESTION = "How many years?"
TEXT = "You don't need  a degree, with 12 years of experience:data."


def test_scores_are_the_logits(make_checkpoint: Callable, architecture: str) -> None:
    folder, checkpoint = make_checkpoint(AutoModelForQuestionAnswering, architecture)
    model = import_qa(folder, lang="en").get_pipe("extractive_qa").model
    [pair] = cut_pairs(model, [QUESTION], [TEXT], ContextCache(), name="qa")
    [(_, batch)] = batch_rows(model, pair.rows())
    pieces = AutoTokenizer.from_pretrained(folder)(QUESTION, TEXT, return_tensors="pt")
    if not getattr(checkpoint.config, "type_vocab_size", 0) > 1:
        pieces.pop("token_type_ids", None)
    with torch.no_grad():
        outputs = checkpoint(**pieces)
    expected = torch.stack([outputs.start_logits, outputs.end_logits], dim=-1)
    n_pieces = expected.shape[1]
    assert batch.input_ids[0, :n_pieces].tolist() == pieces["input_ids"][0].tolist()
    torch.testing.assert_close(model.predict(batch)[:, :n_pieces], expected, atol=1e-5, rtol=0)


def test_saved_pipeline_answers_the_same_without_the_checkpoint(make_checkpoint: Callable, tmp_path: Path) -> None:
    folder, _ = make_checkpoint(AutoModelForQuestionAnswering)
    nlp = import_qa(folder, lang="en")
    answer = nlp(TEXT)._.ask(QUESTION)
    nlp.to_disk(tmp_path / "pipeline")
    folder.rename(tmp_path / "moved")
    again = spacy.load(tmp_path / "pipeline")(TEXT)._.ask(QUESTION)
    assert answer.text and answer.text in TEXT
    assert (again.text, again.start_char, again.score) == (answer.text, answer.start_char, pytest.approx(answer.score))


def test_checkpoint_of_another_task_is_refused(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification)
    with pytest.raises(SpanwrightError, match=r"S461.*QuestionAnswering.*qa_outputs"):
        import_qa(folder, lang="en")
