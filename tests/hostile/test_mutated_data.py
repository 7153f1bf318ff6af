"""Data folders from other programs, damaged or badly written: each is read, or refused in one line naming the file."""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from damage import WAYS, damage
from guarded import Tally, cases, guarded
from numpy.typing import NDArray
from scipy.io import savemat

Array = NDArray[Any]
NAMES = ["walk", "sit\x1b[2J", "=1+1", "", "nan", "1", "1.0", "b\u202ea", "é", "e\u0301", "a b", "\x01", "x" * 5000]

ODD_LINES = [
    "@timeStamps true",
    "@equalLength false",
    "@classLabel true",
    "@univariate true",
    "@dimensions 7",
    "@data",
    "# note",
    "",
    ":::",
    "\x00",
    "1,2:3,4:x",
    "?,?,?:?,?,?:a",
    "1,2,NaN:1,2,3:b",
    "1e999,1,1:1,1,1:a",
]


def _odd_windows(x: Array, draw: random.Random) -> Array:
    """`(n c t)` in one of many ways in which a program may store it."""
    changes: list[Callable[[], Array]] = [
        lambda: x.astype(">f8"),
        lambda: x.astype(np.float16),
        lambda: (x * 1000).astype(np.int64),
        lambda: x > 0,
        lambda: x.astype(complex),
        lambda: x.astype(str),
        lambda: x * 1e300,
        lambda: np.where(x > 1, np.nan, x),
        lambda: np.where(x > 1, np.inf, x),
        lambda: x * np.nan,
        lambda: np.zeros_like(x),
        lambda: np.asfortranarray(x.swapaxes(1, 2)),
        lambda: x[:, 0],
        lambda: x[:, None],
        lambda: x[0],
        lambda: x[:0],
        lambda: x[:, :, :0],
        lambda: x[:, :, :1],
        lambda: x[:1],
        lambda: np.concatenate([x, x]),
        lambda: np.float32(3),
        lambda: np.broadcast_to(x, (1, *x.shape)),
    ]
    return np.asarray(draw.choice(changes)())


def _odd_labels(y: Array, draw: random.Random) -> Array:
    changes: list[Callable[[], Array]] = [
        lambda: y.astype(float),
        lambda: y + 0.5,
        lambda: y - 7,
        lambda: y * 10**15,
        lambda: y.astype(np.uint8),
        lambda: y.astype(object),
        lambda: np.where(y > 0, np.nan, y),
        lambda: np.array(NAMES)[draw.sample(range(len(NAMES)), len(NAMES))][y],
        lambda: np.array(NAMES)[[draw.randrange(len(NAMES)) for _ in y]],
        lambda: y.astype("S"),
        lambda: y[:, None],
        lambda: y[:-1],
        lambda: np.zeros_like(y),
        lambda: np.arange(len(y)),
        lambda: np.zeros(0),
        lambda: y > 0,
        lambda: y.astype("datetime64[s]"),
        lambda: np.array([(int(label), 1.0) for label in y], dtype=[("a", int), ("b", float)]),
    ]
    return np.asarray(draw.choice(changes)())


def npy(folder: Path, draw: random.Random) -> dict[str, Any]:
    """Arrays with or without a file of class names; returns the source that reads them."""
    rng = np.random.default_rng(draw.randrange(2**32))
    source: dict[str, Any] = {"kind": "data.npy", "path": str(folder), "layout": draw.choice(("c t", "c t", "t c"))}
    for split, count in (("train", 30), ("test", 12)):
        x, y = rng.normal(size=(count, 2, 24)).astype(np.float32), np.arange(count) % 3
        x = _odd_windows(x, draw) if draw.random() < 0.25 else x
        y = _odd_labels(y, draw) if draw.random() < 0.25 else y
        np.save(folder / f"X_{split}.npy", x, allow_pickle=True)
        np.save(folder / f"y_{split}.npy", y, allow_pickle=True)
        np.save(folder / f"subject_{split}.npy", np.array(NAMES)[rng.integers(0, len(NAMES), count)])
    if draw.random() < 0.5:
        source["classes"] = _class_file(folder, draw)
    if draw.random() < 0.3:
        source["subject"] = "subject"
    if draw.random() < 0.2:
        source["test"] = None
    return source


def _class_file(folder: Path, draw: random.Random) -> str:
    name = draw.choice(("classes.txt", "classes.txt", "../classes.txt", "no.txt", "/etc/passwd", "a\x1b.txt", "."))
    lines = draw.sample(NAMES, draw.choice((3, 3, 3, 1, 8))) if draw.random() < 0.7 else ["a", "b", "c"]
    text = draw.choice(("\n", "\r\n", "\n\n")).join(lines)
    (folder / "classes.txt").write_bytes(
        text.encode(draw.choice(("utf-8", "utf-8-sig", "utf-16", "latin-1")), "replace")
    )
    return name


