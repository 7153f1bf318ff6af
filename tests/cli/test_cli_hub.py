"""Models at an address on a hub: `zoo pull`, and `hf://owner/name` where a bundle's folder is expected."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from geneactiv_files import pages_at, recording
from hub_server import Hub
from huggingface_hub import constants
from offered import CODES

import zoo as package
from zoo.hub import download
from zoo.hub.address import HubAddress
from zoo.hub.cache import FILES, hub_cache
from zoo.weights.manifest import MANIFEST, TENSORS

ADDRESS = "hf://acme/codes"


def bundle_of(folder: Path, seed: int) -> dict[str, bytes]:
    """The files of a model with weights of ``seed``."""
    torch.manual_seed(seed)
    package.save(package.build(CODES), folder)
    return {name: (folder / name).read_bytes() for name in FILES}


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> dict[str, bytes]:
    return bundle_of(tmp_path_factory.mktemp("first") / "bundle", 0)


@pytest.fixture(scope="module")
def second(tmp_path_factory) -> dict[str, bytes]:
    return bundle_of(tmp_path_factory.mktemp("second") / "bundle", 1)


def sha256(files):
    return json.loads(files[MANIFEST])["sha256"]


def forget(monkeypatch):
    """What a new process would know."""
    monkeypatch.setattr(download, "_COMMITS", {})


def unplug(monkeypatch):
    """Nobody listens where the hub was."""
    gone = Hub()
    gone.close()
    monkeypatch.setattr(constants, "ENDPOINT", gone.url)


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"HF_HOME": "/a"},
        {"XDG_CACHE_HOME": "/b"},
        {"HF_HUB_CACHE": "$HOME/c", "HF_HOME": "/a"},
        {"HUGGINGFACE_HUB_CACHE": "/d"},
    ],
    ids=lambda environment: "-".join(environment) or "default",
)
def test_the_cache_is_that_of_the_library(monkeypatch, environment):
    for name in ("HF_HOME", "XDG_CACHE_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    program = "from huggingface_hub.constants import HF_HUB_CACHE; print(HF_HUB_CACHE)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert str(hub_cache()) == done.stdout.strip()


@pytest.mark.parametrize(
    "wrong",
    ["hf://acme", "hf://acme/a/b", "hf://-acme/codes", "hf://acme/co--des", "hf://acme/a..b", "hf://acme/codes@",
     "hf://acme/codes@../x", "hf://acme/codes@a..b", "hf://acme/codes@a//b", "hf://acme/codes@-x", "hf://acme/c des",
     "hf:///etc/passwd", "hf://acme/codes?x=1", "hf://acme/codes\n"],
)  # fmt: skip
def test_a_wrong_address_is_refused_before_anything_is_asked(zoo, hub, wrong):
    for command in (["pull", wrong], ["tokenize", wrong, "aeon:basic_motions", "--out", "x.npz"]):
        refused = zoo(*command)
        assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1)
        assert "expected hf://owner/name" in refused.err
    assert hub.asked == []


def test_a_model_is_pulled_with_its_commit_and_hash(zoo, hub, first):
    commit = hub.put("acme/codes", first | {"README.md": b"# codes", "train.py": b"1/0", "codes.bin": b"\x80"})
    pulled = zoo("pull", ADDRESS, "--json").json
    folder = Path(pulled["folder"])
    assert pulled == {
        "address": ADDRESS,
        "revision": commit,
        "sha256": sha256(first),
        "size": len(first[TENSORS]),
        "folder": str(hub_cache() / "models--acme--codes/snapshots" / commit),
    }
    assert {file.name for file in folder.iterdir()} == {*FILES, "README.md"}
    assert {name: (folder / name).read_bytes() for name in FILES} == first
    shown = zoo("pull", ADDRESS).out
    assert all(word in shown for word in (ADDRESS, commit, sha256(first), "kB", str(folder)))


@pytest.mark.parametrize("spelled", [str, Path], ids=["text", "path"])
def test_an_address_is_loaded_like_its_folder(hub, first, spelled, tmp_path):
    hub.put("acme/codes", first)
    (tmp_path / "bundle").mkdir()
    for name, content in first.items():
        (tmp_path / "bundle" / name).write_bytes(content)
    found, expected = package.load(spelled(ADDRESS)).state_dict(), package.load(tmp_path / "bundle").state_dict()
    assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())


def test_a_revision_is_a_branch_a_tag_or_a_commit(zoo, hub, first, second):
    old = hub.put("acme/codes", first)
    hub.put("acme/codes", second, "feature/x")
    for revision, files in ((old, first), ("main", first), ("feature/x", second)):
        assert zoo("pull", f"{ADDRESS}@{revision}", "--json").json["sha256"] == sha256(files)


def test_a_process_never_mixes_two_revisions(hub, first, second, monkeypatch):
    hub.put("acme/codes", first)
    before = download.fetched(HubAddress.parse(ADDRESS))
    hub.put("acme/codes", second)
    assert download.fetched(HubAddress.parse(ADDRESS)) == before
    forget(monkeypatch)
    assert download.fetched(HubAddress.parse(ADDRESS)) != before


def test_a_commit_in_the_cache_needs_no_network(zoo, hub, first, monkeypatch):
    commit = hub.put("acme/codes", first)
    zoo("pull", ADDRESS)
    forget(monkeypatch)
    hub.asked.clear()
    assert zoo("check", f"{ADDRESS}@{commit}").status == 0
    assert hub.asked == []


def test_without_a_network_the_cache_answers_with_a_note(zoo, hub, first, monkeypatch):
    commit = hub.put("acme/codes", first)
    zoo("pull", ADDRESS)
    forget(monkeypatch)
    hub.status = 503
    found = zoo("pull", ADDRESS, "--json")
    assert found.json["revision"] == commit
    assert found.err == f"zoo: note: {ADDRESS}: the hub cannot be reached; commit {commit[:12]} in the cache is used\n"
    forget(monkeypatch)
    unplug(monkeypatch)
    assert zoo("pull", ADDRESS, "--json").err == found.err


def test_the_offline_switch_of_the_library_is_respected(zoo, hub, first, monkeypatch):
    commit = hub.put("acme/codes", first)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    refused = zoo("pull", ADDRESS)
    assert (refused.status, hub.asked) == (2, [])
    assert refused.err == (
        f"zoo: {ADDRESS}: expected the model in the cache, as HF_HUB_OFFLINE is set, found none; "
        "unset HF_HUB_OFFLINE, or pull it before\n"
    )
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    zoo("pull", ADDRESS)
    forget(monkeypatch)
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    hub.asked.clear()
    found = zoo("pull", ADDRESS, "--json")
    assert (found.json["revision"], found.err, hub.asked) == (commit, "", [])


def refused_once(zoo, *command):
    refused = zoo(*command)
    assert (refused.status, refused.out, refused.err.count("\n")) == (2, "", 1), refused.err
    return refused.err


def test_failures_of_the_hub_are_one_line(zoo, hub, first, monkeypatch):
    hub.put("acme/codes", first)
    hub.put("acme/private", first, private=True)
    hub.put("acme/pickle", {"pytorch_model.bin": b"\x80", "README.md": b""})
    missing = "expected a model on the hub, found none of that name that you may read; check the name; if it is private"
    assert missing in refused_once(zoo, "pull", "hf://acme/cods")
    assert "log in with `hf auth login`" in refused_once(zoo, "pull", "hf://acme/private")
    assert "expected the revision v9, found none of that name" in refused_once(zoo, "pull", f"{ADDRESS}@v9")
    words = "expected a bundle with spec.json and model.safetensors, found pytorch_model.bin; `zoo push` writes"
    assert words in refused_once(zoo, "pull", "hf://acme/pickle")
    hub.status = 403
    assert "expected the right to do this, found status 403" in refused_once(zoo, "pull", ADDRESS)
    hub.status = 200
    assert "expected an answer of a hub, found one of something else" in refused_once(zoo, "pull", ADDRESS)
    hub.status = 500
    assert "expected an answer of the hub, found status 500; run it again later" in refused_once(zoo, "pull", ADDRESS)
    unplug(monkeypatch)
    assert "Connection refused; check the network" in refused_once(zoo, "pull", ADDRESS)


def test_a_private_model_is_read_with_a_login(zoo, hub, first, monkeypatch):
    hub.put("acme/private", first, private=True)
    monkeypatch.setenv("HF_TOKEN", "hf_good")
    assert zoo("pull", "hf://acme/private").status == 0


def test_a_transfer_that_breaks_off_leaves_nothing_that_looks_like_a_bundle(zoo, hub, first, monkeypatch):
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    hub.put("acme/codes", first)
    hub.cut = 1000
    assert "expected a complete transfer, found" in refused_once(zoo, "pull", ADDRESS)
    assert not list(hub_cache().rglob("*.incomplete"))
    forget(monkeypatch)
    assert zoo("models", "--json").json["broken"] == {}
    assert ADDRESS not in zoo("models").out
    hub.cut = None
    assert zoo("pull", ADDRESS, "--json").json["sha256"] == sha256(first)


def test_a_newer_revision_that_breaks_off_leaves_the_older_one(zoo, hub, first, second, monkeypatch):
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda _: None)
    hub.put("acme/codes", first)
    zoo("pull", ADDRESS)
    hub.put("acme/codes", second)
    forget(monkeypatch)
    hub.cut = 1000
    found = zoo("pull", ADDRESS, "--json")
    assert found.json["sha256"] == sha256(first)
    assert "in the cache is used" in found.err


def test_a_wrong_hash_is_refused_by_name(zoo, hub, first, second):
    hub.put("acme/codes", {MANIFEST: first[MANIFEST], TENSORS: second[TENSORS]})
    for command in (["pull", ADDRESS], ["build", ADDRESS, "--weights", ADDRESS]):
        refused = refused_once(zoo, *command)
        assert "model.safetensors: expected sha256" in refused
        assert "delete this folder and pull it again" in refused


def test_a_full_disk_is_one_line(zoo, hub, first, small_disk, monkeypatch):
    hub.put("acme/codes", first | {TENSORS: bytes(20 * 2**20)})
    monkeypatch.setenv("HF_HUB_CACHE", str(small_disk / "cache"))
    assert "expected room on it, found No space left on device" in refused_once(zoo, "pull", ADDRESS)


def test_a_plugin_that_is_missing_is_named(zoo, hub, first):
    needed = {"plugins": {"lost": "2.1"}, "distributions": {"lost": "zoo-lost"}, "manifest_sha256": None}
    hub.put("acme/codes", first | {MANIFEST: json.dumps(json.loads(first[MANIFEST]) | needed).encode()})
    command = ["tokenize", ADDRESS, "aeon:basic_motions", "--out", "x.npz"]
    assert "`pip install 'zoo-lost>=2.1'` provides it" in refused_once(zoo, *command)
    assert "zoo-lost" in zoo("models", "--json").json["broken"][ADDRESS]


def test_a_snapshot_with_every_file_of_its_repository_is_a_bundle(zoo, hub, first, tmp_path, monkeypatch):
    (tmp_path / "disk").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "disk")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "link"))
    commit = hub.put("acme/codes", first | {"README.md": b"# codes", "run.json": b"{}", "train.py": b"1/0"})
    folder = hub_cache() / "models--acme--codes" / "snapshots" / commit
    zoo("pull", ADDRESS)
    for name in ("run.json", "train.py"):  # as `hf download acme/codes` does
        (folder / name).write_bytes(b"{}")
    assert zoo("build", ADDRESS, "--weights", ADDRESS).status == 0


def test_the_cache_is_listed_without_the_hub(zoo, hub, first, second, monkeypatch):
    old = hub.put("acme/codes", first)
    zoo("pull", ADDRESS)
    hub.put("acme/codes", second)
    forget(monkeypatch)
    zoo("pull", ADDRESS)
    hub.put("other/thing", {MANIFEST: b'{"name": "an app"}', TENSORS: b""})
    zoo("models", "show", "hf://other/thing")
    hub.asked.clear()
    found = {model["name"]: model for model in zoo("models", "tokenize", "--json").json["models"]}
    assert hub.asked == []
    assert {name for name in found if name.startswith("hf:")} == {ADDRESS, f"{ADDRESS}@{old}"}
    assert found[ADDRESS]["sha256"] == sha256(second)
    assert found[ADDRESS]["licence"] is None
    assert "hub" in zoo("models").out
    shown = zoo("models", "show", f"{ADDRESS}@{old}").out
    assert all(word in shown for word in (old, sha256(first), "any × 40, 25 Hz, g", "licence      not stated"))


def test_commands_take_an_address_for_a_bundle(zoo, hub, first, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    hub.put("acme/codes", first)
    Path("codes.json").write_text(json.dumps(CODES))
    for command in (
        ["check", ADDRESS],
        ["build", ADDRESS, "--weights", ADDRESS],
        ["transfer", ADDRESS, "codes.json"],
        ["export", ADDRESS, "--format", "torchscript", "--out", "model.pt"],
    ):
        assert zoo(*command).status == 0, command
    Path("wrist.bin").write_bytes(recording(*pages_at(0, 3, 6)))
    applied = zoo("apply", ADDRESS, "wrist.bin", "--resample", "--out", "out", "--json").json
    assert applied["bundle"] == ADDRESS
    wrong = zoo("tokenize", ADDRESS, "aeon:basic_motions", "--out", "x.npz")
    assert f"expected 40 samples, as {ADDRESS} reads, found 100" in wrong.err


def test_the_environment_variables_of_the_library_are_respected(hub, first, tmp_path):
    hub.put("acme/codes", first)
    environment = os.environ | {"HF_ENDPOINT": hub.url, "HF_HUB_CACHE": str(tmp_path / "mine")}
    pull = [sys.executable, "-m", "zoo", "pull", ADDRESS, "--json"]
    done = subprocess.run(pull, capture_output=True, text=True, check=True, env=environment)
    assert Path(json.loads(done.stdout)["folder"]).is_relative_to(tmp_path / "mine")
    hub.close()
    offline = environment | {"HF_HUB_OFFLINE": "1"}
    again = subprocess.run(pull, capture_output=True, text=True, check=True, env=offline)
    assert (again.stdout, again.stderr) == (done.stdout, "")
