"""`zoo models`, and names of models where a bundle's folder is expected."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from geneactiv_files import pages_at, recording
from offered import CARD, CODES, plugin_of
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import PluginError, Registry, SpecError

import zoo as package
from zoo.cli.main import main
from zoo.weights.manifest import read_manifest

DISTILL = {"distill": [{"kind": "distill.logits"}]}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Windows, a classifier trained on them in `signal`, and a model of codes in `codes`."""
    home = tmp_path_factory.mktemp("named")
    write_waves(home / "windows", train=30, test=12)
    spec = {"model": SIGNAL, "data": source(home), "training": {"epochs": 1}}
    package.train(spec, home / "signal", quiet=True)
    torch.manual_seed(0)
    package.save(package.build(CODES), home / "codes")
    return home


def source(home: Path) -> dict[str, Any]:
    return {"source": {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t"}}


@pytest.fixture
def cards(home, install, tmp_path, monkeypatch) -> Path:
    """An empty working folder, and a plugin that offers the models `acme-signal` and `acme-codes`."""
    fingerprint = json.loads((home / "signal/run.json").read_text())["fingerprint"]
    trained_on = CARD["trained_on"] | {"fingerprint": fingerprint}
    signal = CARD | {"name": "acme-signal", "folder": "models/signal", "trained_on": trained_on}
    codes = CARD | {"name": "acme-codes", "folder": "models/codes"}
    folders = {"models/signal": home / "signal/bundle", "models/codes": home / "codes"}
    install("cards", plugin_of(signal, codes), folders=folders)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


def test_models_are_listed_with_what_their_bundles_say(zoo, cards, home):
    found = {model["name"]: model for model in zoo("models", "--json").json["models"]}
    codes = found["acme-codes"]
    built = package.build(CODES)
    assert codes["parameters"] == sum(parameter.numel() for parameter in built.parameters())
    assert codes["size"] == (home / "codes/model.safetensors").stat().st_size
    assert codes["sha256"] == read_manifest(home / "codes").sha256
    assert codes["input"] == built.spec.input.model_dump(mode="json")
    assert (codes["channelwise"], codes["can"]) == (True, ["tokenize", "reconstruct"])
    assert (found["acme-signal"]["channelwise"], found["acme-signal"]["can"]) == (False, ["classify"])
    shown = zoo("models").out
    for words in ("any × 40, 25 Hz, g", "2 × 40", "zoo-cards", "CC0-1.0", "accuracy 0.75 (3/4), made windows, test"):
        assert words in shown


def test_a_narrow_terminal_leaves_columns_out_and_says_which(capsys, cards, monkeypatch):
    monkeypatch.setattr(type(sys.stdout), "isatty", lambda _: True)
    shown = {}
    for width in ("80", "120"):
        monkeypatch.setenv("COLUMNS", width)
        assert main(["models", "classify"]) == 0
        shown[width] = capsys.readouterr().out
    assert "parameters, from, licence: with 110 columns, or `zoo models show NAME`" in shown["80"]
    assert "MIT" not in shown["80"]
    assert "MIT" in shown["120"]
    assert "`zoo models show NAME`" not in shown["120"]
    assert max(len(line) for line in re.sub(r"\x1b\[[0-9;]*m", "", shown["80"]).splitlines()) <= 80


@pytest.mark.parametrize(
    ("task", "names"),
    [("classify", ["acme-signal"]), ("tokenize", ["acme-codes"]), ("reconstruct", ["acme-codes"])],
)
def test_models_are_listed_by_what_they_can_do(zoo, cards, task, names):
    found = [model["name"] for model in zoo("models", task, "--json").json["models"]]
    assert found == list(package.models(task))
    assert [name for name in found if name.startswith("acme-")] == names


def test_a_card_is_shown(zoo, cards):
    shown = zoo("models", "show", "acme-signal")
    assert shown.out.splitlines()[0] == CARD["purpose"]
    assert "protocol     Weights of the last epoch." in shown.out
    assert zoo("models", "show", "acme-signal", "--json").json == package.models()["acme-signal"].model_dump(
        mode="json"
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["models", "show", "acme-sigmal"], "did you mean 'acme-signal'?"),
        (["models", "show", "x"], "`zoo models` shows the names"),
        (["models", "clasify"], "Did you mean 'classify'"),
        (["tokenize", "acme-cods", "aeon:basic_motions", "--out", "x.npz"], "did you mean 'acme-codes'? `zoo models`"),
        (["export", "acme/codes", "--format", "pt2", "--out", "x.pt2"], "no such folder"),
    ],
)
def test_unknown_names_are_refused_in_one_line(zoo, cards, arguments, words):
    refused = zoo(*arguments)
    assert (refused.status, refused.out) == (2, "")
    assert refused.err.count("\n") == 1
    assert words in refused.err


def test_a_task_that_no_model_has_is_refused_in_python(cards):
    with pytest.raises(SpecError, match="expected one of classify, tokenize, reconstruct, found 'fly'"):
        package.models("fly")


