"""Train the models that come with the zoo again: `python examples/models/train.py FOLDER` writes a run for each.

`python examples/models/train.py FOLDER gunpoint-signal` trains this one alone.
"""

import json
import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
from aeon.datasets import load_basic_motions
from numpy.typing import NDArray

import zoo

_NAMES = (
    "shapes-small",
    "bag-small",
    "motions-shapes",
    "motions-signal",
    "gunpoint-signal",
    "arrowheads-signal",
    "power-signal",
    "vowels-signal",
)
_SPEEDS = 4
_SEED = 0


def at_speeds(x: NDArray[np.float32], speeds: int, seed: int) -> NDArray[np.float32]:
    """Windows `(n c t)`, followed by as many at each whole speed up to ``speeds``.

    At speed k, every k-th sample of k windows and channels, drawn at random, stands in a row, so that shapes that take
    k times as long occur in one token too.
    """
    random, found = np.random.default_rng(seed), [x]
    length = x.shape[-1]
    for speed in range(2, speeds + 1):
        parts = [x[random.permutation(len(x))][:, random.permutation(x.shape[1])][..., ::speed] for _ in range(speed)]
        found.append(np.concatenate(parts, axis=-1)[..., :length])
    return np.concatenate(found)


def write_windows(folder: Path) -> None:
    """BasicMotions at several speeds without labels, as a folder that `data.npy` reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for split in ("train", "test"):
        x, _ = load_basic_motions(split=split)
        windows = at_speeds(x.astype(np.float32), _SPEEDS, _SEED)
        np.save(folder / f"X_{split}.npy", windows)
        np.save(folder / f"y_{split}.npy", np.zeros(len(windows), int))


def main(out: Path, names: Collection[str]) -> None:
    """Train the models with these ``names`` into a folder of ``out`` each."""
    for name in names:
        run = json.loads(Path(__file__).with_name(f"{name}.json").read_text(encoding="utf-8"))
        if name == "shapes-small":
            write_windows(out / "data")
            run["data"]["source"]["path"] = str(out / "data")
        zoo.train(run, out / name, quiet=True)
        print(out / name / "bundle")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:] or _NAMES)
