"""Our operations in torch's own operators, for graphs that run where the zoo is not installed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.overrides import TorchFunctionMode

from zoo.kernels import few, nearest, through

_FORMS: Mapping[object, Callable[..., Any]] = {
    torch.ops.shapezoo.nearest.default: nearest.whole64,
    torch.ops.shapezoo.few.default: few.whole,
    torch.ops.shapezoo.through.default: through.plain,
}
"""Those of a forward pass without losses."""


class Portable(TorchFunctionMode):
    """While it is active, `nearest_rows` and `nearest_few` are plain operators; they hold all distances `(n k)`, in
    float64 for the first."""

    def __torch_function__(
        self, func: Any, types: Any, args: Sequence[Any] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        return _FORMS.get(func, func)(*args, **(kwargs or {}))