def ts(folder: Path, draw: random.Random) -> dict[str, Any]:
    """A pair of .ts files with some unusual lines."""
    rng = np.random.default_rng(draw.randrange(2**32))
    names = draw.sample(["a", "b", "c\x1b[2J", "1.0", "D", "é", "=1"], 3)
    for split, count in (("TRAIN", 12), ("TEST", 6)):
        lines = ["@problemName x", "@timeStamps false", "@missing false", "@univariate false", "@dimensions 2",
                 "@equalLength true", "@seriesLength 20", f"@classLabel true {' '.join(names)}", "@data"]  # fmt: skip
        for number in range(count):
            channels = (",".join(f"{value:.3f}" for value in rng.normal(size=20)) for _ in range(2))
            lines.append(":".join([*channels, names[number % 3]]))
        for _ in range(draw.choice((0, 1, 2))):
            place = draw.randrange(len(lines))
            lines[place : place + draw.randrange(2)] = [draw.choice(ODD_LINES)]
        text = draw.choice(("\n", "\r\n")).join(lines)
        (folder / f"x_{split}.ts").write_text(text, draw.choice(("utf-8", "utf-8-sig", "utf-16")), newline="")
    return {"kind": "data.ts", "path": str(folder)}


def mat(folder: Path, draw: random.Random) -> dict[str, Any]:
    """MATLAB windows, some of them unusual."""
    rng = np.random.default_rng(draw.randrange(2**32))
    for number in range(18):
        x = rng.normal(size=(20, 2))
        content = {"xw": _odd_windows(x[None], draw).squeeze() if draw.random() < 0.03 else x}
        name = f"ID-{number % 4}_CLASS-{number % 3}_Window-{number:04}.mat"
        savemat(folder / name, content if draw.random() > 0.01 else {"other": x})
    if draw.random() < 0.1:
        (folder / draw.choice(("ID-1_CLASS-x_Window-1.mat", "._a.mat", "notes.mat"))).write_bytes(b"x")
    return {"kind": "data.mat", "path": str(folder)}


def csv(folder: Path, draw: random.Random) -> dict[str, Any]:
    """A table of text, long or wide, with some unusual lines."""
    rng, wide = np.random.default_rng(draw.randrange(2**32)), draw.random() < 0.5
    names = draw.sample(["a", "b", "c\x1b[2J", "1.0", "D", "é", "=1"], 3)
    lines = ["label," + ",".join(f"{c}_{t}" for c in "xy" for t in range(20)) if wide else "label,window,x,y"]
    for number in range(24):
        x = [[f"{value:.3f}" for value in channel] for channel in rng.normal(size=(2, 20))]
        rows = [[*x[0], *x[1]]] if wide else [[str(number), *pair] for pair in zip(*x, strict=True)]
        lines += [",".join([names[number % 3], *cells]) for cells in rows]
    for _ in range(draw.choice((0, 1, 2))):
        place = draw.randrange(len(lines))
        lines[place : place + draw.randrange(2)] = [draw.choice([*ODD_LINES, "a,0,1,2", 'a,"0,1', "nan,1,,"])]
    text = draw.choice(("\n", "\r\n")).join(lines).replace(",", draw.choice((",", ",", ";", "\t")))
    (folder / "table.csv").write_text(text, draw.choice(("utf-8", "utf-8-sig", "utf-16")), newline="")
    source = {"kind": "data.csv", "path": str(folder / "table.csv"), "channels": ["x", "y"]}
    return source | ({} if wide else {"window": "window"})


def written(folder: Path, draw: random.Random) -> tuple[Path, str]:
    """A run on data of a random format, with one file damaged half of the time; also returns what was done."""
    kind = draw.choice((npy, npy, ts, mat, csv))
    source = kind(folder, draw)
    done = kind.__name__
    if draw.random() < 0.5:
        path, way = draw.choice(sorted(file for file in folder.iterdir() if file.is_file())), draw.choice(WAYS)
        damage(path, way, draw)
        done += f", {path.name} {way}"
    split = {"test": 0.3} if kind in (mat, csv) or source.get("test", "") is None else {}
    split |= {"by": "class"} if draw.random() < 0.5 else {}
    data = {"source": source, "split": split, "missing": draw.choice(("mask", "refuse"))}
    if draw.random() < 0.2:
        data["length"] = {"to": draw.choice((2, 16, 64)), "method": draw.choice(("pad", "crop", "interpolate"))}
    run = {"name": "run", "model": {"head": {"kind": "wrn.signal", "depth": 10, "width": 1}}, "data": data,
           "training": {"epochs": 1, "batch": 10}}  # fmt: skip
    path = folder.parent / "run.json"
    path.write_text(json.dumps(run))
    return path, done


@pytest.mark.slow
def test_a_data_folder_is_read_or_refused(tmp_path):
    draw, tally = random.Random(6), Tally()
    for number in range(cases(40)):
        for path in tmp_path.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        (tmp_path / "data").mkdir()
        run, done = written(tmp_path / "data", draw)
        tally.add(guarded("check", run), f"case {number}, {done}")
        outcome = guarded("data", run)
        tally.add(outcome, f"case {number}, {done}")
        if outcome.status == 0 and number % 4 == 0:
            tally.add(guarded("train", run, "--out", tmp_path / "run"), f"case {number}, {done}")
    tally.require_sound()
