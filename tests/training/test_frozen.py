"""Frozen parts do not change by a bit, and a component that violates this is detected."""

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_runs import SHAPES
from torch import nn
from zoo_registry import PhaseSpec, TrainingError

from zoo.training.fit import train
from zoo.training.learning import Frozen
from zoo.training.module import ZooTraining

MODEL = {
    "encoder": {"kind": "conv.encoder", "dim": 4},
    "quantizer": {"kind": "quantizers.ema", "codes": 4},
    "decoder": {"kind": "conv.decoder", "dim": 4},
    "head": {"kind": "wrn.recon", "depth": 10},
}
"""Batch-norm, a codebook of moving averages, and weights that only gradients move."""


def small_model() -> nn.Module:
    """Parameters and buffers of several types, everything frozen."""
    model = nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2), nn.Linear(2, 1, dtype=torch.float64))
    model[2].register_buffer("flags", torch.tensor([True, False]), persistent=False)
    return model.eval().requires_grad_(False)


NAMES = sorted([*dict(small_model().named_parameters()), *dict(small_model().named_buffers())])


@given(st.sampled_from(NAMES), st.randoms(use_true_random=False))
def test_any_flipped_bit_is_found_and_named(name, random):
    model = small_model()
    frozen = Frozen(model, PhaseSpec(name="still", learn=()))
    frozen.require_unchanged(model)
    tensor = {**dict(model.named_parameters()), **dict(model.named_buffers())}[name]
    flip(
        tensor,
        random.randrange(tensor.numel()),
        random.randrange(8 * tensor.element_size() if name != "2.flags" else 1),
    )
    with pytest.raises(TrainingError, match=rf"^phase still: .* found {name} changed; let {name[0]} learn"):
        frozen.require_unchanged(model)


