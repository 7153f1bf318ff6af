"""Runs whose weights, judges and teachers are models on a hub: each keeps to the commit that it began with."""

import json
from pathlib import Path

import pytest
from small_runs import SIGNAL
from waves import write_waves
from zoo_registry import SpecError

import zoo as package
from zoo.hub import download
from zoo.hub.address import HubAddress
from zoo.hub.cache import FILES
from zoo.publish.push import pack
from zoo.weights.manifest import read_manifest

ADDRESS = "hf://acme/signal"


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Windows, and a classifier trained on them in `signal`."""
    home = tmp_path_factory.mktemp("hub-runs")
    write_waves(home / "windows", train=30, test=12)
    package.train(spec_of(home), home / "signal", quiet=True)
    return home


def spec_of(home, **parts):
    source = {"kind": "data.npy", "path": str(home / "windows"), "layout": "c t"}
    return {"model": SIGNAL, "data": {"source": source}, "training": {"epochs": 1}, **parts}


def test_a_run_keeps_the_commit_of_every_model_and_its_resumption_uses_it(zoo, hub, home, tmp_path, monkeypatch):
    published = pack(str(home / "signal"), HubAddress.parse(ADDRESS), "mit", "CC0").files
    commit = hub.put("acme/signal", dict(published))
    spec = spec_of(
        home,
        transfer=[{"source": ADDRESS}],
        evaluation={"judges": {"acme": ADDRESS}},
        teachers={"acme": ADDRESS},  # trained on the same data, as its card says
        distill=[{"kind": "distill.logits"}],
    )
    run = package.train(spec, tmp_path / "run", quiet=True)
    stored = json.loads((tmp_path / "run/run.json").read_text())
    kept = {"source": ADDRESS, "revision": commit, "sha256": read_manifest(home / "signal/bundle").sha256}
    assert stored["bundles"] == {"transfer.0": kept, "evaluation.judges.acme": kept}
    assert stored["teachers"]["acme"]["revision"] == commit
    assert f"{ADDRESS}, commit {commit[:12]}, sha256" in run.report().read_text()

    hub.put("acme/signal", dict.fromkeys(FILES, b"{}"))  # which no run could use
    monkeypatch.setattr(download, "_COMMITS", {})
    assert zoo("eval", tmp_path / "run").status == 0
    monkeypatch.setattr(download, "_COMMITS", {})
    hub.asked.clear()
    (tmp_path / "run.json").write_text(json.dumps(spec))
    assert zoo("train", tmp_path / "run.json", "--out", tmp_path / "run", "--resume").status == 0
    monkeypatch.setattr(download, "_COMMITS", {})
    assert package.train(spec, tmp_path / "run", resume=True, quiet=True).evaluate().head.total == 12
    assert hub.asked == []
    monkeypatch.setattr(download, "_COMMITS", {})
    refused = zoo("train", tmp_path / "run.json", "--out", tmp_path / "other")
    assert (refused.status, refused.err.count("\n")) == (2, 1)


def test_a_teacher_whose_card_names_other_data_or_none_is_refused(hub, home, tmp_path):
    published = dict(pack(str(home / "signal"), HubAddress.parse(ADDRESS), "mit", "CC0").files)
    hub.put("acme/signal", published)
    hub.put("acme/bare", {name: published[name] for name in FILES})
    teach = {"distill": [{"kind": "distill.logits"}]}
    other = spec_of(home, teachers={"acme": ADDRESS}, **teach)
    other["data"]["split"] = {"validation": 0.3}
    with pytest.raises(SpecError, match=r"teachers\.acme: .* found other data or another split"):
        package.train(other, tmp_path / "run", quiet=True)
    with pytest.raises(SpecError, match=r"teachers\.acme: .* found a bundle without a run"):
        package.train(spec_of(home, teachers={"acme": "hf://acme/bare"}, **teach), tmp_path / "run", quiet=True)


def test_a_run_without_its_hub_is_refused_before_anything_is_written(zoo, hub, home, tmp_path):
    (tmp_path / "run.json").write_text(json.dumps(spec_of(home, transfer=[{"source": ADDRESS}])))
    refused = zoo("train", tmp_path / "run.json", "--out", tmp_path / "run")
    assert (refused.status, refused.err.count("\n")) == (2, 1)
    assert "expected a model on the hub" in refused.err
    assert not (tmp_path / "run").exists()