def test_a_model_that_cannot_be_used_is_listed_with_the_reason_and_others_remain(zoo, cards, home, install, tmp_path):
    shutil.copytree(home / "codes", tmp_path / "other")
    manifest = json.loads((tmp_path / "other/spec.json").read_text())
    needed = {"plugins": {"lost": "2.1"}, "distributions": {"lost": "zoo-lost"}, "manifest_sha256": None}
    (tmp_path / "other/spec.json").write_text(json.dumps(manifest | needed))
    card = CARD | {"name": "other", "package": "zoo_others", "folder": "other"}
    install("others", plugin_of(card, card | {"name": "gone", "folder": "gone"}), folders={"other": tmp_path / "other"})
    found = zoo("models", "--json").json
    assert {"acme-codes", "acme-signal"} <= {model["name"] for model in found["models"]}
    assert "`pip install 'zoo-lost>=2.1'` provides it" in found["broken"]["other"]
    assert "no such folder" in found["broken"]["gone"]
    assert found["broken"]["other"] in zoo("models").out
    with pytest.raises(PluginError, match="model gone"):
        package.load("gone")


def test_a_name_is_loaded_like_its_folder(cards, home):
    found, expected = package.load("acme-codes").state_dict(), package.load(home / "codes").state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_a_path_wins_over_a_name_with_one_note(zoo, cards, home):
    shutil.copytree(home / "signal/bundle", "acme-codes")
    checked = zoo("build", "acme-codes", "--weights", "acme-codes")
    assert "wrn.signal" in checked.out
    assert checked.err.count("note: acme-codes is also the name of a model") == 1


def test_commands_take_a_name_for_a_bundle(zoo, cards, home):
    (cards / "codes.json").write_text(json.dumps(CODES))
    windows = f"npy:{home / 'windows'}"
    commands = [
        ["check", "acme-codes"],
        ["build", "acme-codes", "--weights", "acme-codes"],
        ["transfer", "acme-codes", "codes.json"],
        ["tokenize", "acme-codes", windows, "--set", "data.source.layout=c t", "--out", "tokens.npz"],
        ["export", "acme-signal", "--format", "torchscript", "--out", "model.pt"],
    ]
    for command in commands:
        assert zoo(*command).status == 0, command
    package.tokenize(home / "codes", source(home), "same.npz")
    assert np.array_equal(np.load("tokens.npz")["codes"], np.load("same.npz")["codes"])
    Path("wrist.bin").write_bytes(recording(*pages_at(0, 3, 6)))
    assert zoo("apply", "acme-codes", "wrist.bin", "--resample", "--out", "out").status == 0


def test_a_run_takes_names_and_keeps_what_they_were(cards, home):
    parts = {
        "transfer": [{"source": "acme-signal"}],
        "evaluation": {"judges": {"acme": "acme-codes"}},
        "teachers": {"acme": "acme-signal"},
    }
    spec = {"model": SIGNAL, "data": source(home), "training": {"epochs": 1}, **DISTILL, **parts}
    with pytest.raises(SpecError, match=r"evaluation\.judges\.acme: expected a classifier of signals"):
        package.train(spec, "refused", quiet=True)
    shutil.make_archive("signal", "zip", home / "signal/bundle")
    spec["evaluation"] = {"judges": {"acme": "signal.zip"}}
    run = package.train(spec, "run", quiet=True)
    stored = json.loads(Path("run/run.json").read_text())
    sha256 = read_manifest(home / "signal/bundle").sha256
    assert stored["bundles"] == {
        "transfer.0": {"source": "acme-signal", "sha256": sha256},
        "evaluation.judges.acme": {"source": "signal.zip", "sha256": sha256},
    }
    assert stored["run"]["teachers"]["acme"]["source"] == "acme-signal"
    assert stored["teachers"]["acme"]["sha256"] == sha256
    assert run.evaluate().head.total == 12
    assert "acme-signal, sha256" in run.report().read_text()


def test_a_teacher_by_name_whose_card_names_other_data_is_refused(cards, home):
    other = source(home) | {"split": {"validation": 0.3}}
    spec = {"model": SIGNAL, "data": other, "training": {"epochs": 1}, "teachers": {"acme": "acme-signal"}, **DISTILL}
    with pytest.raises(SpecError, match=r"teachers\.acme: .* found other data or another split"):
        package.train(spec, "run", quiet=True)
    shutil.make_archive("signal", "zip", home / "signal/bundle")
    with pytest.raises(SpecError, match=r"teachers\.acme: .* found a bundle without a run"):
        package.train(spec | {"teachers": {"acme": "signal.zip"}}, "run", quiet=True)


@pytest.mark.parametrize("name", Registry.discover().importers())
def test_a_plugin_that_imports_checkpoints_shows_where_they_are(zoo, name):
    found = zoo("models", "show", name)
    assert found.status == 0
    assert f"zoo import {name} CKPT --out BUNDLE" in found.out
    assert f"`zoo models show {name}`" in zoo("models").out
    stored = zoo("models", "show", name, "--json").json
    assert stored["published"] in found.out
    assert stored["purpose"] == found.out.splitlines()[0]


def test_a_model_with_the_name_of_a_plugin_that_imports_is_shown_instead(zoo, cards, home, install):
    card = CARD | {"name": "wrn", "package": "zoo_others", "folder": "codes"}
    install("others", plugin_of(card), folders={"codes": home / "codes"})
    assert "in Python" in zoo("models", "show", "wrn").out
    assert "`zoo models show wrn`" not in zoo("models").out


def test_a_typo_in_the_name_of_a_plugin_that_imports_is_answered_with_it(zoo):
    refused = zoo("models", "show", "vqshap")
    assert refused.status == 2
    assert "did you mean 'vqshape'?" in refused.err
