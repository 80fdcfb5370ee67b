"""The torch module that scores starts and ends of answers, and the loss that trains it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from spanwright.encoder.loading import EncoderModule, RunSettings, build_encoder
from spanwright.types import Bools2d, Ints3d


class QuestionAnsweringModule(nn.Module):
    """An encoder of its own, and a linear layer that scores each word piece as the start and as the end of the answer."""

    def __init__(self, encoder: EncoderModule) -> None:
        super().__init__()
        self.encoder = encoder
        self.head = nn.Linear(encoder.width, 2)
        nn.init.normal_(self.head.weight, std=getattr(encoder.transformer.config, "initializer_range", 0.02))
        nn.init.zeros_(self.head.bias)

    def forward(self, input_ids: Tensor, attention_mask: Tensor | None, segments: Tensor | None) -> Tensor:
        """Score pieces, given as for `EncoderModule`: float32 `(windows, pieces, 2)`, starts and ends."""
        vectors = self.encoder(input_ids, attention_mask, segments)
        with torch.autocast(vectors.device.type, enabled=False):  # scores lose digits in half precision
            return self.head(vectors.float())


def build_question_answering(*, run: RunSettings, **settings: Any) -> QuestionAnsweringModule:
    """Build the module with random weights. See `spanwright.encoder.loading.build_encoder` for the settings."""
    return QuestionAnsweringModule(build_encoder(run=run, **settings))


def answer_loss(scores: Tensor, is_answer: Bools2d, targets: Ints3d) -> tuple[float, Tensor]:
    """Return the loss, summed over windows, and the gradient of the scores `(windows, pieces, 2)`.

    With one gold answer, the loss of a window is the mean of the cross-entropies of its start and its end. With several it
    is half the negative log-likelihood of any of them, as in Min et al., "A discrete hard EM approach for weakly supervised
    question answering" (2019), section 4: starts and ends on their own would reward the start of one with the end of
    another.
    is_answer: (windows, pieces), where answers may start and end.
    targets: (windows, answers, 2), the first and last piece of each gold answer, at least one in every window; -1 where a
        window has fewer.
    """
    scores = scores.detach().float().requires_grad_()
    allowed = torch.from_numpy(is_answer).to(scores.device)[..., None]
    gold = torch.from_numpy(targets).to(scores.device)
    chances = scores.masked_fill(~allowed, -torch.inf).log_softmax(dim=1)
    of_answers = chances.gather(1, gold.clamp(min=0)).sum(dim=2)
    loss = -of_answers.masked_fill(gold[..., 0] < 0, -torch.inf).logsumexp(dim=1).sum() / 2
    (gradient,) = torch.autograd.grad(loss, scores)
    return loss.item(), gradient
