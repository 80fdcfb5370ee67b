"""From an encoder's folder to a torch module, refusing what would be trained from random numbers unawares."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint
from transformers import (
    CONFIG_MAPPING,
    MODEL_MAPPING,
    AutoConfig,
    AutoModel,
    AutoTokenizer,
    PretrainedConfig,
    PreTrainedModel,
)
from transformers.models.auto.modeling_auto import MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES

from spanwright.dropout import replace_dropout
from spanwright.encoder.attention import Float32Attention
from spanwright.encoder.cache import OutputCache
from spanwright.encoder.freezing import freeze_parameters
from spanwright.encoder.layers import divide_layers, is_divisible, is_packable
from spanwright.encoder.tokenization import PieceTokenizer
from spanwright.errors import Errors, SpanwrightError
from spanwright.weights import check_finite, listed

# what each architecture calls the two kinds of dropout
DROPOUT_NAMES = (
    *("hidden_dropout_prob", "dropout", "dropout_rate"),
    *("embedding_dropout", "mlp_dropout"),
    *("embd_pdrop", "resid_pdrop"),
)
ATTENTION_DROPOUT_NAMES = ("attention_probs_dropout_prob", "attention_dropout", "attn_pdrop")
DEFAULT_MAX_PIECES = 512
LARGEST_MAX_PIECES = 100_000  # tokenizers without a limit claim 10**30
# layoutlmv2 reads images too, with a library that builds what a config names; the others want more than ids and a mask
UNSUITABLE = {"layoutlmv2", "bros", "fnet", "mt5", "t5", "t5gemma", "umt5"}
# its mask is the least float32, which overflows among scores in half precision
NOT_IN_HALF = {"deberta"}
TEXT_ENCODERS = MODEL_FOR_TOKEN_CLASSIFICATION_MAPPING_NAMES.keys() - UNSUITABLE

Layers = Literal["all", "frozen", "trained"]


@dataclass(frozen=True)
class RunSettings:
    """How an encoder runs; unlike its architecture these may differ from one use of the same weights to the next.

    dropout, attention_dropout: None keeps the checkpoint's own.
    attention: "sdpa", which architectures without it (ELECTRA, DeBERTa, MPNet) run as "eager", or "eager".
    freeze: see `spanwright.encoder.freezing`.
    """

    dropout: float | None
    attention_dropout: float | None
    attention: str
    gradient_checkpointing: bool
    freeze: str | int


class EncoderModule(nn.Module):
    """A Hugging Face encoder and its tokenizer.

    max_pieces: the longest sequence it takes, special pieces included.
    is_frozen: whether none of it trains.
    n_frozen: how many of its first layers do not train, the embeddings neither, and are to be run apart from the others.
    cache: what the frozen layers gave in training so far.
    """

    def __init__(
        self, transformer: PreTrainedModel, tokenizer: PieceTokenizer, *, max_pieces: int, n_frozen: int = 0
    ) -> None:
        super().__init__()
        self.transformer = transformer
        self.tokenizer = tokenizer
        self.max_pieces = max_pieces
        self.is_frozen = not any(parameter.requires_grad for parameter in transformer.parameters())
        self.first_position = _first_position(transformer)
        self.cache: OutputCache | None = None
        # in a plain dict: not to be counted, saved and moved twice
        self._parts: dict[Layers, nn.Module] = {}
        if n_frozen and not self.is_frozen:
            self._parts["frozen"], self._parts["trained"] = divide_layers(transformer, n_frozen)

    def __getstate__(self) -> dict[str, Any]:
        """A copy begins without what was kept."""
        return self.__dict__ | {"cache": None}

    @property
    def width(self) -> int:
        return self.transformer.config.hidden_size

    @property
    def has_segments(self) -> bool:
        """Whether it tells a first text from a second one by `token_type_ids`."""
        return getattr(self.transformer.config, "type_vocab_size", 0) > 1

    @property
    def is_cacheable(self) -> bool:
        """Whether there are frozen layers whose outputs can be kept."""
        return self.is_frozen or bool(self._parts)

    @property
    def is_packable(self) -> bool:
        """Whether several windows fit into one row; see `spanwright.encoder.packing`."""
        return is_packable(self.transformer.config)

    def forward(
        self,
        inputs: Tensor,
        attention_mask: Tensor | None,
        token_type_ids: Tensor | None = None,
        position_ids: Tensor | None = None,
        *,
        layers: Layers = "all",
        recompute: bool = False,
    ) -> Tensor:
        """Return float32 vectors `(windows, pieces, width)`.

        inputs: ids `(windows, pieces)`; for the layers above the frozen ones, what the frozen ones gave.
        attention_mask: `(windows, pieces)`, 0 on padding, or `(windows, pieces, pieces)`, 0 where a piece does not see
            another (only where `is_packable`). None: all see all.
        token_type_ids: segments, only where `has_segments` or all 0. None: all 0.
        position_ids: only where `is_packable`. None: from the first to the last.
        layers: which of them to run.
        recompute: keep no activations for the backward pass, which then runs the encoder again.
        """
        arguments = (inputs, attention_mask, token_type_ids, position_ids, layers)
        if recompute:
            vectors = checkpoint(self._encode, *arguments, use_reentrant=False)
            assert isinstance(vectors, Tensor)
            return vectors
        return self._encode(*arguments)

    def _encode(
        self, inputs: Tensor, mask: Tensor | None, segments: Tensor | None, positions: Tensor | None, layers: Layers
    ) -> Tensor:
        part: nn.Module = self.transformer
        if self._parts and layers != "all":
            part = self._parts[layers]
            if part.training != self.training:
                part.train(self.training)
        optional = {"token_type_ids": segments, "position_ids": positions}
        given = {name: value for name, value in optional.items() if value is not None}
        given["inputs_embeds" if inputs.is_floating_point() else "input_ids"] = inputs
        with self._precisions(inputs.device.type):
            return part(attention_mask=mask, **given).last_hidden_state.float()

    def _precisions(self, device_type: str) -> AbstractContextManager[object]:
        # of what autocast would get wrong, or slow
        if self.transformer.config.model_type in NOT_IN_HALF:
            return torch.autocast(device_type, enabled=False)
        return Float32Attention() if self.training and device_type == "cpu" else nullcontext()


def build_encoder(
    *, architecture: Mapping[str, Any], tokenizer: str, pad_id: int, max_pieces: int, run: RunSettings
) -> EncoderModule:
    """Build an encoder with random weights from what `load_encoder` gave.

    Raises SpanwrightError for any other architecture than those of the transformers library that give pieces of text their
    vectors: some of the others, when they are built, fetch what their config names.
    """
    kind = architecture.get("model_type")
    check_kind(kind)
    # no auto_map: a saved pipeline must not name code to run
    plain = {name: value for name, value in architecture.items() if name not in ("auto_map", "model_type")}
    config = CONFIG_MAPPING[kind].from_dict(plain)
    _apply_dropout(config, run)
    transformer, pieces = _build_random(config, run), PieceTokenizer(tokenizer, pad_id=pad_id)
    _check_fit(pieces, transformer, name="of the saved pipeline")
    return _finish(transformer, pieces, max_pieces=max_pieces, run=run)


def load_encoder(
    name: str, *, pretrained: bool, overrides: Mapping[str, Any], run: RunSettings
) -> tuple[EncoderModule, dict[str, Any]]:
    """Load an encoder from a folder or the hub; return it with the settings that `build_encoder` rebuilds it from.

    pretrained: False = the same architecture and tokenizer with random weights.
    overrides: fields of the architecture's config to replace, such as its number of layers.

    Raises SpanwrightError when a file is missing or damaged, and when weights, tokenizer and architecture do not belong together.
    """
    try:
        config = AutoConfig.from_pretrained(name, trust_remote_code=False)
        hf_tokenizer = AutoTokenizer.from_pretrained(name, use_fast=True, trust_remote_code=False)
    except Exception as error:  # the tokenizers library raises nothing narrower
        raise SpanwrightError(Errors.S221.format(name=name, reason=_first_line(error))) from error
    check_kind(config.model_type)
    known = config.to_dict().keys() | config.attribute_map.keys()
    unknown = sorted(field for field in overrides if field not in known)
    if unknown:
        raise SpanwrightError(Errors.S222.format(names=", ".join(unknown), kind=config.model_type))
    config.update(dict(overrides))
    # with the checkpoint's own dropout, whatever that of this run, and without the folder's path
    architecture = {field: value for field, value in config.to_dict().items() if field != "_name_or_path"}
    if not hf_tokenizer.is_fast:
        raise SpanwrightError(Errors.S223.format(name=name))
    _apply_dropout(config, run)
    transformer = _load_pretrained(name, config, run) if pretrained else _build_random(config, run)
    tokenizer = PieceTokenizer(hf_tokenizer.backend_tokenizer.to_str(), pad_id=hf_tokenizer.pad_token_id or 0)
    _check_fit(tokenizer, transformer, name=name)
    max_pieces = _max_pieces(transformer, hf_tokenizer.model_max_length)
    settings = {
        "architecture": architecture,
        "tokenizer": tokenizer.definition,
        "pad_id": tokenizer.pad_id,
        "max_pieces": max_pieces,
    }
    return _finish(transformer, tokenizer, max_pieces=max_pieces, run=run), settings


def _check_fit(tokenizer: PieceTokenizer, transformer: PreTrainedModel, *, name: str) -> None:
    n_embeddings = transformer.get_input_embeddings().num_embeddings
    if tokenizer.largest_id >= n_embeddings:
        message = Errors.S224.format(name=name, largest=tokenizer.largest_id, n_embeddings=n_embeddings)
        raise SpanwrightError(message)


def check_kind(kind: str | None) -> None:
    """Raise SpanwrightError for an architecture that is no encoder of texts, before anything of it is built."""
    if kind not in TEXT_ENCODERS:
        raise SpanwrightError(Errors.S220.format(found=kind))


def _load_pretrained(name: str, config: PretrainedConfig, run: RunSettings) -> PreTrainedModel:
    try:
        transformer, report = AutoModel.from_pretrained(
            name,
            config=config,
            attn_implementation=_attention(config, run),
            torch_dtype=torch.float32,
            use_safetensors=True,
            trust_remote_code=False,
            output_loading_info=True,
        )
    except (OSError, ValueError, RuntimeError, ImportError, SafetensorError) as error:
        raise SpanwrightError(Errors.S221.format(name=name, reason=_first_line(error))) from error
    missing = sorted(key for key in report["missing_keys"] if "pooler" not in key)
    if missing:
        unexpected = listed(sorted(report["unexpected_keys"]))
        raise SpanwrightError(Errors.S204.format(source=name, missing=listed(missing), unexpected=unexpected))
    check_finite(transformer.state_dict(), source=name)
    return transformer


def _build_random(config: PretrainedConfig, run: RunSettings) -> PreTrainedModel:
    attention = _attention(config, run)
    return AutoModel.from_config(
        config, attn_implementation=attention, torch_dtype=torch.float32, trust_remote_code=False
    )


def _attention(config: PretrainedConfig, run: RunSettings) -> str:
    has_sdpa = getattr(MODEL_MAPPING.get(type(config), None), "_supports_sdpa", False)
    return run.attention if has_sdpa else "eager"


def _finish(
    transformer: PreTrainedModel, tokenizer: PieceTokenizer, *, max_pieces: int, run: RunSettings
) -> EncoderModule:
    if getattr(transformer, "pooler", None) is not None:
        transformer.pooler = None  # reads only the first piece, for a task that no component here has
    if run.gradient_checkpointing:
        transformer.gradient_checkpointing_enable({"use_reentrant": False, "context_fn": _checkpointing_contexts})
    replace_dropout(transformer)
    freeze_parameters(transformer, run.freeze)
    n_frozen = _count_frozen(transformer, run.freeze)
    return EncoderModule(transformer, tokenizer, max_pieces=max_pieces, n_frozen=n_frozen)


def _checkpointing_contexts() -> tuple[AbstractContextManager[None], Float32Attention]:
    # of the forward pass, which is inside a block of its own, and of what the backward pass runs again outside of it
    return nullcontext(), Float32Attention()


def _count_frozen(transformer: PreTrainedModel, freeze: str | int) -> int:
    return freeze if isinstance(freeze, int) and is_divisible(transformer.config) else 0


def _apply_dropout(config: PretrainedConfig, run: RunSettings) -> None:
    for names, value in ((DROPOUT_NAMES, run.dropout), (ATTENTION_DROPOUT_NAMES, run.attention_dropout)):
        for name in names:
            if value is not None and hasattr(config, name):
                setattr(config, name, value)


def _max_pieces(transformer: PreTrainedModel, tokenizer_limit: int) -> int:
    limit = getattr(transformer.config, "max_position_embeddings", None) or DEFAULT_MAX_PIECES
    limit -= _first_position(transformer)
    return min(limit, tokenizer_limit) if tokenizer_limit < LARGEST_MAX_PIECES else limit


def _first_position(transformer: PreTrainedModel) -> int:
    """Return the position id of a window's first piece: RoBERTa counts from the id of the padding piece on."""
    padding = getattr(getattr(transformer, "embeddings", None), "padding_idx", None)
    return 0 if padding is None else padding + 1


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
