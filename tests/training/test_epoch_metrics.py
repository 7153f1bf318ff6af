"""The columns of the metrics add up to the values of the batches."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from small_runs import SHAPES
from zoo_registry import Registry

from zoo.contracts import Output, Quantized, Tokens, read_stretches
from zoo.model.assembly import ZooModel
from zoo.runs.metrics import MetricsFile
from zoo.training.epoch_metrics import EpochMetrics
from zoo.training.heights import FEW, drawn_heights


def output(x: float, z: float, correct: int, size: int) -> Output:
    logits = torch.zeros(size, 2)
    logits[:correct, 1] = 1.0
    losses = {"x": torch.tensor(x), "z": torch.tensor(z), "z.commit": torch.tensor(z / 2)}
    return Output(x=torch.zeros(size, 1, 4), logits=logits + torch.tensor([0.5, 0.0]), losses=losses)


def test_an_epoch_is_the_mean_over_windows_and_shares_add_up_to_one():
    metrics = EpochMetrics(["x", "z"], {"z.commit": 2.0, "z.other": 1.0})
    metrics.add(output(1.0, 4.0, 3, 3), torch.ones(3, dtype=torch.int64), {"x": 1.0, "z": 0.5}, "a")
    metrics.add(output(2.0, 2.0, 1, 1), torch.ones(1, dtype=torch.int64), {"x": 1.0, "z": 0.0}, "b")
    row = metrics.row()
    assert row["phase"] == "a+b"
    assert row["train/x"] == pytest.approx((3 * 1.0 + 2.0) / 4)
    assert row["train/z.weight"] == pytest.approx(3 * 0.5 / 4)
    assert row["train/z.weighted"] == pytest.approx(3 * 0.5 * 4.0 / 4)
    assert row["train/z.commit"] == pytest.approx((3 * 2.0 + 1.0) / 4)
    assert row["train/z.commit.weighted"] == row["train/z.weighted"], "a half of z, weighed 2 within it"
    assert row["train/x.share"] + row["train/z.share"] == pytest.approx(1.0)
    assert row["train/loss"] == pytest.approx(row["train/x.weighted"] + row["train/z.weighted"])
    assert (row["train/correct"], row["train/total"]) == (4, 4)
    assert "train/quantization_error" not in row


batches = st.lists(
    st.tuples(st.floats(-5, 5, width=32), st.floats(0, 5, width=32), st.integers(0, 3), st.integers(1, 7)),
    min_size=1,
    max_size=200,
)


@settings(deadline=None, max_examples=30)
@given(batches)
def test_any_number_of_batches_adds_up_in_any_reading_interval(batches):
    """Values on the device are read in groups; rows in between change nothing."""
    metrics = EpochMetrics(["x", "z"])
    for index, (x, z, correct, more) in enumerate(batches):
        size = correct + more
        metrics.add(output(x, z, correct, size), torch.ones(size, dtype=torch.int64), {"x": 2.0, "z": index}, "a")
        if index % 50 == 7:
            metrics.row()
    windows = sum(correct + more for _, _, correct, more in batches)
    row = metrics.row()
    assert row["train/total"] == windows
    assert row["train/correct"] == sum(correct for _, _, correct, _ in batches)
    assert row["train/x"] == pytest.approx(sum(x * (c + m) for x, _, c, m in batches) / windows, abs=1e-9)
    weighed = sum(index * z * (c + m) for index, (_, z, c, m) in enumerate(batches))
    assert row["train/z.weighted"] == pytest.approx(weighed / windows, abs=1e-9)
    metrics.clear()
    assert metrics.row() == {"phase": "", "train/x.share": 0.0, "train/z.share": 0.0, "train/loss": 0.0}


@pytest.mark.parametrize("masked", [False, True])
def test_the_error_of_quantization_is_relative_and_leaves_padding_out(masked):
    metrics, generator = EpochMetrics([]), torch.Generator().manual_seed(0)
    given_, taken = [], []
    for _ in range(3):
        values, off = torch.randn(2, 4, 2, 3, 5, generator=generator)
        mask = torch.rand(4, 2, 3, generator=generator) > 0.3 if masked else None
        quantized = Quantized(values - off, torch.zeros(4, 2, 3, 1, dtype=torch.int64), values)
        found = Output(x=values, tokens=Tokens(values, mask), quantized=quantized, losses={"z": torch.tensor(0.0)})
        metrics.add(found, torch.zeros(4), {}, "a")
        real = slice(None) if mask is None else mask
        given_.append(values[real].flatten())
        taken.append(off[real].flatten())
    wanted = float(torch.cat(taken).norm() / torch.cat(given_).norm())
    assert metrics.row()["train/quantization_error"] == pytest.approx(wanted, rel=1e-5)


def test_the_scale_of_shapes_covers_all_tokens_of_an_epoch_and_the_latest_few_batches():
    metrics = EpochMetrics(["x"])
    assert metrics.latest_scale() is None
    heights = [(8.0, 10.0), (1.0, 4.0), (1.0, 4.0), (1.0, 2.0)]
    for drawn, true in heights:
        found = {"drawn": torch.tensor(drawn), "true": torch.tensor(true)}
        metrics.add(output(1.0, 1.0, 1, 1), torch.ones(1, dtype=torch.int64), {"x": 1.0}, "a", found)
    assert metrics.latest_scale() == pytest.approx(3 / 10)
    assert metrics.row()["train/scale"] == pytest.approx(11 / 20)
    metrics.clear()
    assert metrics.latest_scale() is None
    metrics.add(output(1.0, 1.0, 1, 1), torch.ones(1, dtype=torch.int64), {"x": 1.0}, "a")
    assert "train/scale" not in metrics.row()


@pytest.mark.parametrize("masked", [False, True])
def test_heights_are_those_of_a_forward_in_the_units_of_the_series(masked):
    torch.manual_seed(0)
    spec = {**SHAPES, "input": {"channels": 2, "length": 40, "classes": 3}}
    model, x = ZooModel(Registry.discover().model(spec)), 3 * torch.randn(FEW, 2, 40).cumsum(-1) + 50
    mask = torch.rand(x.shape) > 0.2 if masked else None
    found = model.eval()(x, mask)
    heights = drawn_heights(model, found)
    series = x if mask is None else torch.where(mask, x, 0)
    true, seen = read_stretches(series, found.attributes["t"], found.attributes["l"], found.shapes.shape[-1], mask)
    seen = torch.ones_like(true, dtype=torch.bool) if seen is None else seen
    for name, shapes in (("drawn", found.shapes), ("true", true)):
        pairs = zip(shapes.detach().flatten(0, 2), seen.flatten(0, 2), strict=True)
        each = [part[here].std(correction=0) for part, here in pairs if here.any()]
        assert float(heights[name]) == pytest.approx(float(sum(each)), rel=1e-4)
    more = drawn_heights(model, model(torch.cat([x, 9 * x]), None if mask is None else torch.cat([mask, mask])))
    assert float(more["true"]) == pytest.approx(float(heights["true"]))  # of only a few windows


KINDS = [
    "vqshape.codebook",
    "quantizers.ema",
    "quantizers.cosine",
    "quantizers.residual",
    "quantizers.lfq",
    "quantizers.fsq",
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("codebook", ["shared", "per_channel"])
def test_weighted_parts_of_z_add_up_to_it(kind, codebook):
    torch.manual_seed(0)
    spec = {
        **SHAPES,
        "quantizer": {"kind": kind},
        "codebook": codebook,
        "input": {"channels": 2, "length": 40, "classes": 3},
    }
    model = ZooModel(Registry.discover().model(spec))
    metrics = EpochMetrics(list(model.spec.terms()), model.quantizer.part_weights())
    target = torch.tensor([0, 1, 2])
    metrics.add(model(torch.randn(3, 2, 40), target=target), target, dict.fromkeys(model.spec.terms(), 3.0), "a")
    row = metrics.row()
    parts = [value for name, value in row.items() if name.startswith("train/z.") and name.endswith(".weighted")]
    total = row["train/z.weighted"]
    assert sum(parts) - total == pytest.approx(total, rel=1e-4, abs=1e-6)


def test_rows_with_different_columns_are_read_back_with_gaps(tmp_path):
    file = MetricsFile(tmp_path / "metrics.csv")
    rows = [{"epoch": 0, "train/loss": 0.1 + 0.2}, {"epoch": 1, "train/loss": 2.0, "phase": "=read", "val/x": -1e-9}]
    file.write(rows)
    found = file.rows()
    assert found == [
        {"epoch": "0", "train/loss": "0.30000000000000004", "phase": "", "val/x": ""},
        {"epoch": "1", "train/loss": "2.0", "phase": "'=read", "val/x": "-1e-09"},
    ]
    file.write(found)
    assert file.rows() == found
