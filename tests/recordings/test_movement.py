"""ENMO where it is known."""

import numpy as np
import pytest

from zoo.recordings.movement import enmo


def test_enmo_is_what_exceeds_gravity():
    x = np.array([[0.6, 3.0, 0.0, 0.5], [0.8, 0.0, 0.0, 0.0], [0.0, 4.0, -1.25, 0.0]])
    assert enmo(x) == pytest.approx([0, 4, 0.25, 0])


def test_enmo_of_an_unknown_sample_is_unknown():
    assert np.isnan(enmo(np.array([[np.nan], [0.0], [1.0]]))).all()
