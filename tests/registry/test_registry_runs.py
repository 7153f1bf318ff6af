"""Run specs: phases that name existing parts, an input that agrees with the data, paths as users write them."""

import json
from typing import Any, ClassVar

import pytest
from zoo_registry import DistillerSpec, InputSpec, Registry, SpecError, TeacherSpec
from zoo_registry.teachers import check_teachers


def place(data, path, value):
    """Put ``value`` at the dotted ``path``, creating objects on the way."""
    *way, last = path.split(".")
    for step in way:
        data = data.setdefault(step, {})
    data[last] = value


def test_a_run_is_complete_and_can_be_read_back_from_json(toys, run):
    phases = [
        {"learn": ["encoder", "decoder.project"], "length": 3, "weights": {"x": 1, "z": {"over": 3}}},
        {"learn": [], "measure": True, "every": "batch"},
    ]
    place(run, "training.phases", phases)
    place(run, "evaluation.judges", {"wrn": "bundles/wrn"})
    run["transfer"] = [{"source": "bundles/pretrained", "only": ["encoder"]}]
    spec = toys.run(run)
    saved = json.loads(json.dumps(spec.dump()))
    assert toys.run(saved) == spec
    assert saved["training"]["optimizer"] == {"kind": "adamw", "lr": 1e-3, "weight_decay": 0.01}
    assert saved["training"]["phases"][0]["weights"]["z"] == {"start": 0.0, "end": 1.0, "over": 3}


@pytest.mark.parametrize("roles", [(), ("encoder",), ("image",), ("image", "encoder")])
@pytest.mark.parametrize("phases", [[{}], [{"learn": [], "measure": True}]], ids=["learn", "measure"])
def test_a_model_without_a_loss_term_is_refused(run, roles, phases):
    kinds = {"image": "images.gaf", "encoder": "timm.encoder" if "image" in roles else "conv.encoder"}
    given = run | {"model": {role: {"kind": kinds[role]} for role in roles}, "training": {"phases": phases}}
    found = " and ".join(roles) or "none"
    with pytest.raises(SpecError, match=rf"^model: expected a component with a loss term, found {found}; add a quan"):
        Registry.discover().run(given)


PATHS = {
    "model.encoder.patch": 0,
    "model.encoder.dims": 3,
    "model.input.length": "long",
    "data.source.path": 3,
    "data.source.layout": "t",
    "data.source.npy": 1,
    "data.length.to": 1,
    "training.optimizer.lr": -1,
    "training.optimizer.momentum": 0.9,
    "training.schedule.warmup": 2,
    "training.phases": [],
    "training.epochs": 0,
    "evaluation.judges.a.b": 3,
    "evaluation.judges.kind": 3,
    "name": "../up",
}


@pytest.mark.parametrize(("path", "value"), PATHS.items(), ids=PATHS)
def test_an_error_names_the_path_as_written(toys, run, path, value):
    run["training"] = {"optimizer": {"kind": "adamw"}, "schedule": {"kind": "cosine"}}
    if path == "evaluation.judges.a.b":
        run["evaluation"] = {"judges": {"a.b": value}}
    else:
        place(run, path, value)
    with pytest.raises(SpecError) as refusal:
        toys.run(run)
    assert str(refusal.value).startswith(f"{path}: expected ")


@pytest.mark.parametrize(
    ("phase", "message"),
    [
        ({"weights": {"x": -1}}, "training.phases.0.weights.x: expected greater than or equal to 0, found -1;"),
        ({"weights": {"x": {"over": 0}}}, "training.phases.0.weights.x.over: expected greater than or equal to 1"),
        ({"weights": {"x": {"end": 2}}}, "training.phases.0.weights.x.over: expected a value, found nothing;"),
        ({"weights": {"x": {"over": 2}}}, "training.phases.0.weights.x.over: expected at most the phase's length, 1:"),
        ({"weights": {"kl": 1}}, "training.phases.0.weights: expected a loss term that the run gives, found 'kl'"),
        ({"weights": {"z.commit": 1}}, "found 'z.commit'"),
        ({"learn": ["encodr"]}, "training.phases.0.learn: expected a component of the model or a path in one"),
        ({"learn": ["encodr"]}, "did you mean 'encoder'?"),
        ({"learn": ["fusion"]}, "the model has encoder, quantizer, decoder, head"),
        ({"learn": []}, "training.phases.0.learn: expected something that learns, found []"),
        ({"measure": True}, "training.phases.0.learn: expected learn: [] where measure is true, found null"),
        ({"measure": True, "learn": ["head"]}, "found ['head']"),
        ({"length": 0}, "training.phases.0.length: expected greater than or equal to 1"),
        ({"lenght": 2}, "did you mean 'length'?"),
    ],
)
def test_an_impossible_phase_is_refused(toys, run, phase, message):
    place(run, "training.phases", [phase])
    with pytest.raises(SpecError) as refusal:
        toys.run(run)
    assert message in str(refusal.value)
    assert len(str(refusal.value).splitlines()) == 1


def test_an_estimator_is_named_by_one_word_and_stored_complete(toys, run):
    place(run, "evaluation.judges", {"mini": "aeon.MiniRocketClassifier", "own": "./aeon.folder"})
    spec = toys.run(run)
    saved = json.loads(json.dumps(spec.dump()))
    assert toys.run(saved) == spec
    assert saved["evaluation"]["judges"] == {
        "mini": {"estimator": "aeon.MiniRocketClassifier", "seed": 0, "windows": None, "parameters": {}},
        "own": "./aeon.folder",
    }
    assert list(spec.evaluation.bundles) == ["own"]
    assert "mini" not in spec.objectives


