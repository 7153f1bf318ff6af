"""A component that no phase trains is reported; one that learns, or was already trained, is not."""

import pytest
from small_runs import SHAPES
from zoo_registry import Registry, ZooNote

import zoo
from zoo.training.fit import train
from zoo.training.learning import unlearned

MODEL = {**SHAPES, "fusion": {"kind": "fusion.conv", "channels": 2}}
INPUT = {"channels": 2, "length": 40, "classes": 3}
AUTOENCODER = ["encoder", "quantizer", "decoder"]


def phases(*learn: list[str] | None):
    data = [{"name": f"part {index}", "learn": names, "length": 1} for index, names in enumerate(learn)]
    source = {"kind": "data.aeon", "name": "basic_motions"}
    run = {"model": MODEL, "data": {"source": source}, "training": {"phases": data}}
    return Registry.discover().run(run).training.phases


@pytest.mark.parametrize(
    ("learn", "expected"),
    [
        ([None], []),
        ([["fusion", *AUTOENCODER], ["head"]], []),
        ([AUTOENCODER, ["head"]], ["fusion"]),
        ([AUTOENCODER], ["fusion", "head"]),
        ([["fusion", "encoder", "decoder.shapes", "head"]],
         ["decoder.attr_encoder", "decoder.cls_token", "decoder.out_layer", "decoder.transformer"]),
    ],
)  # fmt: skip
def test_a_component_that_no_phase_trains_is_reported(learn, expected):
    model = zoo.build({"input": INPUT, **MODEL})
    assert sorted(unlearned(model, phases(*learn), ())) == expected


def test_a_transferred_component_is_not_reported():
    model = zoo.build({"input": INPUT, **MODEL})
    every = set(model.state_dict())
    some = {name for name in every if not name.startswith(("head.", "fusion."))}
    assert unlearned(model, phases(["head"]), every) == []
    assert unlearned(model, phases(["head"]), some) == ["fusion"]
    assert unlearned(model, phases(["fusion"]), some - {"decoder.cls_token"}) == ["decoder.cls_token", "head"]


def test_training_reports_it(run_of, tmp_path):
    training = {"epochs": 1, "phases": [{"learn": AUTOENCODER, "weights": {"x": 1}}]}
    with pytest.warns(ZooNote, match="no phase trains fusion and head, .* Add 'fusion' and 'head' to `learn`"):
        train(run_of(MODEL, training), tmp_path / "run", quiet=True)
