"""Mistyped, truncated or invented specs: each is read, or refused in one line, in seconds and with little memory."""

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from damage import as_text, mutated
from guarded import Tally, cases, guarded
from zoo_registry import ROLES, Registry, RunSpec, ZooError, roles_of

from zoo.specs.presets import load, names


@pytest.fixture(scope="module")
def seeds(runs: Path) -> list[dict[str, Any]]:
    """Valid specs: presets on small windows, models of kinds drawn at random, runs, and sweeps."""
    draw, registry = random.Random(0), Registry.discover()
    source = json.loads((runs / "shapes.json").read_text())["data"]
    found: list[dict[str, Any]] = [{**load(name).run, "data": source} for name in names()]
    found += [json.loads((runs / f"{name}.json").read_text()) for name in ("signal", "bag", "swept", "sweep")]
    sizes = {"channels": 2, "length": 40, "classes": 3}
    while len(found) < 40:
        kinds = {role: draw.choice([None, *registry.kinds(role)]) for role in roles_of("model")}
        data = {"input": sizes, **{role: {"kind": kind} for role, kind in kinds.items() if kind}}
        try:
            found.append(registry.model(data).dump())
        except ZooError:
            continue
    return found


def words() -> list[str]:
    """What a spec may contain: kinds, fields and choices of values."""
    registry = Registry.discover()
    fields = [*RunSpec.model_fields, "lr", "phases", "weights", "source", "path", "layout", "kind", "vary", "choices"]
    return [*(kind for role in ROLES for kind in registry.kinds(role)), *fields, "c t", "closed", "resize", "{seed}"]


def written(path: Path, data: dict[str, Any], draw: random.Random) -> list[str | Path]:
    """A mutant of ``data`` in ``path``, and the command that reads it."""
    path.write_bytes(as_text(mutated(data, draw, words()), draw))
    return ["sweep", path, "--dry"] if "vary" in data else ["check", path]


@pytest.fixture
def found_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Discovers plugins once, which takes most of the time of reading a spec."""
    registry = Registry.discover()
    monkeypatch.setattr(Registry, "discover", lambda: registry)


@pytest.mark.usefixtures("found_once")
def test_a_mutated_spec_is_read_or_refused(seeds, tmp_path):
    draw, tally = random.Random(1), Tally()
    for number in range(cases(300)):
        path = tmp_path / "spec.json"
        tally.add(guarded(*written(path, draw.choice(seeds), draw)), f"case {number}: {path.read_bytes()[:1500]!r}")
    tally.require_sound()


@pytest.mark.slow
def test_a_mutated_spec_is_read_or_refused_in_a_separate_process(seeds, tmp_path):
    """The whole process is tested: its start, its end, and what the interpreter would print."""
    draw = random.Random(2)
    for number in range(cases(200) // 100):
        arguments = written(tmp_path / "spec.json", draw.choice(seeds), draw)
        done = subprocess.run(
            [sys.executable, "-m", "zoo", *map(str, arguments)], capture_output=True, check=False, timeout=60,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode in (0, 2), (number, done.stderr)
        assert done.stderr.count(b"\n") - done.stderr.count(b"zoo: note: ") == (done.returncode == 2), done.stderr
        assert b"\x1b" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_mutated_model_is_built_or_refused(seeds, tmp_path):
    draw, tally = random.Random(3), Tally()
    models = [data for data in seeds if "vary" not in data]
    for number in range(cases(300) // 20):
        path = tmp_path / "spec.json"
        path.write_bytes(as_text(mutated(draw.choice(models), draw, words()), draw))
        outcome = guarded("build", path)
        if "memory: expected" not in outcome.err:  # sizes are the user's choice, and 2 GiB is little
            tally.add(outcome, f"case {number}: {path.read_bytes()[:1500]!r}")
    tally.require_sound()
