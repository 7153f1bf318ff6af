"""Codes that pass a gradient on as if nothing had been quantized."""

from torch import Tensor


def straight_through(codes: Tensor, latents: Tensor) -> Tensor:
    """``codes``, in the dtype of ``latents`` of the same shape, to which their gradient goes (Bengio et al. 2013).

    Added to a difference of 0 they stay exact, which z + (code − z) does not; a NaN among the latents stays one.
    """
    return (latents - latents.detach()).add_(codes)
