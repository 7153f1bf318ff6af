"""Movement as the field reports it: ENMO."""

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]


def enmo(x: Values) -> Values:
    """Euclidean norm minus one, in g: max(|x| − 1, 0) per sample `(t)` of ``x (3 t)`` in g.

    An epoch's ENMO is the mean over its samples (van Hees et al. 2013, PLoS ONE 8: e61691). NaN stays NaN.
    """
    excess: Values = np.maximum(np.sqrt(np.einsum("ct,ct->t", x, x)) - 1, 0)
    return excess
