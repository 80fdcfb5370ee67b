from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import spacy
import torch
from thinc.api import Config, Linear, Maxout
from torch import nn

from spanwright.encoder.freezing import count_layers
from spanwright.errors import SpanwrightError
from spanwright.optimizer import build_adamw
from spanwright.shim import TorchShim

STEPS = 50


class Layers(nn.Module):
    """Parameters named as an encoder's are."""

    def __init__(self, *, n_layers: int) -> None:
        super().__init__()
        self.embeddings = nn.Linear(3, 4)
        self.layer = nn.ModuleList(nn.Linear(4, 4) for _ in range(n_layers))


def make_shim(*, role: str = "head", n_layers: int = 2, seed: int = 0, **settings) -> TorchShim:
    torch.manual_seed(seed)
    shim = TorchShim(Layers, role=role, **{"precision": "fp32", **settings})
    shim.initialize(n_layers=n_layers)
    return shim


def give_gradients(module: nn.Module, seed: int, *, size: float = 1.0) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in module.parameters():
        parameter.grad = size * torch.randn(parameter.shape, generator=generator)


def weights_of(shim: TorchShim) -> dict[str, torch.Tensor]:
    return {name: parameter.detach().clone() for name, parameter in shim.module.named_parameters()}


def torch_adamw(module: nn.Module, *, lr: float, decay: float) -> torch.optim.AdamW:
    matrices = [p for p in module.parameters() if p.ndim > 1]
    vectors = [p for p in module.parameters() if p.ndim <= 1]
    groups = [{"params": matrices, "weight_decay": decay}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=lr, betas=(0.8, 0.95), eps=1e-6, fused=False, foreach=False)


def rates(step: int) -> float:
    return 0.01 / (1 + step)


SETTINGS = {"weight_decay": 0.1, "beta1": 0.8, "beta2": 0.95, "eps": 1e-6}


@pytest.mark.parametrize("grad_clip", [None, 0.5, 1e9])
def test_modules_follow_torch(grad_clip):
    shim, plain = make_shim(), make_shim()
    optimizer = build_adamw(map(rates, itertools.count()), grad_clip=grad_clip, **SETTINGS)
    reference = torch_adamw(plain.module, lr=0.0, decay=0.1)
    for step in range(STEPS):
        for module in (shim.module, plain.module):
            give_gradients(module, step)
        if grad_clip is not None:
            torch.nn.utils.clip_grad_norm_(plain.module.parameters(), grad_clip)
        for group in reference.param_groups:
            group["lr"] = rates(step)
        optimizer.step_module(shim)
        reference.step()
        optimizer.step_schedules()
    for name, parameter in shim.module.named_parameters():
        torch.testing.assert_close(parameter, plain.module.get_parameter(name), atol=1e-6, rtol=0)
        assert parameter.grad is None


@pytest.mark.parametrize("grad_clip", [None, 0.5])
@pytest.mark.parametrize("shape", [(4, 3), (5,)], ids=["matrix", "vector"])
def test_thinc_parameters_follow_the_same_rule(shape, grad_clip):
    random = np.random.default_rng(0)
    weights = random.normal(size=shape).astype("f")
    plain = nn.ParameterList([nn.Parameter(torch.from_numpy(weights.copy()))])
    optimizer = build_adamw(map(rates, itertools.count()), grad_clip=grad_clip, head_factor=3.0, **SETTINGS)
    reference = torch_adamw(plain, lr=0.0, decay=0.1)
    for step in range(STEPS):
        gradient = random.normal(size=shape).astype("f")
        plain[0].grad = torch.from_numpy(gradient.copy())
        if grad_clip is not None:
            torch.nn.utils.clip_grad_norm_(plain.parameters(), grad_clip)
        for group in reference.param_groups:
            group["lr"] = 3.0 * rates(step)
        weights, cleared = optimizer((1, "W"), weights, gradient)
        reference.step()
        optimizer.step_schedules()
        assert cleared is gradient and not cleared.any()
    assert weights.dtype == np.float32
    np.testing.assert_allclose(weights, plain[0].detach().numpy(), atol=1e-6, rtol=0)


