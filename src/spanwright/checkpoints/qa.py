"""A question-answering checkpoint as a pipeline with `extractive_qa`."""

from __future__ import annotations

from pathlib import Path

import torch
from spacy.language import Language
from torch import Tensor
from transformers import AutoModelForQuestionAnswering, PreTrainedModel

from spanwright.checkpoints.loading import check_equal, copy_linear, linear_layer, load_checkpoint
from spanwright.checkpoints.pipeline import SAMPLE, blank_pipeline, in_float32
from spanwright.qa.contexts import ContextCache
from spanwright.qa.encoding import batch_rows, cut_pairs
from spanwright.qa.model import encoder_of, settings_of
from spanwright.qa.windows import WindowBatch

NAME = "extractive_qa"
WINDOW = 384
NO_ANSWER_THRESHOLD = 0.5
QUESTION = "Where did Marie Curie work?"


def import_qa(folder: Path, *, lang: str) -> Language:
    """Return a pipeline whose start and end scores are the logits of the checkpoint in `folder`.

    Windows are those of SQuAD's scripts, or as long as the encoder takes. A checkpoint does not tell the threshold above which
    a question has no answer; here it has none where "no answer" is likelier than all answers together, until development data
    teach a better one.

    Raises SpanwrightError for a checkpoint that cannot be read or has no such head.
    """
    checkpoint = load_checkpoint(AutoModelForQuestionAnswering, folder)
    outputs = linear_layer(checkpoint, "qa_outputs", folder=folder)
    nlp = blank_pipeline(lang)
    # None: what the encoder takes is known only when it has been loaded
    model = {"@architectures": "spanwright.QuestionAnswering.v1", "name": str(folder), "window": None}
    component = nlp.add_pipe(NAME, config={"model": model, "no_answer_threshold": NO_ANSWER_THRESHOLD})
    component.model.initialize()
    window = min(WINDOW, encoder_of(component.model).max_pieces)
    settings_of(component.model)["window"] = nlp.get_pipe_config(NAME)["model"]["window"] = window
    shim = component.model.shims[0]
    copy_linear(outputs, shim.module.head)
    [pair] = cut_pairs(component.model, [QUESTION], [SAMPLE], ContextCache(), name=NAME)
    with in_float32(shim):
        for _, batch in batch_rows(component.model, pair.rows()):
            expected = logits_of(checkpoint, batch, has_segments=shim.module.encoder.has_segments)
            check_equal(component.model.predict(batch), expected, folder=folder)
    return nlp


@torch.no_grad()
def logits_of(checkpoint: PreTrainedModel, batch: WindowBatch, *, has_segments: bool) -> Tensor:
    """Run the checkpoint on windows: its start and end logits (windows, pieces, 2)."""
    segments = {"token_type_ids": torch.from_numpy(batch.segments)} if has_segments else {}
    ids, mask = torch.from_numpy(batch.input_ids), torch.from_numpy(batch.attention_mask)
    outputs = checkpoint(input_ids=ids, attention_mask=mask, **segments)
    return torch.stack([outputs.start_logits, outputs.end_logits], dim=-1)
