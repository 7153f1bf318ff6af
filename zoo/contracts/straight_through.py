"""The straight-through gradient of quantized values."""

from torch import Tensor


def straight_through(codes: Tensor, latents: Tensor) -> Tensor:
    """``codes``, in the dtype of ``latents``, which have the same shape and receive the gradient (Bengio et al. 2013).

    The codes are added to a difference of 0, so they stay exact, unlike z + (code − z). A NaN in the latents stays NaN.
    """
    return (latents - latents.detach()).add_(codes)
