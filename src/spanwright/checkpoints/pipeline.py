"""What imported pipelines share: their encoder, and the checkpoint's own answer to compare with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import spacy
import torch
from spacy.language import Language
from spacy.tokens import Doc
from torch import Tensor
from transformers import PreTrainedModel

from spanwright.errors import Errors, SpanwrightError
from spanwright.shim import TorchShim

SAMPLE = "Marie Curie left Warsaw in 1891, and worked at the University of Paris."


def blank_pipeline(lang: str) -> Language:
    """Return a pipeline without components. Raises SpanwrightError for a language that spaCy does not have."""
    try:
        return spacy.blank(lang)
    except ImportError as error:
        raise SpanwrightError(Errors.S115.format(lang=lang, reason=error)) from error


def add_encoder(nlp: Language, folder: Path) -> None:
    """Add the encoder of the checkpoint in `folder` to a pipeline."""
    nlp.add_pipe("transformer", config={"model": {"@architectures": "spanwright.Transformer.v1", "name": str(folder)}})


@contextmanager
def in_float32(shim: TorchShim) -> Iterator[None]:
    """Inside the block, the module computes with all digits, which the comparison with its checkpoint needs."""
    precision, shim.precision = shim.precision, "fp32"
    try:
        yield
    finally:
        shim.precision = precision


def encode_sample(nlp: Language) -> Doc:
    """Return a Doc that has been through the pipeline's encoder in float32, and nothing else of it."""
    transformer = nlp.get_pipe("transformer")
    with in_float32(transformer.model.shims[0]):
        return transformer(nlp.make_doc(SAMPLE))


@torch.no_grad()
def logits_of(checkpoint: PreTrainedModel, doc: Doc) -> Tensor:
    """Run the checkpoint on the pieces that the pipeline cut `doc` into: logits (pieces, labels) or (labels,)."""
    pieces = doc._.trf_data.wordpieces
    ids, mask = torch.from_numpy(pieces.input_ids), torch.from_numpy(pieces.attention_mask)
    return checkpoint(input_ids=ids, attention_mask=mask).logits[0]
