"""Every file that the zoo writes, damaged in every way: commands ignore it, write it again, or refuse it."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from damage import WAYS, damage, fresh_copy, mutated
from guarded import Tally, cases, guarded

RUN = (("eval",), ("codebook",), ("report",), ("train", "--resume", "--out"), ("check",), ("compare",), ("data",))
READERS: dict[str, Sequence[Sequence[str]]] = {
    "run.json": RUN,
    "metrics.csv": (("report",), ("eval",), ("train", "--resume", "--out")),
    "data.json": (("eval",), ("report",)),
    "eval.json": (("codebook",), ("report",), ("compare",), ("eval",)),
    "codebook.json": (("eval",), ("report",), ("compare",), ("codebook",)),
    "codebook.npz": (("report",), ("compare",), ("codebook",)),
    "transfer.json": (("report",),),
    "findings.json": (("eval",), ("report",)),
    "report.html": (("report",),),
    "figures/codebook-shapes.svg": (("report",), ("codebook",)),
    "judges/tree.npz": (("eval",),),
    "bundle/spec.json": (("eval",), ("check",), ("report",), ("compare",), ("tokenize",), ("transfer",)),
    "bundle/model.safetensors": (("eval",), ("report",), ("tokenize",), ("transfer",), ("compare",)),
    "best/x/spec.json": (("train", "--resume", "--out"),),
    "best/x/model.safetensors": (("train", "--resume", "--out"),),
    "checkpoints/last.ckpt": (("train", "--resume", "--out"),),
    "checkpoints/best-x.ckpt": (("train", "--resume", "--out"),),
    ".lock": (("train", "--resume", "--out"),),
}


def command(words: Sequence[str], run: Path, home: Path) -> list[str | Path]:
    """A command line that reads the folder ``run``."""
    name, *options = words
    match name:
        case "train":
            return [name, home / "shapes.json", *options, run]
        case "compare":
            return [name, home / "shapes", run]
        case "tokenize":
            return [name, run, home / "shapes.json", "--out", home / "tokens.npz"]
        case "transfer":
            return [name, run, home / "shapes.json"]
        case _:
            return [name, *options, run]


@pytest.mark.slow
@pytest.mark.usefixtures("empty_folder")
def test_every_file_of_a_run_may_be_damaged(runs, tmp_path):
    draw, tally, tried = random.Random(0), Tally(), cases(18)
    files = list(READERS)
    judge = next(path.name for path in (runs / "shapes" / "judges").iterdir())
    for number in range(tried):
        name = files[number % len(files)]
        run = fresh_copy(runs / "shapes", tmp_path / "run")
        path = run / name.replace("tree.npz", judge)
        way = draw.choice([*WAYS, *["mutate"] * 6]) if path.suffix == ".json" else draw.choice(WAYS)
        if way == "mutate":
            changed = mutated(json.loads(path.read_text()), draw)
            path.write_text(json.dumps(changed, ensure_ascii=True))
        else:
            damage(path, way, draw)
        words = draw.choice(READERS[name])
        outcome = guarded(*command(words, run, runs))
        tally.add(outcome, f"case {number}, {name} {way}")
    tally.require_sound()


@pytest.mark.slow
@pytest.mark.usefixtures("empty_folder")
def test_every_file_of_a_sweep_may_be_damaged(swept, tmp_path):
    draw, tally, tried = random.Random(0), Tally(), cases(7)
    inner = next(path.name for path in (swept / "runs").iterdir())
    files = ["sweep.json", "study.db", "results.json", "trials.csv", "sweep.html",
             f"runs/{inner}/codebook-validation.json", f"runs/{inner}/codebook-validation.npz"]  # fmt: skip
    for number in range(tried):
        name = files[number % len(files)]
        folder = fresh_copy(swept, tmp_path / "swept")
        path = folder / name
        way = draw.choice([*WAYS, *["mutate"] * 6]) if path.suffix == ".json" else draw.choice(WAYS)
        if way == "mutate":
            path.write_text(json.dumps(mutated(json.loads(path.read_text()), draw), ensure_ascii=True))
        else:
            damage(path, way, draw)
        outcome = guarded("sweep", swept.parent / "sweep.json", "--resume", "--out", folder)
        tally.add(outcome, f"case {number}, {name} {way}")
    tally.require_sound()
