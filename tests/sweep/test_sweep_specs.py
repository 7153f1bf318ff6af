"""Validation of sweep specs, and their meaning."""

import json
import subprocess
import sys

import pytest
from swept import S, Z
from zoo_registry import TrainingError, ZooError

from zoo.cli.main import main
from zoo.sweep.plan import plan_of, read_plan, validate_plan
from zoo.sweep.queue import require_same

Q = "model.quantizer.codes"
ALL = {"training.phases": [{}]}
WITHOUT_HEAD = {"model.head": None, **ALL}


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"vary": {}}, "vary"),
        ({"vary": {Z: []}}, Z),
        ({"vary": {Z: [1, 1]}}, "twice"),
        ({"vary": {Z: {"from": 10, "to": 1, "points": 3}}}, "swap"),
        ({"vary": {Z: {"from": 0, "to": 1, "points": 3, "spacing": "log"}}}, "above 0"),
        ({"vary": {Z: {"from": 1, "to": 2}}}, f"{Z}.points"),
        ({"vary": {Z: {"from": 1, "to": 2, "pionts": 3}}}, "points"),
        ({"vary": {Z: {"low": 1, "high": 2}}}, "search"),
        ({"vary": {"training.seed": [0, 1]}}, "seeds"),
        ({"vary": {Z: [1], "training.phases.0.weights": [{"x": 1}]}}, "choices"),
        ({"vary": {Z: [1], f"{Z}, {S}": [1, 2]}}, "choices"),
        ({"vary": {"both": {"choices": {"a": {Z: 1}}}, Z: [2]}}, "choices"),
        ({"objectives": ["mse", "mse"]}, "objectives"),
        ({"seeds": [1, 1]}, "seeds"),
        ({"search": {"trials": 3}}, "method"),
        ({"method": "search", "refine": {}}, "refine"),
        ({"refine": {"by": "acuracy"}}, "'accuracy'"),
        ({"vary": {"model.codebook": ["shared", "per_channel"]}, "refine": {}}, "refine"),
        ({"prune": {}}, "one objective"),
        ({"prune": {}, "objectives": ["codebook"]}, "prune.by"),
        ({"vary": {f"training.phases.{n}.weights.z": list(range(1000)) for n in range(4)}}, "search"),
        ({"metod": "grid"}, "'method'"),
    ],
)
def test_an_invalid_spec_is_refused_in_one_line(sweep_of, parts, words):
    with pytest.raises(ZooError) as caught:
        plan_of(sweep_of(**parts))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"vary": {"model.encoder.patches": [8, 7]}}, ["patches 7"]),
        ({"vary": {Q: [6, 0]}}, ["codes 0", Q]),
        ({"vary": {"training.phases.3.weights.z": [1]}}, ["training.phases.3"]),
        ({"vary": {"training.phases.0.weights.q": [1]}}, ["q 1", "weights"]),
        ({"vary": {"head": {"choices": {"none": WITHOUT_HEAD}}}}, ["head none", "accuracy"]),
        ({"objectives": ["judge"]}, ["judge"]),
        ({"objectives": ["acuracy"]}, ["'accuracy'"]),
        ({"set": {"model.quantizer": None, **ALL}, "vary": {"training.optimizer.lr": [0.1]}}, ["quantizer"]),
        ({"set": {"evaluation.protocol": "paper", "training.select": "x"}}, ["honest"]),
        ({"set": {"evaluation.judges": {"wrn": "nowhere/seed{seed}"}}, "seeds": [7]}, ["nowhere/seed7"]),
        (
            {
                "set": {"teachers": {"t": {"source": "nowhere/t{seed}"}}, "distill": [{"kind": "distill.logits"}]},
                "seeds": [7],
            },
            ["nowhere/t7"],
        ),
        ({"objectives": ["accuracy"], "prune": {"warmup": 2}}, ["prune.warmup"]),
        ({"objectives": ["mse"], "prune": {"warmup": 1}, "set": {"trainer.devices": 2}}, ["one process"]),
        ({"objectives": ["accuracy"], "prune": {"by": "judge", "warmup": 1}}, ["judge"]),
        (
            {"objectives": ["mini"], "prune": {"warmup": 1}, "set": {"evaluation.judges": {"mini": "sklearn.SVC"}}},
            ["prune.by", "mini, measured only at the end"],
        ),
    ],
)
def test_an_invalid_point_is_named_before_anything_is_trained(sweep_of, parts, words):
    with pytest.raises(ZooError) as caught:
        validate_plan(plan_of(sweep_of(**parts)))
    assert all(word in str(caught.value) for word in words), caught.value


def test_a_file_is_read_without_torch_and_paths_are_relative_to_it(sweep_of, base, tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(base))
    (tmp_path / "sweep.json").write_text(json.dumps(sweep_of(run="run.json")))
    program = (
        "import sys; from pathlib import Path; from zoo.sweep.plan import read_plan\n"
        "assert len(read_plan(Path(sys.argv[1])).points) == 4; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "sweep.json")], check=True)


def test_the_schema_names_every_field_with_a_description(capsys):
    assert main(["schema", "sweep"]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert {"run", "vary", "seeds", "objectives", "refine", "prune"} <= schema["properties"].keys()
    assert all(field["description"] for field in schema["properties"].values())
    assert {"from", "to"} <= schema["$defs"]["GridSpec"]["properties"].keys()


def test_the_run_may_be_a_preset(windows, tmp_path):
    source = {"kind": "data.npy", "path": str(windows), "layout": "c t"}
    changed = {"data": {"source": source}, "model.encoder.patches": 8}
    spec = {"run": "channelwise_codebook", "set": changed, "vary": {"model.quantizer.codes": [16, 32]}}
    (tmp_path / "sweep.json").write_text(json.dumps(spec | {"objectives": ["codebook", "mse"]}))
    assert [point.label for point in read_plan(tmp_path / "sweep.json").points] == ["codes 16", "codes 32"]


@pytest.mark.parametrize(
    ("content", "words"), [({"model": {}}, "vary"), ([], "object"), ({"run": {}, "vary": {Z: [1]}}, "run")]
)
def test_a_file_of_another_kind_is_refused(content, words, tmp_path):
    (tmp_path / "sweep.json").write_text(json.dumps(content))
    with pytest.raises(ZooError) as caught:
        read_plan(tmp_path / "sweep.json")
    assert words in str(caught.value)


def test_a_sweep_of_version_0_1_can_be_resumed(plan):
    today = plan()
    stored = json.loads(json.dumps(today.dump()))
    source = stored["run"]["data"]["source"]
    source["format"] = source.pop("kind").removeprefix("data.")
    require_same(stored, today, "sweep")
    assert plan_of(stored).points == today.points
    source["layout"] = "t c"
    with pytest.raises(TrainingError, match=r"sweep: run\.data\.source\.layout: expected 't c'"):
        require_same(stored, today, "sweep")


def test_a_plan_can_be_read_back_from_its_dump(plan, sweep_of):
    first = plan(set={"training.epochs": 1})
    again = plan_of(json.loads(json.dumps(first.dump())))
    assert again.fingerprint == first.fingerprint
    assert again.points == first.points
    assert plan(set={"training.epochs": 2}).fingerprint != first.fingerprint
    run = again.run(again.points[1], 1, seed=5)
    assert run.training.seed == 5
    assert run.training.epochs == 1
    assert run.training.phases[0].weights["s"] == 5
    assert run.name == "001-z-1-s-5-seed5"
