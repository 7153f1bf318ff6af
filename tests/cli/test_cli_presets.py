"""`zoo presets`: every preset is a valid run that describes itself; the documented steps lead to a trained model."""

import json
from pathlib import Path

import aeon
import numpy as np
import pytest
from zoo_registry import InputSpec, Registry, ZooError

from zoo.specs.presets import load, names
from zoo.training.timeline import Timeline

REQUIRED = {"uea_paper", "recon_then_cls", "two_step_epoch", "channelwise_codebook", "flatten_joint", "probe_only"}
MOTIONS = Path(aeon.__file__).parent / "datasets" / "data" / "BasicMotions"
WRIST = InputSpec(channels=3, length=500, classes=14)
UEA = InputSpec(channels=6, length=512, classes=4)


def run_of(name):
    return Registry.discover().run(load(name).run)


@pytest.fixture
def windows(tmp_path, monkeypatch):
    """A working directory with 14 classes of windows `3 500`, as in a recording."""
    monkeypatch.chdir(tmp_path)
    rng, folder = np.random.default_rng(0), tmp_path / "mine"
    folder.mkdir()
    for split, count in (("train", 70), ("val", 28)):
        y = np.arange(count) % 14
        x = np.sin(np.linspace(0, 6, 500) * (1 + y[:, None, None])) + 0.1 * rng.normal(size=(count, 3, 500))
        np.save(folder / f"X_{split}.npy", x.astype(np.float16))
        np.save(folder / f"y_{split}.npy", y)
        np.save(folder / f"subject_{split}.npy", np.arange(count) // 14)
    _describe(folder, 14)
    return folder


def _describe(folder, classes):
    """Names of classes in the folder, and the file of actions of presets with text in the working directory."""
    labels = [f"class {index}" for index in range(classes)]
    (folder / "classes.txt").write_text("\n".join(labels))
    activities = [{"action_label": label, "sub_actions": ["rest", f"do {label}"]} for label in labels]
    Path("actions.json").write_text(json.dumps({"activities": activities}))


def test_the_table_names_every_preset_with_its_purpose_and_source(zoo):
    assert set(names()) >= REQUIRED
    table = zoo("presets")
    assert table.status == 0
    for name in names():
        (row,) = (line for line in table.out.splitlines() if line.startswith(f"{name} "))
        assert load(name).purpose in row
        assert load(name).source in row
    assert [row["name"] for row in zoo("presets", "--json").json] == names()


@pytest.mark.parametrize("name", names())
def test_a_preset_fits_the_data_it_is_for(name):
    preset, run = load(name), run_of(name)
    assert run.with_input(UEA if name == "uea_paper" else WRIST).name == name
    assert Timeline(run.training.phases, 1).unreached(run.training.epochs) == []
    assert all(text.strip() for text in (preset.purpose, preset.source, preset.expect))


@pytest.mark.parametrize("name", names())
def test_a_preset_states_only_what_differs_from_the_defaults(name):
    said = load(name).run
    complete = Registry.discover().run(said).dump()
    for path in leaves(said["training"]) - {("optimizer", "kind"), ("schedule", "kind")}:
        less = json.loads(json.dumps(dict(said)))
        *above, last = ("training", *path)
        part = less
        for step in above:
            part = part[step]
        del part[last]
        try:
            changed = Registry.discover().run(less).dump()
        except ZooError:  # this field is required
            continue
        assert changed != complete, path


def leaves(part, path=()):
    """Paths to fields of objects; weights and lists count as one."""
    if isinstance(part, dict) and path[-1:] != ("weights",):
        return set().union(*(leaves(value, (*path, key)) for key, value in part.items()))
    return {path}


def test_numbers_equal_those_of_the_notes():
    codebook = run_of("channelwise_codebook")
    (phase,) = codebook.training.phases
    assert phase.weights == {"x": 1, "z": 3, "s": 5, "dist": 0.8}
    assert (codebook.model.quantizer.codes, codebook.model.encoder.patches) == (32, 100)
    assert codebook.training.optimizer.lr == 1e-4
    assert run_of("flatten_joint").with_input(WRIST).model.trace().tokens.sizes == (1, 75, 8)
    paper = run_of("uea_paper").with_input(UEA).model
    assert paper.trace().tokens.sizes == (6, 64, 8)
    assert (paper.encoder.dim, paper.encoder.layers, paper.encoder.tokenizer_layers, paper.decoder.layers) == (
        256,
        4,
        4,
        2,
    )
    assert (paper.quantizer.codes, paper.decoder.shape_samples, paper.encoder.mask_ratio) == (512, 128, 0.25)


def test_cross_entropy_is_off_for_twenty_epochs_then_rises():
    timeline = Timeline(run_of("recon_then_cls").training.phases, steps_per_epoch=3)
    weights = [timeline.at(3 * epoch).weights(["ce"])["ce"] for epoch in range(200)]
    assert weights[:21] == [0.0] * 21
    assert weights[21:31] == pytest.approx(np.linspace(0.1, 1, 10).tolist())
    assert set(weights[31:]) == {1.0}


@pytest.mark.parametrize(
    ("name", "last"), [("two_step_epoch", "classify"), ("probe_only", "probe"), ("uea_paper", "classify")]
)
def test_reconstruction_is_frozen_while_the_head_learns(name, last):
    first, second = run_of(name).training.phases
    assert second.name == last
    assert not set(first.learn) & set(second.learn)
    assert "ce" not in first.weights


def test_show_prints_a_spec_and_describes_it_on_stderr(zoo, windows):
    shown = zoo("presets", "show", "channelwise_codebook")
    assert shown.json == json.loads(json.dumps(dict(load("channelwise_codebook").run)))
    assert "26.1.20" in shown.err
    assert "--small" in shown.err
    placed = zoo("presets", "show", "probe_only", "--data", "mine", "--small", "--set", "training.batch=14").json
    assert placed["data"]["source"] == {
        "kind": "data.npy",
        "path": "mine",
        "layout": "c t",
        "test": "val",
        "subject": "subject",
        "classes": "classes.txt",
    }
    assert (placed["model"]["encoder"]["dim"], placed["training"]["batch"]) == (64, 14)
    paper = zoo("presets", "show", "uea_paper", "--data", f"ts:{MOTIONS}").json["data"]
    assert paper == {"source": {"kind": "data.ts", "path": str(MOTIONS)}, "length": {"to": 512}}
    assert zoo("presets", "show", "probe_only", "--data", "npy:mine").json["data"] == placed["data"]


SHAPES = [(1, 30), (3, 61), (9, 97), (3, 206), (1, 1013), (3, 1751)]


@pytest.mark.parametrize("sizes", [[], ["--small"]], ids=["large", "small"])
@pytest.mark.parametrize("name", names())
def test_a_preset_passes_the_check_for_any_windows(zoo, tmp_path, monkeypatch, name, sizes):
    """Among them prime, odd and short lengths; as arrays in a folder, through the command line."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("zoo.cli.model.require_sources", lambda run: None)  # the runs that another preset trains first
    if zoo("presets", "show", name, *sizes).status:
        pytest.skip("has one size")
    (tmp_path / "mine").mkdir()
    for split in ("train", "test"):
        np.save(f"mine/y_{split}.npy", np.arange(40) % 20)
    _describe(tmp_path / "mine", 20)
    for channels, length in SHAPES:
        for split in ("train", "test"):
            np.save(f"mine/X_{split}.npy", np.zeros((40, channels, length), np.float16))
        shown = zoo("presets", "show", name, *sizes, "--data", "mine", "--set", "data.source.layout=c t")
        assert shown.status == 0, shown.err
        (tmp_path / "run.json").write_text(shown.out)
        checked = zoo("check", "run.json")
        assert checked.status == 0, checked.err
        said = load(name).small_run() if sizes else load(name).run
        kept = [shown.json["model"] == said["model"], shown.json["data"].get("length") == said["data"].get("length")]
        assert ("Changed for" in shown.err) != all(kept)


def test_sizes_set_by_the_user_are_kept_or_refused(zoo, windows):
    shown = zoo("presets", "show", "probe_only", "--data", "mine", "--set", "model.encoder.patches=50")
    assert shown.json["model"]["encoder"]["patches"] == 50
    refused = zoo("presets", "show", "probe_only", "--data", "mine", "--set", "model.encoder.patches=7")
    assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "found 7" in refused.err


def test_windows_that_fit_no_size_are_refused_with_a_hint(zoo, windows):
    for split in ("train", "val"):
        np.save(windows / f"X_{split}.npy", np.zeros((70 if split == "train" else 28, 3, 2)))
    refused = zoo("presets", "show", "signal_wrn", "--data", "mine", "--set", "data.source.layout=c t")
    assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1)
    assert "use longer windows" in refused.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["show", "channelwise_codebok"], ["did you mean 'channelwise_codebook'?"]),
        (["show", "nothing"], ["one of alone", "'nothing'", "`zoo presets`"]),
        (["shwo"], ["'shwo'"]),
        (["show"], ["'NAME'"]),
        (["show", "probe_only", "--data", "nowhere"], ["nowhere", "no such file or folder"]),
        (["show", "probe_only", "--data", "."], ["X_train.npy", "none of them"]),
        (["show", "probe_only", "--set", "training.epoch=1"], ["did you mean 'epochs'?"]),
        (["show", "signal_wrn", "--small"], ["--small", "leave it out"]),
    ],
)
def test_mistakes_give_one_line(zoo, windows, arguments, words):
    result = zoo("presets", *arguments)
    assert (result.status, result.out, result.err.count("\n")) == (2, "", 1)
    assert all(word in result.err for word in words), result.err


def test_a_preset_without_data_is_refused_and_the_folder_is_named(zoo, windows):
    (windows / "run.json").write_text(zoo("presets", "show", "channelwise_codebook").out)
    result = zoo("check", windows / "run.json")
    assert result.status == 2
    assert "data/windows" in result.err


TAUGHT = {name for name in names() if "teachers" in load(name).run}
"""docs/teachers.md trains their teachers first, and is run too."""


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({*names()} - TAUGHT - {"signal_wrn", "frozen_judge", "bag_of_shapes"}))
def test_documented_steps_from_preset_to_trained_model(zoo, windows, name):
    """Phases of one epoch, transformers of width 16: the steps are tested, not the result."""
    run = load(name).run
    sizes, phases = ["--small"] if load(name).small else [], run["training"].get("phases", [])
    narrow = {"quantizer.codes": 8} if "quantizer" in run["model"] else {}
    if sizes and "encoder" in run["model"]:
        narrow |= {"encoder.dim": 16, "decoder.dim": 16, "decoder.shape_samples": 16}
    changes = [f"model.{path}={value}" for path, value in narrow.items()]
    for index, phase in enumerate(phases):
        ramps = [term for term, weight in phase.get("weights", {}).items() if isinstance(weight, dict)]
        changes += [f"training.phases.{index}.weights.{term}.over=1" for term in ramps]
        changes.append(f"training.phases.{index}.length=1")
    changes += [
        f"training.epochs={max(len(phases), 1)}",
        "data.length.to=64" if name == "uea_paper" else "training.batch=35",
    ]
    data = [] if name == "uea_paper" else ["--data", "mine"]
    sets = [word for change in changes for word in ("--set", change)]
    (windows / "run.json").write_text(zoo("presets", "show", name, *sizes, *data, *sets).out)
    assert zoo("check", windows / "run.json").status == 0
    trained = zoo("train", windows / "run.json", "--out", "out")
    assert trained.status == 0, trained.err
    assert zoo("eval", "out").status == 0


@pytest.mark.slow
def test_documented_steps_from_a_bag_preset_to_an_explanation(zoo, windows):
    (windows / "run.json").write_text(
        zoo("presets", "show", "bag_of_shapes", "--data", "mine", "--set", "model.head.codes=[8]").out
    )
    for command in (["check", windows / "run.json"], ["train", windows / "run.json", "--out", "out"], ["eval", "out"]):
        assert zoo(*command).status == 0
    explained = zoo("explain", "out", "--window", 3)
    assert explained.status == 0
    assert "class 3" in explained.out


@pytest.mark.slow
def test_the_judge_is_trained_first_and_then_frozen(zoo, windows):
    (windows / "wrn.json").write_text(
        zoo("presets", "show", "signal_wrn", "--data", "mine", "--set", "training.epochs=1").out
    )
    narrow = ["model.encoder.dim=16", "model.decoder.dim=16", "model.quantizer.codes=4", "training.epochs=1"]
    sets = [word for change in narrow for word in ("--set", change)]
    (windows / "run.json").write_text(zoo("presets", "show", "frozen_judge", "--data", "mine", "--small", *sets).out)
    early = zoo("check", windows / "run.json")
    assert early.status == 2
    assert "runs/signal_wrn/bundle" in early.err
    for command in (["train", "wrn.json"], ["check", "run.json"], ["train", "run.json"], ["eval", "runs/frozen_judge"]):
        result = zoo(*(windows / word if word.endswith(".json") else word for word in command))
        assert result.status == 0, result.err
