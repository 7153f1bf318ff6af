"""ENMO and the angle of the z axis in positions where both are known."""

import numpy as np
import pytest

from zoo.recordings.movement import enmo, z_angle


def test_enmo_is_what_exceeds_gravity():
    x = np.array([[0.6, 3.0, 0.0, 0.5], [0.8, 0.0, 0.0, 0.0], [0.0, 4.0, -1.25, 0.0]])
    assert enmo(x) == pytest.approx([0, 4, 0.25, 0])


def test_enmo_of_an_unknown_sample_is_unknown():
    assert np.isnan(enmo(np.array([[np.nan], [0.0], [1.0]]))).all()


def test_the_z_axis_is_at_90_degrees_when_it_points_up_and_at_0_when_level():
    mean = np.array([[0, 0, 1], [0, 0, -1], [1, 0, 0], [0, -0.5, 0.5], [3, 4, -5]])
    assert z_angle(mean) == pytest.approx([90, -90, 0, 45, -45])
