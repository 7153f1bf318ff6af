"""Where lower precision must not reach: distances that decide between codes, and forward derivatives."""

from contextlib import AbstractContextManager, nullcontext

import torch

from zoo.kernels.bf16_linear import active


def without_autocast(device: torch.device) -> AbstractContextManager[object]:
    """Switch autocast off on ``device``, and `bf16_linear`; does nothing on devices that have none, such as meta."""
    off = torch.autocast(device.type, enabled=False) if torch.amp.is_autocast_available(device.type) else nullcontext()
    mode = active()
    return off if mode is None else mode.suspended(off)
