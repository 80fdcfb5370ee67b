"""Run an encoder over windows: in groups of like length or packed into rows, and once only where it is frozen."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from thinc.types import ArgsKwargs
from torch import Tensor

from spanwright.encoder.grouping import group_by_length
from spanwright.encoder.loading import EncoderModule, Layers
from spanwright.encoder.packing import pack
from spanwright.shim import TorchShim
from spanwright.types import Ints1d, Ints2d, Singles3d

# what one more call costs, in pieces: a GPU is idle while it is prepared
GROUP_OVERHEAD = {"cpu": 32, "cuda": 4096}
# larger groups outgrow a CPU's caches: MiniLM reads half as fast again with 1024 pieces as with 8192
LARGEST_GROUP = {"cpu": 1024}
PIECES_AT_ONCE = 8192

Encoded = tuple[Tensor, Callable[[Tensor], None]]


def padding_mask(lengths: Ints1d, width: int, device: torch.device) -> Tensor | None:
    """Return `(windows, width)`, 0 on padding; None where there is none: without a mask, attention takes its fastest path."""
    if (lengths == width).all():
        return None
    inside = np.arange(width) < lengths[:, np.newaxis]
    return torch.from_numpy(inside.astype(np.int64)).to(device, non_blocking=True)


def encode_windows(
    shim: TorchShim, ids: Ints2d, lengths: Ints1d, *, is_train: bool, multiple: int, pieces_at_once: int
) -> Encoded:
    """Return what `encode` gives of padded ids `(windows, length)`, and use the encoder's cache where it has one."""
    encoder = cast(EncoderModule, shim.module)
    run = partial(encode, shim, multiple=multiple, pieces_at_once=pieces_at_once)

    def to_device(array: NDArray[Any]) -> Tensor:
        return torch.from_numpy(array).to(shim.device, non_blocking=True)

    def run_frozen(new: Ints2d, lengths: Ints1d) -> Tensor:
        return run(to_device(new), lengths, is_train=False, layers="frozen")[0]

    if encoder.cache is None:
        return run(to_device(ids), lengths, is_train=is_train)
    given = to_device(_read_frozen(encoder, ids, lengths, run_frozen, is_train=is_train))
    return (given, lambda _: None) if encoder.is_frozen else run(given, lengths, is_train=is_train, layers="trained")


def encode(
    shim: TorchShim,
    inputs: Tensor,
    lengths: Ints1d,
    *,
    is_train: bool,
    multiple: int,
    pieces_at_once: int,
    layers: Layers = "all",
) -> Encoded:
    """Return the vectors `(windows, length, width)` of padded windows and the backward pass.

    inputs: ids `(windows, length)`; for `layers="trained"` what the frozen layers gave.
    multiple: what the lengths of windows are padded to a multiple of.
    pieces_at_once: the most pieces, padding included, that the encoder takes at once. In training, a batch of more pieces
        than that keeps no activations: the backward pass computes them again, group by group.

    The backward pass takes the gradient of the vectors and leaves gradients in the encoder's parameters. What the vectors
    hold on padding means nothing.
    """
    device = shim.device.type
    padded = np.minimum(-(-lengths // multiple) * multiple, inputs.shape[1])
    limit = min(pieces_at_once, LARGEST_GROUP.get(device, pieces_at_once))
    if is_train and 0 < lengths.sum() <= limit and cast(EncoderModule, shim.module).is_packable:
        return _encode_packed(shim, inputs, lengths, multiple=multiple, layers=layers)
    groups = group_by_length(padded, overhead=GROUP_OVERHEAD.get(device, 0), limit=limit)
    recompute = is_train and sum(len(rows) * padded[rows].max() for rows in groups) > pieces_at_once
    hidden = _zeros(shim, inputs)
    steps = []
    for rows in groups:
        own = inputs[rows, : padded[rows].max()]
        mask = padding_mask(lengths[rows], own.shape[1], shim.device)
        arguments = ArgsKwargs(args=(own, mask), kwargs={"layers": layers, "recompute": recompute})
        vectors, backprop = shim(arguments, is_train)
        hidden[rows, : vectors.shape[1]] = vectors.detach()
        steps.append((rows, vectors, backprop))

    def backprop_hidden(gradient: Tensor) -> None:
        for rows, vectors, backprop in steps:
            part = gradient[rows, : vectors.shape[1]]
            backprop(ArgsKwargs(args=((vectors,),), kwargs={"grad_tensors": (part,)}))

    return hidden, backprop_hidden


def _encode_packed(shim: TorchShim, inputs: Tensor, lengths: Ints1d, *, multiple: int, layers: Layers) -> Encoded:
    """`encode` for the training on a few short windows: one call, almost without padding."""
    encoder = cast(EncoderModule, shim.module)
    packing = pack(lengths, multiple=multiple)
    positions = torch.from_numpy(packing.positions).to(shim.device)
    inside = torch.from_numpy(np.arange(inputs.shape[1]) < lengths[:, np.newaxis]).to(shim.device)
    packed = inputs.new_zeros(packing.owners.size, *inputs.shape[2:])
    packed[positions] = inputs[inside]
    mask = torch.from_numpy(packing.may_attend).to(shim.device)
    arguments: tuple[Tensor, ...] = (packed.reshape(*packing.owners.shape, *inputs.shape[2:]), mask)
    if layers != "trained":
        places = torch.from_numpy(packing.offsets + encoder.first_position).to(shim.device)
        # segments too: the encoder's own default is no longer than its longest window
        arguments = (*arguments, torch.zeros_like(places), places)
    vectors, backprop = shim(ArgsKwargs(args=arguments, kwargs={"layers": layers}), is_train=True)
    hidden = _zeros(shim, inputs)
    hidden[inside] = vectors.detach().flatten(0, 1)[positions]

    def backprop_hidden(gradient: Tensor) -> None:
        d_packed = gradient.new_zeros(packing.owners.size, encoder.width)
        d_packed[positions] = gradient[inside]
        backprop(ArgsKwargs(args=((vectors,),), kwargs={"grad_tensors": (d_packed.view_as(vectors),)}))

    return hidden, backprop_hidden


def _read_frozen(
    encoder: EncoderModule, ids: Ints2d, lengths: Ints1d, run: Callable[[Ints2d, Ints1d], Tensor], *, is_train: bool
) -> Singles3d:
    """Return what the frozen layers give, without dropout. Windows seen before come from the cache, `run` reads the others;
    in training, and only then, these go into the cache: it grows no larger than the training data.
    """
    cache = encoder.cache
    assert cache is not None
    keys = [row[:length].tobytes() for row, length in zip(ids, lengths, strict=True)]
    is_known = np.array([key in cache for key in keys], dtype=bool)
    new = np.flatnonzero(~is_known)
    hidden = np.zeros((*ids.shape, encoder.width), dtype=np.float32)
    if len(new):
        hidden[new] = run(ids[new], lengths[new]).cpu().numpy()
        for i in new.tolist() if is_train else []:
            cache.add(keys[i], hidden[i, : lengths[i]])
    for i in np.flatnonzero(is_known).tolist():
        hidden[i, : lengths[i]] = cache[keys[i]]
    return hidden


def _zeros(shim: TorchShim, inputs: Tensor) -> Tensor:
    width = cast(EncoderModule, shim.module).width
    return torch.zeros(inputs.shape[0], inputs.shape[1], width, device=shim.device)
