"""What carries the signal: reconstructions without codes, sigma or mu, compared with decoding by hand."""

from dataclasses import replace

import pytest
import torch
from made_models import CLASSES, NAMES, batches, made
from zoo_registry import HeadSpec, InputSpec, ModelSpec, Shape

from zoo.codebook.ablation import altered
from zoo.codebook.measure import Windows, measure
from zoo.contracts import Head, Output
from zoo.evaluation.judge import NetworkJudge
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.model.coded import CodedModel

ROWS = ["raw signals", "as found", "codes shuffled", "sigma zero", "mu's mean"]


class LoudestSpec(HeadSpec):
    """Classifies by the variance of a signal."""

    kind: str = "made.loudest"
    needs: str = "signal"

    def build(self, x: Shape, classes: int) -> Head:
        return Loudest()


class Loudest(Head):
    def forward(self, output: Output) -> torch.Tensor:
        x = output.x if output.x_recon is None else output.x_recon
        return -(x.std((1, 2))[:, None] - torch.tensor([0.5, 1.0, 1.5])).abs()


def judge() -> ZooModel:
    given = InputSpec(channels=2, length=64, classes=CLASSES)
    return ZooModel(ModelSpec(input=given, head=LoudestSpec())).eval()


def ablated(model: ZooModel, judges=None, split=None):
    split = batches(30, 1) if split is None else split
    return measure(model, Windows("test", split, split[:1], batches(45, 2)), NAMES, judges).report


def test_every_row_equals_decoding_by_hand():
    model, split = made(), batches(30, 1, batch=30)
    report = ablated(model, {"loud": NetworkJudge(judge(), "loud")}, split)
    rows = {row.name: row for row in report.bypass.ablations}
    assert list(rows) == ROWS
    (batch,) = split
    with torch.no_grad():
        output = model.encode(batch.x)
        found = output.attributes
        by_hand = {
            "as found": found,
            "sigma zero": {**found, "sigma": 0 * found["sigma"]},
            "mu's mean": {**found, "mu": found["mu"].mean(-1, keepdim=True).expand_as(found["mu"])},
        }
        for name, attributes in by_hand.items():
            changed = replace(output, tokens=output.tokens._replace(attributes=attributes))
            rebuilt = model.decode(changed).x_recon
            assert rows[name].mse == pytest.approx(float((rebuilt - batch.x).square().mean()), rel=1e-5)
            right = (judge()(rebuilt).logits.argmax(-1) == batch.y).sum()
            assert rows[name].correct == {"loud": int(right)}
    bypass = report.bypass
    assert rows["codes shuffled"].mse == bypass.shuffled
    assert rows["codes shuffled"].lost == pytest.approx((bypass.shuffled - bypass.mse) / (bypass.mean_mse - bypass.mse))
    assert rows["as found"].lost == 0
    assert rows["raw signals"].mse is rows["raw signals"].lost is None
    assert rows["raw signals"].correct["loud"] == int((judge()(batch.x).logits.argmax(-1) == batch.y).sum())


def test_shapes_carry_what_a_decoder_of_levels_lacks():
    bypass, deaf = ablated(made()).bypass, ablated(made(deaf=True)).bypass
    assert bypass.need > 0.9
    assert bypass.need <= 1
    assert deaf.need == 0
    rows = {row.name: row for row in deaf.ablations}
    assert rows["sigma zero"].lost == rows["codes shuffled"].lost == 0
    assert rows["mu's mean"].lost == pytest.approx(1, abs=0.01)


def test_codes_that_add_little_to_a_bypass_are_not_needed():
    """Only a hundredth of the signal is rebuilt from the codes: shuffling that hundredth costs all that codes give."""
    model = made()
    decode = model.decode

    def around(output: Output) -> Output:
        found = decode(output)
        assert found.x_recon is not None
        return replace(found, x_recon=0.99 * output.x + 0.01 * found.x_recon)

    model.decode = around
    assert ablated(model).bypass.need < 0.01


def test_a_model_without_attributes_has_no_rows_for_them():
    spec = {
        "input": {"channels": 2, "length": 64, "classes": CLASSES},
        "encoder": {"kind": "conv.encoder", "dim": 8},
        "quantizer": {"kind": "quantizers.ema", "codes": 4},
        "decoder": {"kind": "conv.decoder", "dim": 8},
    }
    report = ablated(build(spec).eval())
    assert [row.name for row in report.bypass.ablations] == ROWS[:3]
    assert report.fit is None
    assert report.bypass.level_mse == report.bypass.mean_mse


def test_an_ablation_that_alters_nothing_changes_nothing():
    model, (batch,) = made(), batches(8, 1)
    with torch.no_grad():
        output = model.encode(batch.x)
        same = altered(CodedModel(model), output, output.quantized.codes, output.attributes)
        assert torch.equal(model.decode(same).x_recon, model.decode(output).x_recon)
        assert torch.equal(altered(CodedModel(model), output).tokens.values, output.tokens.values)
