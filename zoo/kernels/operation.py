"""An operation of torch that is written in Python, with faster forms for some devices."""

from collections.abc import Callable
from typing import Any

import torch
from torch.library import Library, infer_schema, register_autograd, register_fake

Function = Callable[..., Any]


class Operation:
    """An operation `NAMESPACE::NAME`, which `torch.compile` and `torch.export` keep whole.

    It is made and used like one of `torch.library.custom_op`, whose first call imports torch's compiler: 1 s.
    """

    def __init__(self, name: str, plain: Function) -> None:
        self.name = name
        namespace, _, own = name.partition("::")
        self._library = Library(namespace, "FRAGMENT")  # type: ignore[no-untyped-call]
        self._library.define(f"{own}{infer_schema(plain, mutates_args=())}")  # type: ignore[no-untyped-call]
        self._library.impl(own, plain, "CompositeExplicitAutograd")  # type: ignore[no-untyped-call]
        self._overload = getattr(getattr(torch.ops, namespace), own).default

    def __call__(self, *arguments: Any) -> Any:
        return self._overload(*arguments)

    def register_fake(self, fake: Function) -> Function:
        """Let ``fake`` give results of the right shapes, without values."""
        register_fake(self.name, fake, lib=self._library)
        return fake

    def register_kernel(self, device: str) -> Callable[[Function], Function]:
        """Use the decorated function on ``device``, such as cpu."""

        def register(kernel: Function) -> Function:
            self._library.impl(self.name, kernel, device.upper())  # type: ignore[no-untyped-call]
            return kernel

        return register

    def register_autograd(self, backward: Function, *, setup_context: Function) -> None:
        """Compute gradients by ``backward``, from what ``setup_context`` keeps."""
        register_autograd(self.name, backward, setup_context=setup_context, lib=self._library)


def operation(name: str) -> Callable[[Function], Operation]:
    """Make the decorated function, which runs on every device, the operation ``name``, such as `acme::sums`."""
    return lambda plain: Operation(name, plain)
