"""The outputs of a small VQShape have not changed since its golden file was made."""

import numpy as np
import pytest
import torch
from make_golden import KEPT, SEED, SMALL, computed, signals
from public_vqshape import model_of

FOUND = computed()


def test_the_golden_file_holds_every_output():
    assert set(np.load(KEPT).files) == set(FOUND)
    assert KEPT.stat().st_size < 150_000


@pytest.mark.parametrize("name", sorted(FOUND))
def test_no_output_has_changed(name):
    kept = np.load(KEPT)[name]
    if kept.dtype.kind == "i":
        assert np.array_equal(FOUND[name], kept)
    else:
        scale = max(1.0, float(np.abs(kept).max()))
        np.testing.assert_allclose(FOUND[name], kept, rtol=0, atol=1e-5 * scale)


def test_no_code_was_a_close_choice():
    """Codes are compared exactly, so the second nearest has to be clearly farther on any machine."""
    model = model_of(SMALL, seed=SEED)
    with torch.no_grad():
        values = model.encode(torch.from_numpy(signals())).tokens.values.double()
    distances = torch.cdist(values.flatten(0, 2), model.quantizer.embedding.weight.double()).square()
    nearest = distances.sort(-1).values
    assert (nearest[:, 1] - nearest[:, 0]).min() > 1e-4
    assert len(np.unique(FOUND["codes"])) >= 3
