"""Devices to measure on, and waiting for them."""

import torch

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def wait(device: torch.device) -> None:
    """Wait until the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
