from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys

import numpy as np
import pytest
import safetensors.torch
import srsly
import torch
from thinc.api import Adam, torch2xp
from thinc.types import ArgsKwargs
from torch import nn
from torch.utils.checkpoint import checkpoint

from spanwright.errors import SpanwrightError
from spanwright.optimizer import build_adamw
from spanwright.shim import TorchShim
from spanwright.weights import load_weights, pack, unpack

OVERFLOWING = 60_000.0  # fits into float16, but not when the loss is scaled


class Net(nn.Module):
    def __init__(self, *, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width)
        self.norm = nn.LayerNorm(width)
        self.outer = nn.Linear(width, 2)
        self.register_buffer("steps", torch.arange(3))

    def forward(self, x: torch.Tensor, *, factor: torch.Tensor | None = None) -> torch.Tensor:
        y = self.outer(self.norm(torch.tanh(self.inner(x))))
        return y if factor is None else y * factor


class Recomputing(Net):
    """Keeps no activations for the backward pass, and notes the mode of each pass."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return checkpoint(self._forward, x, use_reentrant=False)

    def _forward(self, x: torch.Tensor) -> torch.Tensor:
        self.modes = [*getattr(self, "modes", []), self.training]
        return super().forward(x)


def make_shim(*, seed: int = 0, **settings) -> TorchShim:
    torch.manual_seed(seed)
    shim = TorchShim(Net, **{"precision": "fp32", **settings})
    shim.initialize(width=4)
    return shim


def inputs(requires_grad: bool = False) -> torch.Tensor:
    return torch.randn(5, 4, generator=torch.Generator().manual_seed(1)).requires_grad_(requires_grad)


def step(shim: TorchShim, optimizer, gradient: float = 0.01) -> None:
    output, backprop = shim(ArgsKwargs(args=(inputs(),), kwargs={}), is_train=True)
    backprop(ArgsKwargs(args=((output,),), kwargs={"grad_tensors": (torch.full_like(output, gradient),)}))
    shim.finish_update(optimizer)


def weights_of(shim: TorchShim) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in shim.module.state_dict().items()}


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def predict(shim: TorchShim) -> torch.Tensor:
    return shim.predict(ArgsKwargs(args=(inputs(),), kwargs={}))


def test_gradients_are_those_of_torch():
    shim, plain = make_shim(), make_shim()
    x, factor = inputs(requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    output, backprop = shim(ArgsKwargs(args=(x,), kwargs={"factor": factor}), is_train=True)
    gradient = torch.randn_like(output)
    found = backprop(ArgsKwargs(args=((output,),), kwargs={"grad_tensors": (gradient,)}))

    y, f = inputs(requires_grad=True), torch.full((2,), 3.0, requires_grad=True)
    expected = plain.module(y, factor=f)
    expected.backward(gradient)
    assert torch.equal(output, expected)
    assert torch.equal(found.args[0], y.grad)
    assert torch.equal(found.kwargs["factor"], f.grad)
    pairs = zip(shim.module.parameters(), plain.module.parameters(), strict=True)
    assert all(torch.equal(one.grad, other.grad) for one, other in pairs)


def test_outputs_without_a_gradient_are_passed_over():
    shim = make_shim()
    output, backprop = shim(ArgsKwargs(args=(inputs(),), kwargs={}), is_train=True)
    constant, ones = torch.zeros(3), torch.ones_like(output)
    backprop(ArgsKwargs(args=((constant, output),), kwargs={"grad_tensors": (torch.ones(3), ones)}))
    assert shim.module.outer.bias.grad.tolist() == [5.0, 5.0]


def test_modes():
    shim = make_shim()
    assert not predict(shim).requires_grad and not shim.module.training
    output, _ = shim(ArgsKwargs(args=(inputs(),), kwargs={}), is_train=True)
    assert output.requires_grad and shim.module.training
    output, backprop = shim(ArgsKwargs(args=(inputs(),), kwargs={}), is_train=False)
    assert not output.requires_grad and not shim.module.training
    assert backprop(ArgsKwargs(args=(), kwargs={})) == ArgsKwargs(args=(), kwargs={})


@pytest.mark.parametrize("make_optimizer", [build_adamw, lambda: Adam(0.001)], ids=["AdamW", "thinc's Adam"])
@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_a_step_changes_the_weights_and_clears_the_gradients(precision, make_optimizer):
    shim = make_shim(precision=precision)
    optimizer, before = make_optimizer(), weights_of(shim)
    step(shim, optimizer)
    after = weights_of(shim)
    assert {name for name in after if not torch.equal(before[name], after[name])} == after.keys() - {"steps"}
    assert all(
        parameter.dtype == torch.float32 and parameter.isfinite().all() for parameter in shim.module.parameters()
    )
    assert all(parameter.grad is None for parameter in shim.module.parameters())
    step(shim, optimizer)
    assert not same(weights_of(shim), after)


@pytest.mark.parametrize("make_optimizer", [build_adamw, lambda: Adam(0.001)], ids=["AdamW", "thinc's Adam"])
def test_an_overflow_in_float16_skips_the_step_and_lowers_the_scale(make_optimizer):
    shim = make_shim(precision="fp16")
    optimizer, before, scale = make_optimizer(), weights_of(shim), shim.scaler.get_scale()
    step(shim, optimizer, OVERFLOWING)
    assert same(weights_of(shim), before)
    assert shim.scaler.get_scale() == scale / 2
    step(shim, optimizer)
    assert not same(weights_of(shim), before)
    assert all(parameter.isfinite().all() for parameter in shim.module.parameters())


def test_scaled_gradients_of_inputs_come_back_unscaled():
    found = {}
    for precision in ("fp32", "fp16"):
        x = inputs(requires_grad=True)
        output, backprop = make_shim(precision=precision)(ArgsKwargs(args=(x,), kwargs={}), is_train=True)
        gradient = torch.full_like(output, 0.01)
        found[precision] = backprop(ArgsKwargs(args=((output,),), kwargs={"grad_tensors": (gradient,)})).args[0]
    torch.testing.assert_close(found["fp16"].float(), found["fp32"], atol=1e-4, rtol=1e-2)


@pytest.mark.parametrize("error", [None, ValueError, KeyboardInterrupt])
def test_use_params_swaps_and_restores(error):
    shim = make_shim()
    before, output = weights_of(shim), predict(shim)
    others = {
        (shim.id, "outer.weight"): torch.zeros(2, 4),
        (shim.id, "outer.bias"): torch2xp(torch.full((2,), 7.0)),
        (shim.id + 1, "norm.bias"): torch.full((4,), 9.0),
    }
    try:
        with shim.use_params(others):
            assert predict(shim).tolist() == [[7.0, 7.0]] * 5
            stored = TorchShim(Net, precision="fp32").from_bytes(shim.to_bytes())
            if error is not None:
                raise error
    except (ValueError, KeyboardInterrupt):
        pass
    assert same(weights_of(shim), before) and torch.equal(predict(shim), output)
    assert predict(stored).tolist() == [[7.0, 7.0]] * 5


def test_averages_reach_use_params():
    shim, optimizer = make_shim(), build_adamw(1.0, average_decay=0.9)
    step(shim, optimizer)
    step(shim, optimizer)
    after = predict(shim)
    with shim.use_params(optimizer.averages):
        assert not torch.allclose(predict(shim), after)
    assert torch.equal(predict(shim), after)


@pytest.mark.parametrize("storage", ["float32", "float16", "bfloat16"])
def test_storage(storage):
    shim = make_shim(storage=storage)
    data = shim.to_bytes()
    settings, weights = unpack(data, source="here")
    assert settings == {"width": 4}
    assert {weights[name].dtype for name in weights if name != "steps"} == {getattr(torch, storage)}
    copied = TorchShim(Net, precision="fp32", storage=storage).from_bytes(data)
    torch.testing.assert_close(predict(copied), predict(shim), atol=0 if storage == "float32" else 0.05, rtol=0)
    assert copied.to_bytes() == data
    assert copied.module.steps.tolist() == [0, 1, 2]


def test_bytes_of_a_shim_without_weights():
    shim = TorchShim(Net).from_bytes(TorchShim(Net).to_bytes())
    assert not shim.is_initialized
    shim.to_device("cpu", 0)
    with (
        shim.use_params({(shim.id, "outer.bias"): np.zeros(2)}),
        pytest.raises(SpanwrightError, match=r"S203.*initialize"),
    ):
        predict(shim)


def test_copies_share_nothing():
    shim = make_shim()
    copied = shim.copy()
    pickled = pickle.loads(pickle.dumps(make_shim()))
    before = predict(shim)
    step(shim, build_adamw())
    assert torch.equal(predict(copied), before) and torch.equal(predict(pickled), before)
    assert not torch.equal(predict(shim), before)


def test_a_copy_is_another_one_to_optimizers():
    shim, optimizer = make_shim(), build_adamw(average_decay=0.5)
    copied = shim.copy()
    for gradient in (0.01, -0.02, 0.01):
        step(shim, optimizer, gradient)
        step(copied, optimizer, -gradient)
    for one in (shim, copied):
        (state, *_) = optimizer._stepped[one.id].optimizer.state.values()
        assert state["step"] == 3
    with shim.use_params(optimizer.averages), copied.use_params(optimizer.averages):
        assert not torch.equal(predict(shim), predict(copied))


def test_a_prediction_before_the_backward_pass_changes_no_mode():
    shim = TorchShim(Recomputing, precision="fp32")
    module = shim.initialize(width=4)
    output, backprop = shim(ArgsKwargs(args=(inputs(requires_grad=True),), kwargs={}), is_train=True)
    predict(shim)
    backprop(ArgsKwargs(args=((output,),), kwargs={"grad_tensors": (torch.ones_like(output),)}))
    assert module.modes == [True, False, True]


def test_a_loaded_shim_is_ready_to_predict():
    shim = make_shim()
    loaded = TorchShim(Net, precision="fp32").from_bytes(shim.to_bytes())
    assert not any(module.training for module in loaded.module.modules())


BROKEN = {
    "a name is missing": (lambda w: w.pop("outer.bias"), "S204.*Missing: outer.bias. Unexpected: none"),
    "a name is unknown": (lambda w: w.update(other=torch.zeros(1)), "S204.*Missing: none. Unexpected: other"),
    "another shape": (lambda w: w.update({"outer.bias": torch.zeros(3)}), "S205.*outer.bias"),
    "a value is not a number": (lambda w: w["norm.bias"].fill_(torch.nan), "S206.*norm.bias"),
    "a value is infinite": (lambda w: w["norm.bias"].fill_(torch.inf), "S206.*norm.bias"),
}


@pytest.mark.parametrize(("damage", "message"), BROKEN.values(), ids=BROKEN)
def test_weights_that_do_not_belong_are_refused(damage, message):
    shim = make_shim()
    weights, before = weights_of(shim), weights_of(shim)
    damage(weights)
    with pytest.raises(SpanwrightError, match=message):
        load_weights(shim.module, weights, source="here")
    assert same(weights_of(shim), before)

    stored = pack({"width": 4}, weights)
    for target in (shim, TorchShim(Net)):
        with pytest.raises(SpanwrightError, match=message):
            target.from_bytes(stored)
    assert same(weights_of(shim), before)
    assert not target.is_initialized


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: data[:4],
        lambda data: data[:-1],
        lambda data: b"\xff" * 8 + data[8:],
        lambda data: srsly.msgpack_dumps({"settings": {"width": 4}}),
        lambda data: safetensors.torch.save({"outer.bias": torch.zeros(2)}),
        lambda data: b"\x02" + bytes(7) + b"[]",
    ],
    ids=["no header", "cut short", "a length beyond the end", "another format", "no settings", "a list as header"],
)
def test_damaged_bytes_are_refused(damage):
    target = TorchShim(Net)
    with pytest.raises(SpanwrightError, match=r"S215.*the saved pipeline.*damaged"):
        target.from_bytes(damage(make_shim().to_bytes()))
    assert not target.is_initialized


def test_many_names_are_cut_short():
    weights = {f"extra{i}": torch.zeros(1) for i in range(9)} | weights_of(make_shim())
    with pytest.raises(SpanwrightError, match="extra4 and 4 more"):
        load_weights(make_shim().module, weights, source="here")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ({"precision": "fp8"}, r"precision: 'fp8'.*auto, bf16, fp16, fp32"),
        ({"storage": "int8"}, r"storage: 'int8'.*float16"),
    ],
)
def test_a_wrong_setting_is_refused(setting, message):
    with pytest.raises(SpanwrightError, match=message):
        TorchShim(Net, **setting)


def test_deepcopy_keeps_the_settings():
    copied = copy.deepcopy(TorchShim(Net, precision="bf16", storage="float16", role="encoder"))
    assert (copied.precision, copied.storage, copied.role) == ("bf16", "float16", "encoder")


FORK = """
import spacy, torch, spanwright.shim
torch.ones(10_000_000).exp()

@spacy.Language.component("uses_torch")
def uses_torch(doc):
    torch.ones(10_000_000).exp()
    return doc

nlp = spacy.blank("en")
nlp.add_pipe("uses_torch")
assert len(list(nlp.pipe(["a"] * 4, n_process=2, batch_size=1))) == 4
"""


def test_forked_processes_do_not_wait_for_threads_that_are_gone():
    environment = {**os.environ, "OMP_NUM_THREADS": "2"}
    subprocess.run([sys.executable, "-c", FORK], check=True, timeout=120, env=environment)
