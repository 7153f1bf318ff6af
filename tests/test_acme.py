"""The example plugin installs like a third party's, is found, and works in a model and in a run."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from forked import FORKS, spoken

EXAMPLE = Path(__file__).parents[1] / "examples" / "zoo-acme"

LISTED = """
from zoo_registry import Registry

registry = Registry.discover()
registry.load_all()
print(registry.plugins()["acme"], "acme.attention-pool" in registry.kinds("head"), registry.failures)
print(registry.distribution("acme"), registry.models()["acme-motions"].plugin)
import sys
assert "torch" not in sys.modules
"""

USE = """
import json, sys, torch, zoo, zoo_acme
from pathlib import Path

model = zoo.build(json.loads(Path(sys.argv[1]).read_text()))
print(Path(zoo_acme.__file__).parents[1], tuple(model(torch.randn(2, 3, 500)).logits.shape))
"""

TEST = """
import sys, pytest

status = pytest.main(["-q", "-p", "no:cacheprovider", f"--rootdir={sys.argv[1]}", sys.argv[2]])
assert status == 0, status
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


def forked(site: Path, home: Path, code: str, *arguments: Path) -> str:
    """Output of ``code`` in a process that has imported torch and finds ``site`` before everything installed."""
    process = FORKS.Process(target=_run, args=(site, home / "said", code, arguments))
    process.start()
    process.join()
    said = (home / "said").read_text()
    assert process.exitcode == 0, said
    return said


def _run(site: Path, said: Path, code: str, arguments: Sequence[Path]) -> None:
    spoken(said)
    sys.path.insert(0, str(site))
    sys.argv = ["code", *map(str, arguments)]
    exec(code, {"__name__": "__main__"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder into which pip installed the example, without a network."""
    site = tmp_path_factory.mktemp("site")
    flags = ["--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "-q"]
    python(site, "-m", "pip", "install", *flags, "--target", str(site), str(EXAMPLE))
    return site


@pytest.mark.slow
def test_the_example_is_listed_and_builds_a_model(site, tmp_path):
    assert python(site, "-c", LISTED).splitlines() == ["0.1.0 True {}", "zoo-acme acme"]
    assert forked(site, tmp_path, USE, EXAMPLE / "spec.json").splitlines() == [f"{site} (2, 14)"]


@pytest.mark.slow
def test_the_example_passes_its_own_tests(site, tmp_path):
    assert "4 passed" in forked(site, tmp_path, TEST, tmp_path, EXAMPLE / "tests")


@pytest.mark.slow
def test_a_run_spec_uses_the_source_of_the_example(site, tmp_path):
    printed = forked(site, tmp_path, RUN, EXAMPLE / "run.json", tmp_path)
    assert all(words in printed for words in ("acme.json-lines  source", "A file with a window per line", "walk"))
    assert printed.splitlines()[-1] == "0.1.0"