def flip(tensor: torch.Tensor, index: int, bit: int) -> None:
    """Flip one bit of an element through its bytes."""
    flat = tensor.data.reshape(-1)[index : index + 1].view(torch.uint8)
    flat[bit // 8] ^= 1 << bit % 8


def test_nan_equals_itself_but_missing_tensors_and_other_types_are_reported():
    model = small_model()
    model[0].weight.data.fill_(float("nan"))
    frozen = Frozen(model, PhaseSpec(learn=()))
    frozen.require_unchanged(model)
    model[1].running_mean = model[1].running_mean.double()
    with pytest.raises(TrainingError, match=r"1\.running_mean changed"):
        frozen.require_unchanged(model)
    del model[0].weight
    with pytest.raises(TrainingError, match=r"0\.weight changed"):
        frozen.require_unchanged(model)


def test_parts_that_learn_may_change():
    model = small_model()
    model[1].train().requires_grad_(True)
    frozen = Frozen(model, PhaseSpec(learn=("1", "2.bias")))
    model[1](torch.randn(4, 2))
    model[1].weight.data.zero_()
    model[2].bias.data.zero_()
    frozen.require_unchanged(model)
    Frozen(model, PhaseSpec()).require_unchanged(small_model())


MISBEHAVING = """
from typing import Literal
import torch
from zoo_conv import ConvEncoder
from zoo_conv.encoder import StridedEncoder
from zoo_registry import hookimpl


class Counting(StridedEncoder):
    def __init__(self, *sizes):
        super().__init__(*sizes)
        self.register_buffer("seen", torch.zeros(()))

    def forward(self, x, mask=None):
        self.seen += len(x)
        return super().forward(x, mask)


class Drifting(StridedEncoder):
    def forward(self, x, mask=None):
        with torch.no_grad():
            self.norm.weight.data.mul_(1.0001)
        return super().forward(x, mask)


class Stubborn(Counting):
    def train(self, mode=True):
        return super().train(True)

    def forward(self, x, mask=None):
        return super().forward(x, mask) if self.training else StridedEncoder.forward(self, x, mask)


class StubbornSpec(ConvEncoder):
    \"\"\"Counts in training mode, and never leaves it.\"\"\"
    kind: Literal["bad.stubborn"] = "bad.stubborn"
    def build(self, x):
        return Stubborn(self.dim, self.layers, self.stride, self.kernel)


class CountingSpec(ConvEncoder):
    \"\"\"Writes a buffer, whatever its mode.\"\"\"
    kind: Literal["bad.counting"] = "bad.counting"
    def build(self, x):
        return Counting(self.dim, self.layers, self.stride, self.kernel)


class DriftingSpec(ConvEncoder):
    \"\"\"Writes a weight behind the back of gradients and of version counters.\"\"\"
    kind: Literal["bad.drifting"] = "bad.drifting"
    def build(self, x):
        return Drifting(self.dim, self.layers, self.stride, self.kernel)


@hookimpl
def zoo_components():
    return [CountingSpec, DriftingSpec, StubbornSpec]
"""


@pytest.mark.parametrize(
    ("kind", "tensor"), [("counting", "seen"), ("stubborn", "seen"), ("drifting", r"norm\.weight")]
)
@pytest.mark.parametrize("every", ["epoch", "batch"])
def test_a_component_that_changes_frozen_parts_stops_the_run(run_of, tmp_path, install, kind, tensor, every):
    install("bad", MISBEHAVING)
    model = {
        "encoder": {"kind": f"bad.{kind}", "dim": 4},
        "decoder": {"kind": "conv.decoder", "dim": 4},
        "head": MODEL["head"],
    }
    phases = [{"name": "all", "every": every}, {"name": "read", "every": every, "learn": ["head"]}]
    with pytest.raises(TrainingError, match=rf"^phase read: .*found encoder\.{tensor} changed; let encoder learn"):
        train(run_of(model, {"phases": phases}), tmp_path / "run", quiet=True)
    verdict = tmp_path / "run" / "findings.json"
    assert not verdict.exists() or "diverged" not in verdict.read_text()


ROLES = ["encoder", "quantizer", "decoder", "head"]
PHASES = st.lists(
    st.fixed_dictionaries(
        {
            "every": st.sampled_from(["epoch", "batch"]),
            "length": st.integers(1, 2),
            "learn": st.lists(st.sampled_from(ROLES), min_size=1, max_size=3, unique=True),
        }
    ),
    min_size=2,
    max_size=3,
)
OPTIMIZERS = [{"kind": "adamw", "weight_decay": 0.5}, {"kind": "sgd", "lr": 0.01, "weight_decay": 0.5}]


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(phases=PHASES, optimizer=st.sampled_from(OPTIMIZERS))
def test_in_any_phases_a_step_changes_what_learns_and_nothing_else(
    run_of, tmp_path_factory, monkeypatch, phases, optimizer
):
    """Weights, batch norm, moving averages, and moments of earlier phases, before and after every step."""
    moved: set[str] = set()
    step = ZooTraining.optimizer_step

    def watched(self, epoch, batch, *arguments):
        before, moments = copied(self.model.state_dict()), held(self)
        step(self, epoch, batch, *arguments)
        after = self.model.state_dict()
        changed = {name for name in after if not torch.equal(before[name], after[name])}
        learns = tuple(self.position.phase.learn)
        assert all(name.startswith(learns) for name in changed), (learns, changed)
        now = held(self)
        stirred = {name for name in moments if not all(map(torch.equal, moments[name], now[name]))}
        assert all(name.startswith(learns) for name in stirred), (learns, stirred)
        moved.update(name.partition(".")[0] for name in changed)

    with monkeypatch.context() as patch:
        patch.setattr(ZooTraining, "optimizer_step", watched)
        run = run_of(MODEL, {"epochs": 6, "batch": 12, "optimizer": optimizer, "phases": phases})
        train(run, tmp_path_factory.mktemp("run") / "run", quiet=True)
    assert moved == {role for phase in phases for role in phase["learn"]}


def copied(tensors: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in tensors.items()}


def held(module: ZooTraining) -> dict[str, list[torch.Tensor]]:
    """The optimizer's state of every parameter."""
    (optimizer,) = module.trainer.optimizers
    names = {parameter: name for name, parameter in module.model.named_parameters()}
    return {names[p]: [t.clone() for t in state.values() if t is not None] for p, state in optimizer.state.items()}


def test_frozen_shapes_stay_while_the_rest_of_their_decoder_learns(run_of, tmp_path):
    """A path inside a component: the check covers it, since `train` would refuse any other change."""
    phases = [{"learn": ["encoder", "decoder.transformer"]}, {"learn": ["decoder.shapes"]}]
    folder = train(run_of(SHAPES, {"phases": phases}), tmp_path / "run", quiet=True)
    assert folder.bundle.exists()
