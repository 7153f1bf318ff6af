"""What the documents assume that a reader has: a data set, spec files, checkpoints, and a trained run."""

import json
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from aeon.datasets import load_basic_motions
from geneactiv_files import START, pages_at, recording
from pages import ROOT
from public_vqshape import SIZES, model_of, public_state, write

import zoo

CHANNELWISE = {"fusion": {"kind": "fusion.channelwise"}, "head": {"kind": "heads.token-linear"}}
SHAPES: dict[str, Any] = {
    "encoder": {"kind": "vqshape.encoder", "tokens": 10},
    "quantizer": {"kind": "quantizers.ema", "codes": 8, "start": "kmeans"},
    "decoder": {"kind": "vqshape.renderer"},
}
DATA = {"source": {"kind": "data.npy", "path": "data/windows", "layout": "c t", "classes": "classes.txt"}}


@pytest.fixture(scope="session")
def stocked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of `examples`, `data/windows`, recordings, `spec.json`, its trained run `runs/NAME`, files to import."""
    home = tmp_path_factory.mktemp("reader")
    shutil.copytree(ROOT / "examples", home / "examples")
    _write_windows(home / "data" / "windows")
    _write_pamap2(home / "PAMAP2")
    _write_wrist(home)
    _write_checkpoints(home)
    spec = {"name": "NAME", "model": CHANNELWISE | SHAPES, "data": DATA, "training": {"epochs": 2}}
    (home / "spec.json").write_text(json.dumps(spec))
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        zoo.train("spec.json", quiet=True)
    return home


def _write_windows(folder: Path) -> None:
    folder.mkdir(parents=True)
    for split in ("train", "test"):
        x, y = load_basic_motions(split=split)
        names, numbers = np.unique(y, return_inverse=True)
        np.save(folder / f"X_{split}.npy", x.astype(np.float32))
        np.save(folder / f"y_{split}.npy", numbers)
        (folder / "classes.txt").write_text("\n".join(name.capitalize() for name in names))


def _write_pamap2(folder: Path) -> None:
    """Two recordings of two activities and a pause."""
    folder.mkdir(parents=True)
    for subject in (101, 102):
        sensors = np.random.default_rng(subject).normal(size=(900, 51)).round(3)
        activities = np.repeat([1, 0, 4], [400, 50, 450])
        rows = [f"{row / 100:.2f} {activities[row]} NaN {' '.join(map(str, sensors[row]))}\n" for row in range(900)]
        (folder / f"subject{subject}.dat").write_text("".join(rows))


def _write_wrist(home: Path) -> None:
    """Three minutes of a GENEActiv and a table of eight bouts of two activities."""
    (home / "left_wrist.bin").write_bytes(recording(*pages_at(*range(0, 180, 3))))
    lines = ["recording,start,end,label,subject"]
    for number in range(8):
        start = START + timedelta(seconds=20 * number)
        label = ("Walk", "Climb_stairs")[number % 2]
        lines.append(f"left_wrist.bin,{start},{start + timedelta(seconds=20)},{label},P01")
    (home / "bouts.csv").write_text("\n".join(lines) + "\n")


def _write_checkpoints(home: Path) -> None:
    """Checkpoints of the two kinds that can be imported, and `run.json`, a VQShape for windows of another length."""
    pretrained = model_of(SIZES)
    write(home / "uea.ckpt", public_state(pretrained), SIZES)
    judge = zoo.build({"input": {"channels": 6, "length": 100, "classes": 4}, "head": {"kind": "wrn.signal"}})
    state = judge.head.classifier.network.state_dict()
    torch.save({"model_state_dict": state, "epoch": 1}, home / "wrn161_0_signal.pth.tar")
    np.savez(home / "stats.npz", mean=np.zeros(6), std=np.ones(6))
    model = json.loads(pretrained.spec.model_dump_json(include={"encoder", "quantizer", "decoder"}))
    model["encoder"] |= {"patches": 10, "patch": None, "tokens": 10}
    (home / "run.json").write_text(json.dumps({"model": CHANNELWISE | model, "data": DATA}))


@pytest.fixture
def reader(stocked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder, as the current directory; the example plugin is installed."""
    home = tmp_path / "reader"
    shutil.copytree(stocked, home)
    monkeypatch.chdir(home)
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "zoo-acme"))
    monkeypatch.syspath_prepend(str(_metadata_of_acme(tmp_path / "site")))
    return home


def _metadata_of_acme(site: Path) -> Path:
    """A folder with the metadata that pip would have written for the example plugin."""
    info = site / "zoo_acme-0.1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: zoo-acme\nVersion: 0.1.0\n")
    (info / "entry_points.txt").write_text("[zoo.plugins]\nacme = zoo_acme\n")
    return site
