"""timm models for images of a given shape; each timm error becomes a one-line SpecError."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import timm
import torch
from torch import Tensor, nn
from zoo_registry import Shape, SpecError, nearest


class FeatureMap(nn.Module):
    """Last feature map of a timm model, `(b c h w) -> (b channels rows columns)`.

    Raises SpecError when timm does not know the name or the model cannot read ``image``.
    """

    def __init__(self, name: str, image: Shape) -> None:
        super().__init__()
        with _refused_in_one_line("encoder.backbone", name, image):
            size = _fixed_size(name, image)
            network: Any = timm.create_model(
                name, pretrained=False, features_only=True, out_indices=(-1,), in_chans=image["c"], img_size=size
            )
            (self.channels,) = network.feature_info.channels()
            found = _try(network, image)[-1].shape
        # Some families, such as Swin, keep channels last.
        self._axis = 1 if found[1] == self.channels else 3
        self.rows, self.columns = (found[axis] for axis in (1, 2, 3) if axis != self._axis)
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        """`(b c h w) -> (b channels rows columns)`."""
        features: Tensor = self.network(x)[-1]
        return features.movedim(self._axis, 1)


def create_classifier(name: str, image: Shape, classes: int) -> nn.Module:
    """A timm model `(b c h w) -> (b k)`; raises SpecError as FeatureMap does."""
    with _refused_in_one_line("head.backbone", name, image):
        size = _fixed_size(name, image)
        network: nn.Module = timm.create_model(
            name, pretrained=False, num_classes=classes, in_chans=image["c"], img_size=size
        )
        _try(network, image)
    return network


def class_layers(name: str) -> tuple[str, ...]:
    """Paths of the layers of a timm classifier that hold a row per class; empty if timm does not list them."""
    known = timm.get_pretrained_cfg(name)
    layers = None if known is None else known.classifier
    return (layers,) if isinstance(layers, str) else tuple(layers or ())


def _fixed_size(name: str, image: Shape) -> tuple[int, int] | None:
    """Rows and columns for models that need them as arguments when they are built."""
    known = timm.get_pretrained_cfg(name)
    return (image["h"], image["w"]) if known is not None and known.fixed_input_size else None


@torch.no_grad()
def _try(network: nn.Module, image: Shape) -> Any:
    """Output of ``network`` for one blank image, in eval mode so that no statistic changes."""
    found = network.eval()(torch.zeros(1, *image.sizes))
    network.train()
    return found


@contextmanager
def _refused_in_one_line(where: str, name: str, image: Shape) -> Iterator[None]:
    if not timm.is_model(name):
        close = nearest(name, timm.list_models())
        hint = f"did you mean {close!r}?" if close else "`timm.list_models()` names them"
        raise SpecError(where, "a model of timm", repr(name), hint)
    try:
        yield
    except Exception as error:  # each timm model has its own errors for sizes and options
        found = f"{type(error).__name__}: {error}"
        hint = "choose another backbone or another size of the image"
        raise SpecError(where, f"a backbone that reads {image}", f"{name!r}, {found}", hint) from error
