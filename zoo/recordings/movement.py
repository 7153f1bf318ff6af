"""Movement and posture as the field reports them: ENMO and angle-z."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def enmo(x: Values) -> Values:
    """Euclidean norm minus one, in g: max(|x| − 1, 0) per sample `(t)` of ``x (3 t)`` in g.

    An epoch's ENMO is the mean over its samples (van Hees et al. 2013, PLoS ONE 8: e61691). NaN stays NaN.
    """
    excess: Values = np.maximum(np.sqrt(np.einsum("ct,ct->t", x, x)) - 1, 0)
    return excess


def angle_z(x: Values) -> Values:
    """Angle between the third axis and the horizontal plane, in degrees: atan(z / √(x² + y²)) per sample `(t)` of
    ``x (3 t)`` in g.

    An epoch's angle is the mean over its samples (van Hees et al. 2015, PLoS ONE 10: e0142533, who take a rolling
    median of the samples first). It is that of the arm as long as gravity is most of the acceleration. NaN stays NaN,
    and a sample of zeros has no angle.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Values = np.degrees(np.arctan(x[2] / np.hypot(x[0], x[1])))
    return found
