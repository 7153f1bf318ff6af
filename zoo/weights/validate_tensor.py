"""Validate tensors from untrusted files: dense, real, finite, and no larger than their stored values."""

import torch
from torch import Tensor
from zoo_registry import BundleError

FLOATS = (torch.float64, torch.float32, torch.bfloat16, torch.float16)
WHOLE = (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)


def validate_tensor(where: str, tensor: Tensor) -> None:
    """Raise BundleError, before ``tensor`` is copied or read, if it cannot be a weight of a model."""
    if tensor.layout != torch.strided or tensor.is_quantized or tensor.device.type != "cpu":
        kind = "quantized" if tensor.is_quantized else f"{tensor.layout} on {tensor.device.type}"
        raise BundleError(
            where, "a dense tensor", kind.removeprefix("torch."), "save it as a dense tensor with its values"
        )
    if tensor.dtype not in FLOATS + WHOLE:
        kind = str(tensor.dtype).removeprefix("torch.")
        raise BundleError(where, "real or whole numbers", kind, "save it as float32")
    claimed, held = tensor.numel() * tensor.element_size(), tensor.untyped_storage().nbytes()
    if claimed > held:
        hint = "save it with .contiguous(), or ask the sender for a complete file"
        raise BundleError(where, f"shape {tuple(tensor.shape)} in {claimed:,} bytes", f"{held:,}", hint)
    if tensor.dtype in FLOATS and not bool(tensor.float().isfinite().all()):
        raise BundleError(where, "finite numbers of float32", "NaN, an infinity or a number beyond", "get another copy")
