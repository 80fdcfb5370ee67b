"""Lower layers that read questions and contexts apart, so that a context is read once for all its questions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from spanwright.encoder.execution import GROUP_OVERHEAD, LARGEST_GROUP, PIECES_AT_ONCE, padding_mask
from spanwright.encoder.grouping import group_by_length
from spanwright.encoder.layers import divide_layers
from spanwright.encoder.loading import EncoderModule
from spanwright.qa.last_used import LastUsed
from spanwright.qa.windows import Ints1d

QUESTION, CONTEXT = 0, 1
LARGEST_CACHE = 1 << 26  # bytes


class DividedEncoder:
    """An encoder whose first layers read question and context apart, and whose other layers read them together.

    In prediction it keeps what the first layers gave last, up to `limit` bytes: the next question on the same text costs
    the other layers alone. After Cao et al., "DeFormer: decomposing pre-trained transformers for faster question answering",
    2020; without its distillation.
    """

    def __init__(self, encoder: EncoderModule, n_shared: int, *, limit: int = LARGEST_CACHE) -> None:
        self._lower, self._upper = divide_layers(encoder.transformer, n_shared)
        self._has_segments = encoder.has_segments
        self._known: LastUsed[tuple[int, bytes], Tensor] = LastUsed(limit=limit, size=lambda vectors: vectors.nbytes)
        self._version: list[tuple[int, int]] = []

    def __call__(
        self, questions: Sequence[Ints1d], contexts: Sequence[Ints1d], mask: Tensor | None, *, is_train: bool
    ) -> Tensor:
        """Return float32 vectors `(windows, pieces, width)` of windows that begin with `questions` and go on with `contexts`,
        both with their special pieces, and are padded as `mask` says.
        """
        for part in (self._lower, self._upper):
            if part.training != is_train:
                part.train(is_train)
        read = self._read if is_train else self._read_once
        heads, tails = read(questions, QUESTION), read(contexts, CONTEXT)
        joined = [
            torch.cat([heads[question.tobytes()], tails[context.tobytes()]])
            for question, context in zip(questions, contexts, strict=True)
        ]
        length = max(map(len, joined)) if mask is None else mask.shape[1]
        rows = torch.stack([nn.functional.pad(row, (0, 0, 0, length - len(row))) for row in joined])
        return self._upper(inputs_embeds=rows, attention_mask=mask).last_hidden_state.float()

    def forget(self) -> None:
        """Read texts anew: the weights have changed."""
        self._known.clear()

    def _read_once(self, texts: Sequence[Ints1d], segment: int) -> dict[bytes, Tensor]:
        self._forget_if_changed()
        texts_of = {(segment, text.tobytes()): text for text in texts}

        def read(new: Sequence[tuple[int, bytes]]) -> list[Tensor]:
            vectors = self._read([texts_of[key] for key in new], segment)
            # of its own, so that the group it was read in can go
            return [vectors[content].clone() for _, content in new]

        return {content: vectors for (_, content), vectors in self._known(texts_of, read).items()}

    def _read(self, texts: Sequence[Ints1d], segment: int) -> dict[bytes, Tensor]:
        """Read each text once; return its vectors `(pieces, width)` by its bytes."""
        unique = {text.tobytes(): text for text in texts}
        keys, rows = list(unique), list(unique.values())
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        vectors: dict[bytes, Tensor] = {}
        device = next(self._lower.parameters()).device.type
        limit = LARGEST_GROUP.get(device, PIECES_AT_ONCE)
        for group in group_by_length(lengths, overhead=GROUP_OVERHEAD.get(device, 0), limit=limit):
            hidden = self._run_lower([rows[i] for i in group], lengths[group], segment)
            vectors.update((keys[i], row[: lengths[i]]) for i, row in zip(group.tolist(), hidden, strict=True))
        return vectors

    def _run_lower(self, rows: Sequence[Ints1d], lengths: NDArray[np.int64], segment: int) -> Tensor:
        device = next(self._lower.parameters()).device
        inside = np.arange(lengths.max()) < lengths[:, np.newaxis]
        padded = np.zeros(inside.shape, dtype=np.int64)
        padded[inside] = np.concatenate(rows)
        ids = torch.from_numpy(padded).to(device)
        mask = padding_mask(lengths, ids.shape[1], device)
        segments = {"token_type_ids": torch.full_like(ids, segment)} if self._has_segments else {}
        return self._lower(input_ids=ids, attention_mask=mask, **segments).last_hidden_state.float()

    def _forget_if_changed(self) -> None:
        # loaded, or replaced by their averages
        version = [(parameter.data_ptr(), parameter._version) for parameter in self._lower.parameters()]
        if version != self._version:
            self._version = version
            self.forget()
