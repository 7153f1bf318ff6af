"""Damaged or forged bundles and checkpoints: each is loaded, or refused in one line, with little memory."""

import hashlib
import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from damage import WAYS, as_text, damage, flipped, fresh_copy, mutated
from guarded import Tally, cases, guarded
from public_vqshape import SIZES, model_of, public_state, write
from torch import Tensor
from zoo_wrn.wideresnet import SERIES, WideResNet

from zoo.weights.manifest import MANIFEST, TENSORS

READERS = ("check", "transfer", "tokenize", "eval")
STRANGE: tuple[Callable[[Tensor], Any], ...] = (
    lambda tensor: tensor.double(),
    lambda tensor: tensor.to(torch.int8),
    lambda tensor: tensor.to(torch.complex64),
    lambda tensor: tensor.flatten()[:0],
    lambda tensor: tensor.flatten(),
    lambda tensor: tensor[None],
    lambda tensor: tensor.new_zeros(1).expand(2**20, 2**20),
    lambda tensor: tensor * float("nan"),
    lambda tensor: tensor.to_sparse(),
    lambda tensor: tensor.tolist(),
    lambda tensor: None,
)


def forge_tensors(path: Path, draw: random.Random) -> None:
    """Change the header of a safetensors file, its numbers, or its bytes."""
    content = path.read_bytes()
    size = int.from_bytes(content[:8], "little")
    match draw.randrange(3):
        case 0:
            header = as_text(mutated(json.loads(content[8 : 8 + size]), draw, ["F64", "I8", "BF16", "C64"]), draw)
            path.write_bytes(len(header).to_bytes(8, "little") + header + content[8 + size :])
        case 1:
            numbers = bytearray(content[8 + size :])
            start = draw.randrange(len(numbers))
            numbers[start : start + 64] = draw.randbytes(len(numbers[start : start + 64]))
            path.write_bytes(content[: 8 + size] + numbers)
        case _:
            damage(path, draw.choice(("cut", "flip", "twice")), draw)


def stored(bundle: Path) -> dict[str, Any]:
    """The manifest without its own hash, which a forger would leave out."""
    data = json.loads((bundle / MANIFEST).read_text())
    return {name: value for name, value in data.items() if name != "manifest_sha256"}


def sign(bundle: Path) -> None:
    """Make the spec of a bundle list the current tensors, as a forger would."""
    found = hashlib.sha256((bundle / TENSORS).read_bytes()).hexdigest()
    (bundle / MANIFEST).write_text(json.dumps(stored(bundle) | {"sha256": found}))


def forge_bundle(bundle: Path, draw: random.Random) -> str:
    """Damage a bundle or forge it; returns what was done."""
    match draw.randrange(4):
        case 0:
            way, name = draw.choice(WAYS), draw.choice((MANIFEST, TENSORS))
            damage(bundle / name, way, draw)
            return f"{name} {way}"
        case 1:
            data = mutated(stored(bundle), draw)
            (bundle / MANIFEST).write_bytes(as_text(data, draw))
            return "spec mutated"
        case 2:
            data = stored(bundle)
            data["model"] = mutated(data["model"], draw, ["vqshape.encoder", "heads.token-linear", "timm.image"])
            (bundle / MANIFEST).write_text(json.dumps(data))
            return "model mutated"
        case _:
            forge_tensors(bundle / TENSORS, draw)
            sign(bundle)
            return "tensors forged"


@pytest.mark.slow
def test_a_forged_bundle_is_loaded_or_refused(runs, tmp_path):
    draw, tally = random.Random(4), Tally()
    shutil.copytree(runs / "shapes", tmp_path / "run")
    for number in range(cases(30)):
        bundle = fresh_copy(runs / "shapes" / "bundle", tmp_path / "run" / "bundle")
        done = forge_bundle(bundle, draw)
        arguments: dict[str, list[str | Path]] = {
            "check": ["check", bundle],
            "transfer": ["transfer", bundle, runs / "shapes.json"],
            "tokenize": ["tokenize", bundle, runs / "shapes.json", "--out", tmp_path / "tokens.npz"],
            "eval": ["eval", tmp_path / "run"],
        }
        tally.add(guarded(*arguments[draw.choice(READERS)]), f"case {number}, {done}")
    tally.require_sound()


@pytest.fixture(scope="module")
def public() -> dict[str, tuple[dict[str, Tensor], dict[str, Any]]]:
    """Tensors and hyper-parameters of small published checkpoints, by the plugin that imports them."""
    classifier = WideResNet(SERIES, channels=2, classes=3, depth=10, width=1).state_dict()
    return {"vqshape": (public_state(model_of(SIZES)), SIZES), "wrn": (classifier, {})}


def forge_checkpoint(path: Path, tensors: dict[str, Tensor], sizes: dict[str, Any], draw: random.Random) -> str:
    """Write a damaged or forged checkpoint; returns what was done."""
    state: dict[str, Any] = dict(tensors)
    match draw.randrange(3):
        case 0:
            name = draw.choice(list(state))
            state[name] = draw.choice(STRANGE)(state[name])
            write(path, state, sizes)
            return f"{name} forged"
        case 1:
            write(path, state, mutated(sizes, draw))
            return "sizes mutated"
        case _:
            write(path, state, sizes)
            if draw.random() < 0.5:
                path.write_bytes(flipped(path.read_bytes(), draw))
                return "flipped"
            way = draw.choice(WAYS)
            damage(path, way, draw)
            return way


@pytest.mark.slow
def test_a_forged_checkpoint_is_imported_or_refused(public, tmp_path):
    draw, tally = random.Random(5), Tally()
    for number in range(cases(60)):
        plugin = draw.choice(("vqshape", "vqshape", "wrn"))
        for path in tmp_path.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        done = forge_checkpoint(tmp_path / "a.ckpt", *public[plugin], draw)
        outcome = guarded("import", plugin, tmp_path / "a.ckpt", "--out", tmp_path / "bundle", "--input", "t=100")
        tally.add(outcome, f"case {number}, {plugin}, {done}")
    tally.require_sound()
