"""Cached compiled code that cannot be read is compiled again."""

import importlib.util
import os
from pathlib import Path

import numba
import numpy as np
import pytest

from zoo.kernels.compiled import compiled

LOOP = """
def double(x, out):
    for i in range(len(x)):
        out[i] = 2 * x[i]
"""


def loop_of(path: Path):
    found = importlib.util.spec_from_file_location("doubling", path)
    assert found
    assert found.loader
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module.double


def doubled(path: Path):
    """2, 4 and 6 from a loop compiled as in a new process, and how often cached code was read."""
    function, out = compiled(loop_of(path)), np.zeros(3)
    function(np.arange(1.0, 4.0), out)
    return out.tolist(), sum(function.stats.cache_hits.values())


@pytest.mark.parametrize("suffix", ["nbi", "nbc"])
@pytest.mark.parametrize("change", [lambda old: b"", lambda old: old[: len(old) // 2], lambda old: b"noise" + old])
def test_cached_code_that_cannot_be_read_is_compiled_again(tmp_path, monkeypatch, suffix, change):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    path = tmp_path / "doubling.py"
    path.write_text(LOOP)
    assert doubled(path) == ([2, 4, 6], 0)
    assert doubled(path) == ([2, 4, 6], 1)
    (kept,) = (tmp_path / "kept").rglob(f"*.{suffix}")
    kept.write_bytes(change(kept.read_bytes()))
    assert doubled(path) == ([2, 4, 6], 0)
    assert doubled(path) == ([2, 4, 6], 1)


def test_a_change_in_a_file_beside_the_loop_compiles_it_again(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "kept"))
    path, beside = tmp_path / "doubling.py", tmp_path / "factor.py"
    path.write_text(LOOP)
    beside.write_text("FACTOR = 2")
    assert doubled(path) == ([2, 4, 6], 0)
    assert doubled(path) == ([2, 4, 6], 1)
    os.utime(beside, ns=(0, beside.stat().st_mtime_ns + 1_000_000_000))
    assert doubled(path) == ([2, 4, 6], 0)
