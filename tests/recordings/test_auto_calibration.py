"""Calibration of a device whose errors are known, and what is left alone."""

import numpy as np
import pytest
from made_recordings import OFFSET, SCALE, SLOPE, blocks, distorted, made, reference

from zoo.recordings.calibration import Calibration, calibrate_still, find_calibration
from zoo.recordings.epochs import Bins, Epochs

RATE = 5


def assert_close_to_the_truth(found: Calibration) -> None:
    assert found.reason is None
    assert np.abs(np.array(found.scale) - SCALE).max() < 0.002
    assert np.abs(np.array(found.offset) - OFFSET).max() < 0.002
    assert np.abs(np.array(found.slope) - SLOPE).max() < 0.0005
    assert found.before == pytest.approx(0.023, abs=0.001)
    assert found.after is not None
    assert found.after < 0.003


def assert_untouched(found: Calibration, reason: str) -> None:
    assert found.reason is not None
    assert reason in found.reason
    x = np.random.default_rng(0).normal(size=(3, 5))
    assert found.apply(x, np.full(5, 40.0)) is x
    assert found._replace(reason=None).apply(x, np.full(5, 40.0)).tolist() == x.tolist()
    assert found.before == found.after


def survey(means: np.ndarray, temperature: np.ndarray | None = None, sd: float = 0.003) -> Epochs:
    """Epochs of a recording in which the device lies in each position `(e 3)` for 10 s."""
    rng = np.random.default_rng(1)
    noise = rng.normal(size=(len(means), 10 * RATE, means.shape[1]))
    noise -= noise.mean(1, keepdims=True)
    x = (means[:, None] + sd * noise).reshape(-1, means.shape[1]).T
    side = {} if temperature is None else {"temperature": np.repeat(temperature, 10 * RATE)}
    bins = Bins(10, RATE, [f"axis {c}" for c in range(len(x))], side=tuple(side))
    for block in blocks(np.arange(x.shape[1]) / RATE, x, side, cuts=range(7_777, x.shape[1], 7_777)):
        bins.add(block)
    return bins.epochs()


def test_still_epochs_give_the_errors_of_the_device():
    assert_close_to_the_truth(calibrate_still(made().epochs, made().temperature))


def test_still_epochs_of_the_reference_give_what_least_squares_give():
    file = reference()
    assert np.allclose(made().epochs, file["calibration/epochs"], rtol=0, atol=1e-12)
    found = calibrate_still(file["calibration/epochs"], file["calibration/temperature"])
    assert_close_to_the_truth(found)
    assert found.before == pytest.approx(float(file["calibration/error_before"]), abs=1e-12)
    assert found.after == pytest.approx(float(file["calibration/error_after"]), rel=0.01)
    numbers = np.concatenate([found.scale, found.offset, found.slope])
    assert np.abs(numbers - file["calibration/least_squares"]).max() < 1e-4


def test_still_epochs_of_one_side_of_the_reference_are_left_alone():
    assert_untouched(calibrate_still(reference()["calibration/one_sided_epochs"]), "axis z reach from 0.30 to")


@pytest.mark.parametrize("axis", range(3))
@pytest.mark.parametrize("sign", [-1, 1])
def test_one_side_of_any_axis_is_left_alone(axis: int, sign: int):
    x = made().epochs
    assert_untouched(calibrate_still(x[sign * x[:, axis] > -0.2]), f"axis {'xyz'[axis]} reach from")


def test_a_recording_is_calibrated_by_its_still_epochs_alone():
    x, temperature = made().epochs, made().temperature
    rng = np.random.default_rng(2)
    moving = rng.normal(size=(2400, 3))
    still, shaken = survey(x, temperature), survey(moving, np.full(2400, 20.0), sd=0.2)
    start = np.concatenate([still.start, shaken.start + 10 * len(x)])
    moments = np.concatenate([still.moments, shaken.moments], axis=-1)
    both = Epochs(10, RATE, still.axes, still.side_names, start, moments)
    found = find_calibration(both)
    assert found.epochs == len(x)
    assert_close_to_the_truth(found)


@pytest.mark.parametrize(("epochs", "hours"), [(2000, "5.5"), (4319, "11.9")])
def test_less_than_12_hours_are_left_alone(epochs: int, hours: str):
    found = find_calibration(survey(long(made().epochs)[:epochs]))
    assert_untouched(found, f"it needs 12 h of data, and there are {hours} h")
    assert found.epochs == epochs


