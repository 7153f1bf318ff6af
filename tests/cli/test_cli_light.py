"""Commands that only read specs never import torch or what torch imports."""

import json
import shutil
import subprocess
import sys

import pytest
from offered import CARD, plugin_of

HEAVY = {"torch", "numpy", "scipy", "timm", "lightning", "matplotlib", "rich", "httpx2", "huggingface_hub",
         "zoo.model.assembly"}  # fmt: skip
PROGRAM = """
import json, sys
from zoo.cli.main import main
status = main(sys.argv[1:])
print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)
"""
SPEC = {
    "input": {"channels": 3, "length": 500, "classes": 14},
    "fusion": {"kind": "fusion.channelwise"},
    "encoder": {"kind": "vqshape.encoder"},
    "quantizer": {"kind": "vqshape.codebook"},
    "decoder": {"kind": "vqshape.decoder"},
    "head": {"kind": "wrn.recon"},
}


def modules_after(*arguments):
    """Exit status, standard output and the modules that a new interpreter has loaded after a command."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    status, modules = json.loads(done.stderr.splitlines()[-1])
    return status, done.stdout, set(modules)


@pytest.mark.parametrize("json_flag", [[], ["--json"]], ids=["text", "json"])
@pytest.mark.parametrize("command", [["list"], ["list", "encoder"], ["show", "vqshape.encoder"]], ids=" ".join)
def test_listing_components_does_not_import_torch(command, json_flag):
    status, out, modules = modules_after(*command, *json_flag)
    assert status == 0
    assert "vqshape.encoder" in out
    assert not modules & HEAVY


@pytest.mark.parametrize(
    "command", [["models"], ["models", "tokenize"], ["models", "show", "acme-small"]], ids=" ".join
)
def test_models_are_listed_without_torch(install, tmp_path, monkeypatch, command):
    bundle = tmp_path / "bundle"
    bundle.mkdir()
    spec = {"input": {"channels": 3, "length": 500}, "quantizer": {"kind": "quantizers.ema"}}
    model = spec | {"encoder": {"kind": "conv.encoder"}}
    manifest = {"zoo": "0.1.0", "model": model, "plugins": {"conv": "0.1.0"}, "sha256": "0" * 64}
    (bundle / "spec.json").write_text(json.dumps(manifest))
    (bundle / "model.safetensors").touch()
    install("cards", plugin_of(CARD), folders={"models/small": bundle})
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "zoo-cards"))
    snapshot = tmp_path / "hub" / "models--acme--small" / "snapshots" / ("0" * 40)
    shutil.copytree(bundle, snapshot)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    status, out, modules = modules_after(*command)
    assert status == 0
    assert CARD["purpose"] in out
    assert "show" in command or f"hf://acme/small@{'0' * 40}" in "".join(out.split())
    assert not modules & HEAVY


@pytest.mark.parametrize("command", [["presets"], ["presets", "show", "uea_paper", "--small"]], ids=" ".join)
def test_presets_do_not_import_torch(command):
    status, out, modules = modules_after(*command)
    assert status == 0
    assert "uea_paper" in out
    assert not modules & HEAVY


def test_texts_are_compared_without_torch():
    status, out, modules = modules_after("text", "basic_motions", "aeon:basic_motions")
    assert status == 0
    assert "let the arm hang" in out
    assert "torch" not in modules
    assert "matplotlib" not in modules


@pytest.mark.parametrize("what", ["model", "run"])
def test_the_schema_does_not_import_torch(what):
    status, out, modules = modules_after("schema", what)
    assert status == 0
    assert json.loads(out)
    assert not modules & HEAVY


def test_checking_a_spec_imports_no_torch_but_the_plugins_it_names(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC))
    status, out, modules = modules_after("check", str(path))
    assert status == 0
    assert "(k=14)" in out
    assert not modules & HEAVY
    plugins = {"zoo_fusion", "zoo_vqshape", "zoo_wrn"}
    assert {name for name in modules if name.startswith("zoo_")} & {"zoo_conv", "zoo_timm", *plugins} == plugins


def test_a_refusal_does_not_import_torch(tmp_path):
    path = tmp_path / "spec.json"
    path.write_text(json.dumps(SPEC | {"input": {"channels": 3, "length": 499, "classes": 14}}))
    status, _, modules = modules_after("check", str(path))
    assert status == 2
    assert not modules & HEAVY


@pytest.mark.parametrize(
    "command",
    [
        ["eval", "missing"],
        ["codebook", "missing"],
        ["explain", "missing", "--window", "0"],
        ["report", "missing"],
        ["compare", "missing", "missing"],
        ["tokenize", "missing", "aeon:basic_motions", "--out", "tokens.npz"],
        ["export", "missing", "--format", "pt2", "--out", "model.pt2"],
        ["train", "missing"],
        ["push", "missing", "hf://acme/codes", "--licence", "mit"],
        ["push", "missing", "hf://acme/codes", "--licence", "mit", "--data-licence", "CC0"],
        ["pull", "hf://acme"],
    ],
    ids=" ".join,
)
def test_a_missing_folder_is_reported_without_torch(command):
    status, _, modules = modules_after(*command)
    assert status == 2
    assert "torch" not in modules


@pytest.mark.parametrize(
    "parts",
    [
        {"transfer": [{"source": "missing"}]},
        {"evaluation": {"judges": {"wrn": "missing"}}},
        {"teachers": {"t": "missing"}, "distill": [{"kind": "distill.logits"}]},
    ],
    ids=["transfer", "judge", "teacher"],
)
def test_a_training_whose_sources_are_missing_is_refused_without_torch(tmp_path, parts):
    path = tmp_path / "run.json"
    run = {"model": {"head": {"kind": "wrn.signal"}}, "data": {"source": {"kind": "data.aeon"}}}
    path.write_text(json.dumps(run | parts))
    status, _, modules = modules_after("train", str(path), "--out", str(tmp_path / "run"))
    assert status == 2
    assert not modules & HEAVY
    assert not (tmp_path / "run").exists()


def test_checking_a_run_reads_its_data_without_torch(tmp_path):
    path = tmp_path / "run.json"
    model = {role: part for role, part in SPEC.items() if role != "input"}
    path.write_text(json.dumps({"model": model, "data": {"source": {"kind": "data.aeon"}}}))
    status, out, modules = modules_after("check", str(path))
    assert status == 0
    assert "(c=6, t=100)" in out  # basic_motions
    assert "torch" not in modules


def test_zoo_and_python_m_zoo_are_the_same(zoo):
    done = subprocess.run([sys.executable, "-m", "zoo", "list"], capture_output=True, text=True, check=True)
    assert done.stdout == zoo("list").out


def test_a_recording_is_refused_before_torch_is_imported(tmp_path):
    model = {"input": {"channels": 3, "length": 500, "classes": 14, "rate": 100}, "head": {"kind": "wrn.signal"}}
    manifest = {"zoo": "0.1.0", "model": model, "plugins": {}, "sha256": "0" * 64}
    (tmp_path / "spec.json").write_text(json.dumps(manifest))
    (tmp_path / "model.safetensors").touch()
    (tmp_path / "wrist.bin").write_bytes(b"not a recording")
    status, _, modules = modules_after("apply", tmp_path, tmp_path / "wrist.bin", "--out", tmp_path / "out")
    assert status == 2
    assert not modules & (HEAVY - {"numpy"})


@pytest.mark.slow
def test_tokenizing_does_not_import_torch_s_compiler(tmp_path):
    status, _, modules = modules_after("tokenize", "shapes-small", "aeon:basic_motions", "--out", tmp_path / "a.npz")
    assert status == 0
    assert "torch" in modules
    assert "torch._dynamo" not in modules
