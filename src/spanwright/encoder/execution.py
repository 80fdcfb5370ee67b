"""Run an encoder over windows: in groups of like length, and once only where it is frozen."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from thinc.types import ArgsKwargs
from torch import Tensor

from spanwright.encoder.cache import OutputCache
from spanwright.encoder.grouping import group_by_length
from spanwright.encoder.loading import EncoderModule
from spanwright.shim import TorchShim

Ints1d = NDArray[np.int64]
Ints2d = NDArray[np.int64]

# what one more call costs, in pieces: a GPU is idle while it is prepared
GROUP_OVERHEAD = {"cpu": 32, "cuda": 4096}
# larger groups outgrow a CPU's caches: MiniLM reads half as fast again with 1024 pieces as with 8192
LARGEST_GROUP = {"cpu": 1024}


def encode(
    shim: TorchShim, ids: Ints2d, lengths: Ints1d, *, is_train: bool, multiple: int, pieces_at_once: int
) -> tuple[Tensor, Callable[[Tensor], None]]:
    """Return the vectors `(windows, length, width)` of padded ids `(windows, length)` and the backward pass.

    The windows go through the encoder in groups, each padded to a multiple of `multiple` and of at most `pieces_at_once`
    pieces. In training, a batch of more pieces than that keeps no activations: the backward pass computes them again,
    group by group. It takes the gradient of the vectors and leaves gradients in the encoder's parameters. What the vectors
    hold on padding means nothing.
    """
    encoder = cast(EncoderModule, shim.module)
    hidden = torch.zeros(*ids.shape, encoder.width, device=shim.device)
    padded = np.minimum(-(-lengths // multiple) * multiple, ids.shape[1])
    device = shim.device.type
    limit = min(pieces_at_once, LARGEST_GROUP.get(device, pieces_at_once))
    groups = group_by_length(padded, overhead=GROUP_OVERHEAD.get(device, 0), limit=limit)
    recompute = is_train and sum(len(rows) * padded[rows].max() for rows in groups) > pieces_at_once
    steps = []
    for rows in groups:
        inputs = _inputs(ids[rows, : padded[rows].max()], lengths[rows], shim.device, recompute=recompute)
        vectors, backprop = shim(inputs, is_train)
        hidden[rows, : vectors.shape[1]] = vectors.detach()
        steps.append((rows, vectors, backprop))

    def backprop_hidden(gradient: Tensor) -> None:
        for rows, vectors, backprop in steps:
            part = gradient[rows, : vectors.shape[1]]
            backprop(ArgsKwargs(args=((vectors,),), kwargs={"grad_tensors": (part,)}))

    return hidden, backprop_hidden


def encode_cached(
    shim: TorchShim, ids: Ints2d, lengths: Ints1d, cache: OutputCache, *, multiple: int, pieces_at_once: int
) -> Tensor:
    """Return what `encode` gives without training. Windows seen before come from the cache, the others go into it."""
    keys = [row[:length].tobytes() for row, length in zip(ids, lengths, strict=True)]
    new = np.array([i for i, key in enumerate(keys) if key not in cache], dtype=np.int64)
    if len(new):
        vectors, _ = encode(
            shim, ids[new], lengths[new], is_train=False, multiple=multiple, pieces_at_once=pieces_at_once
        )
        for i, window in zip(new.tolist(), vectors.cpu().numpy(), strict=True):
            cache[keys[i]] = window[: lengths[i]]
    hidden = np.zeros((*ids.shape, shim.module.width), dtype=np.float32)
    for row, key, length in zip(hidden, keys, lengths, strict=True):
        row[:length] = cache[key]
    return torch.from_numpy(hidden).to(shim.device)


def _inputs(ids: Ints2d, lengths: Ints1d, device: torch.device, *, recompute: bool) -> ArgsKwargs:
    tensor = torch.from_numpy(ids).to(device, non_blocking=True)
    mask = None
    # without a mask, attention takes its fastest path
    if (lengths < ids.shape[1]).any():
        inside = np.arange(ids.shape[1]) < lengths[:, np.newaxis]
        mask = torch.from_numpy(inside.astype(np.int64)).to(device, non_blocking=True)
    return ArgsKwargs(args=(tensor, mask), kwargs={"recompute": recompute})
