"""ENMO and the angle of the third axis, where they are known."""

import numpy as np
import pytest

from zoo.recordings.movement import angle_z, enmo


def test_enmo_is_what_exceeds_gravity():
    x = np.array([[0.6, 3.0, 0.0, 0.5], [0.8, 0.0, 0.0, 0.0], [0.0, 4.0, -1.25, 0.0]])
    assert enmo(x) == pytest.approx([0, 4, 0.25, 0])


def test_enmo_of_an_unknown_sample_is_unknown():
    assert np.isnan(enmo(np.array([[np.nan], [0.0], [1.0]]))).all()


def test_the_angle_is_that_of_the_third_axis_with_the_horizontal_plane():
    """A device of which the third axis is raised by some angle and which is turned about it by another."""
    raised, turned = np.radians(np.random.default_rng(0).uniform((-90, 0), (90, 360), (200, 2))).T
    gravity = np.stack([np.cos(raised) * np.cos(turned), np.cos(raised) * np.sin(turned), np.sin(raised)])
    assert angle_z(gravity) == pytest.approx(np.degrees(raised))
    assert angle_z(3 * gravity) == pytest.approx(np.degrees(raised))
    assert angle_z(np.array([[0.0, 0.0], [0.0, 0.0], [1.0, -1.0]])).tolist() == [90, -90]


def test_an_unknown_sample_and_one_of_zeros_have_no_angle():
    assert np.isnan(angle_z(np.array([[np.nan, 0.0, 0.0], [0.0, 0.0, 0.0], [1.0, 0.0, np.nan]]))).all()
