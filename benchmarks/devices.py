"""Devices to measure on, and their synchronisation."""

from collections.abc import Callable

import torch

Measure = Callable[..., object]
"""What the fixture `measure` is."""
DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def wait(device: torch.device) -> None:
    """Wait until the device has finished its queued work."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
