"""Movement and posture: ENMO and the angle of the z axis, as the field reports them per 5 s."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def enmo(x: Values) -> Values:
    """Euclidean norm minus one, in g: max(|x| − 1, 0) per sample `(t)` of ``x (3 t)`` in g.

    An epoch's ENMO is the mean over its samples (van Hees et al. 2013, PLoS ONE 8: e61691). NaN stays NaN.
    """
    excess: Values = np.maximum(np.sqrt(np.einsum("ct,ct->t", x, x)) - 1, 0)
    return excess


def z_angle(mean: Values) -> Values:
    """Angle between the z axis and the horizontal plane in degrees, −90 to 90: atan(z / √(x² + y²)), `(e)`.

    ``mean (e 3)`` are means of epochs in any unit; van Hees et al. 2015 (PLoS ONE 10: e0142533) take medians of 5 s.
    """
    x, y, z = mean.T
    angle: Values = np.degrees(np.arctan2(z, np.hypot(x, y)))
    return angle
