"""Question-answering checkpoints as pipelines."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest
import spacy
import torch
from thinc.types import ArgsKwargs
from transformers import AutoModelForQuestionAnswering, AutoModelForTokenClassification, AutoTokenizer

from spanwright.checkpoints.qa import import_qa
from spanwright.errors import SpanwrightError
from spanwright.qa.contexts import ContextCache
from spanwright.qa.encoding import batch_rows, cut_pairs
from spanwright.qa.model import window_of

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


@pytest.mark.parametrize(("positions", "window"), [(128, 128), (512, 384)])
def test_windows_are_those_of_squads_scripts(
    make_checkpoint: Callable, tmp_path: Path, positions: int, window: int
) -> None:
    folder, _ = make_checkpoint(AutoModelForQuestionAnswering, max_position_embeddings=positions)
    AutoTokenizer.from_pretrained(folder, model_max_length=positions).save_pretrained(folder)
    nlp = import_qa(folder, lang="en")
    nlp.to_disk(tmp_path / "pipeline")
    again = spacy.load(tmp_path / "pipeline")
    assert window_of(again.get_pipe("extractive_qa").model) == window
    assert again.config["components"]["extractive_qa"]["model"]["window"] == window


@pytest.mark.parametrize("n_times_likelier", [0.9, 1.1])
def test_there_is_no_answer_where_none_is_likelier_than_all_together(
    make_checkpoint: Callable, monkeypatch: pytest.MonkeyPatch, n_times_likelier: float
) -> None:
    folder, _ = make_checkpoint(AutoModelForQuestionAnswering)
    component = import_qa(folder, lang="en").get_pipe("extractive_qa")
    [answer] = component.ask_many([(QUESTION, TEXT)])
    shim = component.model.shims[0]
    original, odds = shim.predict, answer.no_answer_score / (1 - answer.no_answer_score)

    def predict(inputs: ArgsKwargs) -> torch.Tensor:
        scores = original(inputs)
        scores[:, 0] += math.log(n_times_likelier / odds) / 2
        return scores

    monkeypatch.setattr(shim, "predict", predict)
    [answer] = component.ask_many([(QUESTION, TEXT)])
    assert answer.no_answer_score == pytest.approx(n_times_likelier / (1 + n_times_likelier))
    assert bool(answer) == (n_times_likelier < 1)


def test_checkpoint_of_another_task_is_refused(make_checkpoint: Callable) -> None:
    folder, _ = make_checkpoint(AutoModelForTokenClassification)
    with pytest.raises(SpanwrightError, match=r"S461.*QuestionAnswering.*qa_outputs"):
        import_qa(folder, lang="en")