def test_gradients_of_thinc_layers_do_not_add_up():
    layer, optimizer = Linear(3, 2).initialize(), build_adamw()
    seen = []
    for _ in range(3):
        _, backprop = layer.begin_update(np.ones((4, 2), "f"))
        backprop(np.ones((4, 3), "f"))
        seen.append(layer.get_grad("W").copy())
        layer.finish_update(optimizer)
    assert seen[0].any() and all(np.array_equal(seen[0], gradient) for gradient in seen)


def test_biases_of_thinc_layers_do_not_decay():
    layer, optimizer = Maxout(3, 2, nP=2).initialize(), build_adamw(0.1, weight_decay=0.5)
    layer.set_param("b", np.ones((3, 2), "f"))
    weights = layer.get_param("W").copy()
    _, backprop = layer.begin_update(np.ones((4, 2), "f"))
    backprop(np.zeros((4, 3), "f"))
    layer.finish_update(optimizer)
    assert (layer.get_param("b") == 1).all()
    np.testing.assert_allclose(layer.get_param("W"), 0.95 * weights, rtol=1e-6)


def test_lr_scale_of_a_thinc_model():
    one, other = (build_adamw(rate, weight_decay=0)((1, "b"), np.zeros(2, "f"), np.ones(2, "f"), lr_scale=scale)[0]
                  for rate, scale in [(0.1, 0.5), (0.05, 1.0)])  # fmt: skip
    np.testing.assert_allclose(one, other)


def first_steps(shim: TorchShim, **settings) -> dict[str, float]:
    """How far each parameter moves in a first step; for AdamW without decay, its learning rate."""
    before = weights_of(shim)
    give_gradients(shim.module, 0)
    build_adamw(**{"weight_decay": 0.0, "eps": 1e-12, **settings}).step_module(shim)
    return {name: float((before[name] - after).abs().mean()) for name, after in weights_of(shim).items()}


@pytest.mark.parametrize(
    ("role", "factors"),
    [
        ("encoder", {"embeddings": 0.25, "layer.0": 0.5, "layer.1": 1.0}),
        ("head", {"embeddings": 10.0, "layer.0": 10.0, "layer.1": 10.0}),
    ],
)
def test_learning_rates_of_layers_and_heads(role, factors):
    moved = first_steps(make_shim(role=role), learn_rate=0.001, layer_decay=0.5, head_factor=10.0)
    for name, rate in moved.items():
        assert rate == pytest.approx(0.001 * factors[name.rpartition(".")[0]], rel=1e-3), name


def test_an_encoder_whose_layers_have_no_numbers_learns_at_one_rate():
    shim = make_shim(role="encoder", n_layers=0)
    assert count_layers(shim.module) == 0
    assert [*first_steps(shim, learn_rate=0.001, layer_decay=0.5).values()] == pytest.approx([0.001] * 2, rel=1e-3)


def test_schedules_from_a_config():
    text = """
    [optimizer]
    @optimizers = "spanwright.AdamW.v1"
    [optimizer.learn_rate]
    @schedules = "warmup_linear.v1"
    warmup_steps = 2
    total_steps = 6
    initial_rate = 0.1
    """
    optimizer = spacy.registry.resolve(Config().from_str(text))["optimizer"]
    found = []
    for _ in range(5):
        shim = make_shim()
        give_gradients(shim.module, 0)
        before = weights_of(shim)
        optimizer.step_module(shim)
        found.append(float((before["layer.0.bias"] - weights_of(shim)["layer.0.bias"]).abs().mean()))
        optimizer.step_schedules()
    assert found == pytest.approx([0, 0.05, 0.1, 0.075, 0.05], rel=1e-3)


@pytest.mark.parametrize("decay", [0.9, 0.2])
def test_averages(decay):
    shim, optimizer = make_shim(), build_adamw(0.1, average_decay=decay)
    expected: dict[str, torch.Tensor] = {}
    thinc_weights, thinc_expected = np.ones(3, "f"), None
    for step in range(1, 6):
        give_gradients(shim.module, step)
        optimizer.step_module(shim)
        thinc_weights, _ = optimizer((-1, "b"), thinc_weights, np.full(3, step, "f"))
        share = min(decay, (1 + step) / (10 + step))
        for name, value in weights_of(shim).items():
            expected[name] = value if step == 1 else share * expected[name] + (1 - share) * value
        thinc_expected = thinc_weights.copy() if step == 1 else share * thinc_expected + (1 - share) * thinc_weights
    for name, value in expected.items():
        torch.testing.assert_close(optimizer.averages[shim.id, name], value, atol=1e-6, rtol=0)
    np.testing.assert_allclose(optimizer.averages[-1, "b"], thinc_expected, atol=1e-6)


