"""The example plugin installs like a third party's, is found, and works in a model and in a run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[1] / "examples" / "zoo-acme"

USE = """
import json, sys
from pathlib import Path
from zoo_registry import Registry

registry = Registry.discover()
registry.load_all()
spec = json.loads(Path(sys.argv[1]).read_text())
print(registry.plugins()["acme"], "acme.attention-pool" in registry.kinds("head"), registry.failures)
assert "torch" not in sys.modules

import torch, zoo, zoo_acme

model = zoo.build(spec)
print(Path(zoo_acme.__file__).parents[1], tuple(model(torch.randn(2, 3, 500)).logits.shape))
"""

RUN = """
import json, os, sys
from pathlib import Path

import numpy as np

from zoo.cli.main import main

os.chdir(sys.argv[2])
x = np.random.default_rng(0).normal(size=(40, 2, 64))
x[::2] += np.sin(np.arange(64) / 3)
lines = [json.dumps({"x": window.tolist(), "label": "sit" if n % 2 else "walk"}) for n, window in enumerate(x)]
Path("windows.jsonl").write_text("\\n".join(lines))
source = "acme.json-lines:windows.jsonl"
for command in ("list source", "show acme.json-lines", "schema run", f"data {source} --set data.split.test=0.25",
                f"check {sys.argv[1]}", f"train {sys.argv[1]} --out run"):
    assert main(command.split()) == 0, command
Path("windows.jsonl").rename("moved.jsonl")
assert main(["eval", "run"]) == 2
assert main(["eval", "run", "--set", "data.source.path=moved.jsonl"]) == 0
print(json.loads(Path("run/run.json").read_text())["plugins"]["acme"])
"""


def python(site: Path, *arguments: str) -> str:
    """Output of a Python process that finds ``site`` beside everything installed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(site), os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed the example, without a network."""
    site = tmp_path_factory.mktemp("site")
    flags = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q"]
    python(site, "-m", "pip", "install", *flags, "--target", str(site), str(EXAMPLE))
    return site


@pytest.mark.slow
def test_the_example_is_listed_and_builds_a_model(site):
    assert python(site, "-c", USE, str(EXAMPLE / "spec.json")).splitlines() == ["0.1.0 True {}", f"{site} (2, 14)"]


@pytest.mark.slow
def test_the_example_passes_its_own_tests(site, tmp_path):
    report = python(
        site, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--rootdir={tmp_path}", str(EXAMPLE / "tests")
    )
    assert "3 passed" in report


@pytest.mark.slow
def test_a_run_spec_uses_the_source_of_the_example(site, tmp_path):
    printed = python(site, "-c", RUN, str(EXAMPLE / "run.json"), str(tmp_path))
    assert all(words in printed for words in ("acme.json-lines  source", "A file with a window per line", "walk"))
    assert printed.splitlines()[-1] == "0.1.0"