@pytest.mark.parametrize(
    ("judge", "message"),
    [
        ("MiniRocketClassifier", ".mini: expected library and class, such as aeon.MiniRocketClassifier, found"),
        (
            "aeon.classification.dummy.DummyClassifier",
            ".mini: expected library and class, such as aeon.DummyClassifier",
        ),
        ({"estimator": "torch.Net"}, ".mini.estimator: expected library and class"),
        (
            {"estimator": "sklearn.SVC", "sed": 3},
            ".mini.sed: expected a known field, found 'sed'; did you mean 'seed'?",
        ),
        ({"estimator": "sklearn.SVC", "seed": -1}, ".mini.seed: expected greater than or equal to 0, found -1;"),
        ({"seed": 1}, ".mini.estimator: expected a value, found nothing;"),
        (3, ".mini: expected"),
    ],
)
def test_an_impossible_judge_is_refused(toys, run, judge, message):
    place(run, "evaluation.judges", {"mini": judge})
    with pytest.raises(SpecError) as refusal:
        toys.run(run)
    assert str(refusal.value).startswith(f"evaluation.judges{message}"), refusal.value
    assert "more)" not in str(refusal.value)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("head", "evaluation.judges.head: expected a name that is not in use"),
        ("last", "evaluation.judges.last: expected a name that is not in use"),
        ("x on raw", "evaluation.judges"),
        ("", "evaluation.judges"),
    ],
)
def test_a_judge_with_a_reserved_or_invalid_name_is_refused(toys, run, name, message):
    place(run, "evaluation.judges", {name: "runs/wrn"})
    with pytest.raises(SpecError) as refusal:
        toys.run(run)
    assert str(refusal.value).startswith(message), refusal.value
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("name", ["raw", "rebuilt", "model", "on", "declared"])
def test_other_judges_may_have_any_name(toys, run, name):
    place(run, "evaluation.judges", {name: "runs/wrn"})
    assert toys.run(run).evaluation.bundles == {name: "runs/wrn"}


def test_a_mistake_is_reported_once(toys, run):
    place(run, "training.phases", [{"weights": {"x": -1, "z": -1}}])
    with pytest.raises(SpecError, match=r"found -1 \(and 1 more\)"):
        toys.run(run)


def test_a_misspelt_field_is_reported_before_the_missing_one(toys, run):
    run["data"]["source"] = {"kind": "data.ts", "paht": "set"}
    with pytest.raises(SpecError, match=r"^data\.source\.paht: .* did you mean 'path'\?"):
        toys.run(run)


def test_a_suggestion_comes_from_the_fields_of_that_kind(toys, run):
    run["training"] = {"optimizer": {"kind": "adamw", "momentun": 0.9}}
    with pytest.raises(SpecError, match="`zoo schema` describes every field"):
        toys.run(run)
    run["training"] = {"optimizer": {"kind": "sgd", "momentun": 0.9}}
    with pytest.raises(SpecError, match=r"did you mean 'momentum'\?"):
        toys.run(run)


def test_selecting_by_a_score_that_the_model_lacks_is_refused(toys, run):
    del run["model"]["head"]
    place(run, "training.select", "accuracy")
    with pytest.raises(SpecError, match=r"^training\.select: expected a head"):
        toys.run(run)


def test_input_is_taken_from_the_data(toys, run):
    del run["model"]["input"]
    found = InputSpec(channels=3, length=32, classes=4)
    spec = toys.run(run).with_input(found)
    assert spec.model.input == found
    assert spec.model.trace().logits is not None
    assert toys.run(spec.dump()) == spec


def test_input_of_the_data_must_fit_the_model(toys, run):
    del run["model"]["input"]
    with pytest.raises(SpecError, match=r"^encoder\.patch: expected a divisor of the length 33"):
        toys.run(run).with_input(InputSpec(channels=3, length=33, classes=4))


@pytest.mark.parametrize("field", ["channels", "length", "classes"])
def test_a_given_input_that_differs_from_the_data_is_refused(toys, run, field):
    found = InputSpec(channels=3, length=32, classes=4)
    assert toys.run(run).with_input(found).model.input == found
    with pytest.raises(SpecError, match=rf"^model\.input\.{field}: expected 16, as the data have it, found"):
        toys.run(run).with_input(found.model_copy(update={field: 16}))


def test_a_run_needs_a_model_and_data(toys, run):
    for missing in ("model", "data"):
        with pytest.raises(SpecError, match=rf"^{missing}: expected a value, found nothing"):
            toys.run({key: value for key, value in run.items() if key != missing})
    with pytest.raises(SpecError, match=r"^model: expected"):
        toys.run(run | {"model": "x"})
    with pytest.raises(SpecError, match=r"^model\.encoder\.kind: expected an installed encoder"):
        toys.run(run | {"model": {"encoder": {"kind": "x.y"}}})


def test_a_distiller_has_no_term_of_the_model(toys, run):
    """Their losses would be added to one number under one weight."""

    class Clash(DistillerSpec):
        """A loss with the name of a quantizer's."""

        kind: str = "toy.clash"
        terms: ClassVar[dict[str, str]] = {"z": "another loss"}

        def build(self) -> Any:
            raise AssertionError("never built here")

    model = toys.run(run).model
    with pytest.raises(SpecError, match="distill: expected each loss term once, found z twice"):
        check_teachers({"t": TeacherSpec(source="t")}, [Clash()], None, model)
