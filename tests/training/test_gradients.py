"""Gradient norms by term and component are correct, and measuring them does not change the training."""

import pytest
import torch
from small_runs import SHAPES
from stopped import differing, rows
from zoo_registry import ModelSpec, PhaseSpec, Registry

from zoo.cli.main import main
from zoo.model.assembly import ZooModel
from zoo.training.fit import train
from zoo.training.gradients import gradient_norms
from zoo.training.learning import set_learning

INPUT = {"channels": 2, "length": 40, "classes": 3}


@pytest.fixture
def model() -> ZooModel:
    torch.manual_seed(0)
    spec = Registry.discover().model({"input": INPUT, **SHAPES, "quantizer": {"kind": "vqshape.codebook", "codes": 6}})
    assert isinstance(spec, ModelSpec)
    return ZooModel(spec)


def losses(model: ZooModel) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    found = model(torch.randn(5, 2, 40, generator=generator), target=torch.tensor([0, 1, 2, 0, 1])).losses
    return {term: 0.5 * found[term] for term in model.spec.terms()}


def test_norms_equal_a_backward_pass_of_each_term_alone(model):
    set_learning(model, PhaseSpec(learn=("encoder", "decoder", "head")))
    model.eval()
    found = gradient_norms(model, losses(model))
    for term in model.spec.terms():
        model.zero_grad()
        losses(model)[term].backward()
        for role in ("encoder", "quantizer", "decoder", "head"):
            reached = [p.grad.flatten() for p in model.get_submodule(role).parameters() if p.grad is not None]
            assert (f"{term}/{role}" in found) == bool(reached), (term, role)
            if reached:
                assert found[f"{term}/{role}"] == pytest.approx(float(torch.cat(reached).norm()), rel=1e-5)
    assert not any("quantizer" in name for name in found), "it does not learn"
    assert {"ce/head", "x/encoder", "s/decoder", "dist/encoder"} <= found.keys()


def test_measuring_draws_no_random_number_and_leaves_gradients_and_graph_unchanged(model):
    set_learning(model, PhaseSpec())
    weighted = losses(model)
    state = torch.get_rng_state()
    gradient_norms(model, weighted)
    assert torch.equal(torch.get_rng_state(), state)
    assert all(parameter.grad is None for parameter in model.parameters())
    torch.stack(list(weighted.values())).sum().backward()


TURNS = [
    {
        "name": "reconstruct",
        "every": "batch",
        "learn": ["encoder", "quantizer", "decoder"],
        "weights": {"x": 1, "z": 1},
    },
    {"name": "classify", "every": "batch", "learn": ["head"], "weights": {"ce": 2}},
]


def test_a_diagnosed_run_ends_with_the_same_bits_and_reports_every_phase(run_of, tmp_path):
    """Including dropout and omitted patches: SHAPES has both."""
    plain = train(run_of(SHAPES, {"phases": TURNS}), tmp_path / "plain", quiet=True)
    asked = train(run_of(SHAPES, {"phases": TURNS}), tmp_path / "asked", quiet=True, diagnose=True)
    assert differing(plain, asked) == []
    found = rows(asked)
    assert {name for name in found[0] if name.startswith("grad/")} == {
        "grad/x/encoder", "grad/x/decoder", "grad/z/encoder", "grad/ce/head",
    }  # fmt: skip
    assert all(float(row["grad/ce/head"]) > 0 for row in found)
    assert "grad" not in plain.metrics.read_text()


def test_diagnose_on_the_command_line(spec_of, tmp_path, monkeypatch):
    import json

    monkeypatch.chdir(tmp_path)
    (tmp_path / "run.json").write_text(
        json.dumps(spec_of({"head": {"kind": "wrn.signal", "depth": 10}}, {"epochs": 1}))
    )
    assert main(["train", "run.json", "--diagnose"]) == 0
    assert "grad/ce/head" in (tmp_path / "runs/run/metrics.csv").read_text()
