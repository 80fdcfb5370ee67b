from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F  # noqa: N812 -- its usual name

from spanwright.qa.torch_head import QuestionAnsweringModule, answer_loss


class Encoder(torch.nn.Linear):
    """Stands for an encoder that gives vectors in half precision."""

    width = 8
    transformer = SimpleNamespace(config=None)

    def forward(self, ids, mask, segments):
        return super().forward(F.one_hot(ids, 8).float())


def test_scores_keep_all_digits_where_the_encoder_computes_in_half_precision():
    torch.manual_seed(0)
    module = QuestionAnsweringModule(Encoder(8, 8))
    ids = torch.arange(8)[None]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        vectors = module.encoder(ids, None, None)
        scores = module(ids, None, None)
    assert (vectors.dtype, scores.dtype) == (torch.bfloat16, torch.float32)
    torch.testing.assert_close(scores, module.head(vectors.float()), rtol=0, atol=0)


def test_with_one_answer_the_loss_is_the_cross_entropy():
    torch.manual_seed(0)
    scores = torch.randn(3, 5, 2, requires_grad=True)
    targets = np.array([[[1, 2]], [[0, 0]], [[4, 4]]])
    loss, gradient = answer_loss(scores, np.ones((3, 5), dtype=bool), targets)
    starts, ends = torch.tensor([1, 0, 4]), torch.tensor([2, 0, 4])
    expected = (
        F.cross_entropy(scores[..., 0], starts, reduction="sum")
        + F.cross_entropy(scores[..., 1], ends, reduction="sum")
    ) / 2
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-6)
    assert gradient.numpy() == pytest.approx(scores.grad.numpy(), abs=1e-6)


def test_any_of_several_answers_is_right_and_question_and_padding_count_for_nothing():
    scores = torch.zeros(2, 5, 2)
    is_answer = np.array([[True, False, True, True, True], [True, False, True, False, False]])
    loss, gradient = answer_loss(scores, is_answer, np.array([[[2, 3], [3, 4]], [[2, 2], [-1, -1]]]))
    assert loss == pytest.approx(-(np.log(2 / 16) + np.log(1 / 4)) / 2)
    assert not gradient[:, 1].any()
    assert gradient[0, :, 0].tolist() == pytest.approx([0.125, 0, -0.125, -0.125, 0.125])
    assert gradient[1, :, 1].tolist() == pytest.approx([0.25, 0, -0.25, 0, 0])


def test_the_start_of_one_answer_with_the_end_of_another_is_not_rewarded():
    certain = torch.full((1, 5, 2), -20.0)
    certain[0, 2, 0] = certain[0, 4, 1] = 20.0
    loss, _ = answer_loss(certain, np.ones((1, 5), dtype=bool), np.array([[[2, 2], [4, 4]]]))
    assert loss > 10