def test_12_hours_are_calibrated():
    assert find_calibration(survey(long(made().epochs)[:4320])).reason is None


def long(x: np.ndarray) -> np.ndarray:
    """Repeat positions to more than 12 hours."""
    return np.resize(x, (4800, x.shape[1]))


def test_without_temperature_scale_and_offset_are_found():
    direction = made().epochs / np.linalg.norm(made().epochs, axis=1, keepdims=True)
    found = find_calibration(survey(long(direction / SCALE - OFFSET)))
    assert found.scale == pytest.approx(SCALE, abs=1e-5)
    assert found.offset == pytest.approx(OFFSET, abs=1e-5)
    assert found.slope == (0, 0, 0)
    assert found.mean_temperature is None


@pytest.mark.parametrize("constant", [True, False])
def test_a_temperature_that_never_changes_or_is_unknown_has_no_slope(constant: bool):
    x = long(made().epochs)
    found = find_calibration(survey(x, np.full(len(x), 25.3 if constant else np.nan)))
    assert found.reason is None
    assert found.slope == pytest.approx((0, 0, 0), abs=1e-9)
    assert found.mean_temperature == (pytest.approx(25.3) if constant else None)


def test_unknown_samples_and_temperatures_do_not_spread():
    x, temperature = long(made().epochs), long(made().temperature[:, None])[:, 0]
    x[::50], temperature[::40] = np.nan, np.nan
    found = find_calibration(survey(x, temperature))
    assert found.epochs == len(x) - len(x[::50])
    assert_close_to_the_truth(found)


def test_an_epoch_that_lacks_samples_is_not_still():
    epochs = survey(long(made().epochs))
    epochs.moments[0, :, :100] = 1
    assert find_calibration(epochs).epochs == 4700


def test_zeros_of_an_idle_device_are_no_gravity():
    x = np.concatenate([made().epochs, np.zeros((2500, 3))])
    found = find_calibration(survey(x))
    assert found.epochs == 2000
    assert found.reason is None


@pytest.mark.parametrize("axes", [1, 2])
def test_fewer_than_three_axes_are_left_alone(axes: int):
    found = find_calibration(survey(np.ones((4400, axes))))
    assert found == Calibration(reason=f"it needs three axes of acceleration, and this recording has {axes}")


def test_a_flat_axis_is_left_alone():
    x = long(made().epochs)
    x[:, 1] = 0
    x[:, [0, 2]] /= np.linalg.norm(x[:, [0, 2]], axis=1, keepdims=True)
    assert_untouched(find_calibration(survey(x)), "axis y reach from 0.00 to 0.00 g")


def test_a_recording_without_rest_is_left_alone():
    found = find_calibration(survey(long(made().epochs), sd=0.05))
    assert_untouched(found, "it needs 90 still epochs, and there are 0")
    assert found.before is None


def test_an_error_that_stays_over_10_mg_is_left_alone():
    x = made().epochs * (1 + 0.03 * np.random.default_rng(3).normal(size=(2000, 1)))
    found = calibrate_still(x, made().temperature)
    assert_untouched(found, "its error must fall under 10 mg, and it would go from")
    assert found.before is not None
    assert found.before > 0.01


def test_an_error_that_would_grow_is_left_alone():
    direction = made().epochs / np.linalg.norm(made().epochs, axis=1, keepdims=True)
    assert_untouched(calibrate_still(direction), "its error must fall")


def test_corrected_samples_are_the_directions_that_the_device_was_turned_to():
    rng = np.random.default_rng(4)
    direction = rng.normal(size=(500, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    temperature = 20 + 15 * rng.random(500)
    truth = [tuple(values.tolist()) for values in (OFFSET, SCALE, SLOPE)]
    known = Calibration(*truth, mean_temperature=float(temperature.mean()))
    x = distorted(direction, temperature)
    np.testing.assert_allclose(known.apply(x.T, temperature), direction.T, atol=1e-12)
    without = (x + OFFSET) * SCALE
    np.testing.assert_allclose(known.apply(x.T), without.T, atol=1e-12)
    np.testing.assert_allclose(known.apply(x.T, np.full(500, np.nan)), without.T, atol=1e-12)