def test_without_average_decay_there_are_no_averages():
    assert not build_adamw().averages


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_gradient_that_is_not_finite_stops_training_and_changes_nothing(value):
    optimizer, shim = build_adamw(0.1), make_shim(role="encoder")
    give_gradients(shim.module, 0)
    optimizer.step_module(shim)
    before = weights_of(shim)
    give_gradients(shim.module, 1)
    shim.module.embeddings.bias.grad[0] = value
    with pytest.raises(SpanwrightError, match=r"S211.*encoder.*learning rate 0.1.*model-best"):
        optimizer.step_module(shim)
    assert all(torch.equal(before[name], after) for name, after in weights_of(shim).items())

    weights = np.ones(3, "f")
    with pytest.raises(SpanwrightError, match="S211"):
        optimizer((1, "b"), weights, np.array([0, value, 0], "f"))
    assert weights.tolist() == [1, 1, 1]


def test_gradients_that_are_never_finite_stop_training_in_half_precision_too():
    optimizer, shim = build_adamw(0.1), make_shim(role="encoder", precision="fp16")
    before = weights_of(shim)
    with pytest.raises(SpanwrightError, match=r"S211.*encoder"):
        for _ in range(40):
            give_gradients(shim.module, 0)
            shim.module.embeddings.bias.grad[0] = shim.scaler.scale(torch.tensor(math.nan))
            optimizer.step_module(shim)
    assert all(torch.equal(before[name], after) for name, after in weights_of(shim).items())


def test_frozen_parameters_and_modules_without_gradients_stay():
    shim, optimizer = make_shim(), build_adamw(0.1, average_decay=0.9)
    before = weights_of(shim)
    optimizer.step_module(shim)
    assert all(torch.equal(before[name], after) for name, after in weights_of(shim).items())
    shim.module.embeddings.requires_grad_(False)
    give_gradients(shim.module.layer, 0)
    optimizer.step_module(shim)
    changed = {name for name, after in weights_of(shim).items() if not torch.equal(before[name], after)}
    assert changed == {name for name in before if name.startswith("layer")}
    assert {name for _, name in optimizer.averages} == changed


def test_a_module_loaded_since_the_last_step_is_the_one_that_trains():
    shim, optimizer = make_shim(), build_adamw(0.1)
    give_gradients(shim.module, 0)
    optimizer.step_module(shim)
    shim.from_bytes(make_shim(seed=1).to_bytes())
    before = weights_of(shim)
    give_gradients(shim.module, 0)
    optimizer.step_module(shim)
    assert all(not torch.equal(before[name], after) for name, after in weights_of(shim).items())


@pytest.mark.parametrize(
    ("setting", "values"),
    [
        ("learn_rate", [0, -1.0, math.nan]),
        ("weight_decay", [-0.1, math.nan]),
        ("beta1", [-0.1, 1.0]),
        ("beta2", [-0.1, 1.0]),
        ("eps", [0.0, -1.0]),
        ("grad_clip", [0.0, -1.0]),
        ("head_factor", [0.0, -1.0]),
        ("layer_decay", [0.0, 1.1]),
        ("average_decay", [0.0, 1.0]),
    ],
)
def test_a_setting_out_of_range_is_refused(setting, values):
    for value in values:
        with pytest.raises(SpanwrightError, match=rf"training\.optimizer\.{setting}: {value} .*allowed: "):
            build_adamw(**{setting: value})


@pytest.mark.parametrize("setting", ["weight_decay", "grad_clip", "average_decay"])
def test_the_ends_of_ranges_are_allowed(setting):
    build_adamw(**{setting: 0.0 if setting == "weight_decay" else None})
