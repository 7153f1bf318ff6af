"""A file that tokenizes gives what `zoo tokenize` writes, on windows of people."""

from pathlib import Path

import numpy as np
import pytest
import torch
from zoo_registry import Registry

import zoo
from zoo.data import prepare
from zoo.data.batch import read_batch
from zoo.export.formats import read, write
from zoo.export.predictor import Predictor
from zoo.specs.read import read_data

WRIST = Path(__file__).parents[2] / "../shared/data/wrist_adl14"


@pytest.mark.slow
@pytest.mark.skipif(not WRIST.exists(), reason="the shared data are not here")
@pytest.mark.parametrize("name", ["onnx", "torchscript"])
def test_a_file_of_a_model_by_name_gives_the_arrays_of_a_token_file(tmp_path, name):
    spec = read_data(f"npy:{WRIST}", Registry.discover(), ["data.length.to=100"])
    zoo.tokenize("shapes-small", spec, tmp_path / "tokens.npz", split="validation")
    x = read_batch(prepare(spec).validation, np.arange(510))[0]
    run = read(name, write(name, Predictor(zoo.load("shapes-small"), "tokenize"), {}))
    with torch.no_grad():
        found = run(x)
    with np.load(tmp_path / "tokens.npz") as arrays:
        np.testing.assert_array_equal(found["codes"], arrays["codes"])
        for array, value in found.items():
            np.testing.assert_allclose(value, arrays[array], rtol=1e-4, atol=1e-4)
