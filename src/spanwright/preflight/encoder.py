"""A pretrained encoder's folder: whole, of one piece, and safe to load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import srsly
import torch
from safetensors import SafetensorError, safe_open

from spanwright.errors import Errors, SpanwrightError
from spanwright.preflight.findings import Finding, error, warning

WEIGHTS = "model.safetensors"
INDEX = "model.safetensors.index.json"
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt")
TOKENIZERS = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
# transformers still reads the names that the first BERT gave its layer norms
LEGACY_ENDINGS = {"LayerNorm.gamma": "LayerNorm.weight", "LayerNorm.beta": "LayerNorm.bias"}
# Counters that older versions of transformers saved
COUNTERS = ("position_ids", "token_type_ids")
# Some encoders have their embeddings padded to a round number; a gap this wide comes from another vocabulary
WIDE_GAP = 1000

Shapes = dict[str, tuple[int, ...]]


def check_encoder(path: Path) -> list[Finding]:
    """Find what keeps the encoder in the folder `path` (or a link to one) from being loaded as it was saved.

    Reads each weight once; nothing is unpickled, and no code that comes with the encoder is run.
    """
    if not path.is_dir():
        return [error(Errors.S036.format(path=path))]
    try:
        findings = _check_weight_files(path)
    except SpanwrightError as reason:
        findings = [error(str(reason))]
    if not (path / "config.json").is_file():
        return [error(Errors.S037.format(path=path)), *findings]
    try:
        architecture = _architecture(path)
    # Each architecture fails in its own way on a config that it cannot be built from
    except Exception as reason:
        return [error(Errors.S038.format(path=path / "config.json", reason=reason)), *findings]
    if not findings:
        findings += check_weights(path, architecture)
    return [*findings, *check_tokenizer(path, architecture.config)]


def weight_files(path: Path) -> list[Path]:
    """Return the files that should hold the encoder's weights. Raises SpanwrightError on an unreadable index."""
    index = path / INDEX
    if (path / WEIGHTS).is_file() or not index.is_file():
        return [path / WEIGHTS]
    try:
        return [path / name for name in sorted(set(srsly.read_json(index)["weight_map"].values()))]
    except (ValueError, LookupError, TypeError, AttributeError):
        raise SpanwrightError(Errors.S040.format(path=index, reason="no index of safetensors files")) from None


def size_of_weights(path: Path) -> int:
    """Return the bytes that the encoder's weights take on the disk: 0 where there are none."""
    return sum(file.stat().st_size for file in weight_files(path) if file.is_file())


def check_weights(path: Path, architecture: Any) -> list[Finding]:
    """Find weights in the folder `path` that differ from `architecture` in name or shape, or are not finite."""
    expected = {name: tuple(parameter.shape) for name, parameter in architecture.named_parameters()}
    found: Shapes = {}
    infinite: list[str] = []
    for file in weight_files(path):
        try:
            with safe_open(file, "pt") as tensors:
                for name in tensors.keys():  # noqa: SIM118 -- safe_open is no mapping
                    tensor = tensors.get_tensor(name)
                    found[name] = tuple(tensor.shape)
                    if tensor.is_floating_point() and not torch.isfinite(tensor).all():
                        infinite.append(name)
        except (SafetensorError, OSError) as reason:
            return [error(Errors.S040.format(path=file, reason=reason))]
    findings = list(compare_weights(found, expected, architecture.base_model_prefix, path))
    if infinite:
        findings.append(error(Errors.S044.format(path=path, count=len(infinite), name=infinite[0])))
    return findings


def compare_weights(found: Shapes, expected: Shapes, prefix: str, path: Path) -> Iterator[Finding]:
    """Compare names and shapes of weights as transformers would match them.

    A task model holds the encoder under `prefix` ("bert."), beside a head that is not read.
    """
    found = {_modern_name(name): shape for name, shape in found.items()}
    of_task_model = {name.removeprefix(f"{prefix}."): found[name] for name in found if name.startswith(f"{prefix}.")}
    found = of_task_model or found
    modules = {name.partition(".")[0] for name in expected}
    # A checkpoint from a language model has no pooler; nothing of ours reads it
    missing = [name for name in expected if name not in found and not name.startswith("pooler.")]
    # Beside the encoder's own modules there may be a head
    unknown = [name for name in found if name not in expected and name.partition(".")[0] in modules]
    left_over = [name for name in unknown if not name.endswith(COUNTERS)]
    misshapen = [name for name in expected if name in found and found[name] != expected[name]]
    counts = {"path": path, "total": len(expected)}
    if missing:
        other = next((name for name in found if name not in expected), "none")
        yield error(Errors.S041.format(**counts, count=len(missing), name=missing[0], other=other))
    if left_over:
        yield error(Errors.S042.format(**counts, count=len(left_over), name=left_over[0]))
    if misshapen:
        name = misshapen[0]
        shapes = {"expected": list(expected[name]), "found": list(found[name])}
        yield error(Errors.S043.format(**counts, count=len(misshapen), name=name, **shapes))


def check_tokenizer(path: Path, config: Any) -> list[Finding]:
    """Find that the tokenizer in the folder `path` is missing, unreadable, or of another vocabulary."""
    from transformers import AutoTokenizer

    if not any(any(path.glob(pattern)) for pattern in TOKENIZERS):
        return [error(Errors.S045.format(path=path, reason=f"there is none of {', '.join(TOKENIZERS)}"))]
    try:
        tokenizer = AutoTokenizer.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    # The tokenizers library raises plain exceptions
    except Exception as reason:
        return [error(Errors.S045.format(path=path, reason=reason))]
    size, rows = 1 + max(tokenizer.get_vocab().values()), config.vocab_size
    sizes = {"path": path, "size": size, "rows": rows}
    if size > rows:
        return [error(Errors.S046.format(**sizes))]
    if rows - size >= WIDE_GAP:
        return [warning(Errors.S046.format(**sizes))]
    return []


def _check_weight_files(path: Path) -> list[Finding]:
    missing = [file for file in weight_files(path) if not file.is_file()]
    if not missing:
        return []
    pickles = [file.name for pattern in PICKLES for file in path.glob(pattern)]
    if pickles:
        return [error(Errors.S039.format(path=path, pickles=", ".join(sorted(pickles))))]
    return [error(Errors.S040.format(path=missing[0], reason="no such file"))]


def _architecture(path: Path) -> Any:
    """Build the encoder that config.json describes, without memory for its weights."""
    from transformers import AutoConfig, AutoModel

    from spanwright.encoder.loading import check_kind

    # without this, transformers asks at the terminal whether to run the code that a config names
    config = AutoConfig.from_pretrained(path, local_files_only=True, trust_remote_code=False)
    check_kind(config.model_type)
    with torch.device("meta"):
        return AutoModel.from_config(config, trust_remote_code=False)


def _modern_name(name: str, endings: Mapping[str, str] = LEGACY_ENDINGS) -> str:
    for old, new in endings.items():
        if name.endswith(old):
            return name.removesuffix(old) + new
    return name
