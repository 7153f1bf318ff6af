"""Heads around a WideResNet: on the signal, on the reconstruction and on an image."""

from abc import abstractmethod

from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import Head, Output, Resizing, Standardize, Tapped, required
from zoo_wrn.sizes import REDUCTION
from zoo_wrn.wideresnet import IMAGES, RESIZING, SERIES, WideResNet


class SeriesClassifier(nn.Module):
    """`(b c t) -> (b k)`: standardisation by training statistics, then a 1-D WideResNet.

    Raises BundleError while that standardisation was never filled.
    """

    def __init__(self, channels: int, classes: int, depth: int, width: int) -> None:
        super().__init__()
        self.standardize = Standardize(channels)
        self.network = WideResNet(SERIES, channels, classes, depth, width)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Logits of `x (b c t)`, pooled where ``mask (b c t)`` is True in any channel."""
        return self.tapped(x, mask).logits

    def tapped(self, x: Tensor, mask: Tensor | None = None) -> Tapped:
        """The same with the outputs of the three stages."""
        features = self.network.features(self.standardize(x, mask))
        return Tapped(self.network.classify(features[-1], None if mask is None else _observed(mask)), features)


class SeriesHead(Head):
    """Logits of a series; weights and buffers have the same names for every series."""

    def __init__(self, classifier: SeriesClassifier) -> None:
        super().__init__()
        self.classifier = classifier

    @abstractmethod
    def series(self, output: Output) -> Tensor:
        """The series `(b c t)` that it classifies."""

    def forward(self, output: Output) -> Tensor:
        """`(b c t) -> (b k)`."""
        logits: Tensor = self.classifier(self.series(output), output.mask)
        return logits

    def tapped(self, output: Output) -> Tapped:
        return self.classifier.tapped(self.series(output), output.mask)

    def resizing(self) -> Resizing:
        return RESIZING.within("classifier.network")


class SignalHead(SeriesHead):
    """Logits of the input signal."""

    def series(self, output: Output) -> Tensor:
        return output.x


class ReconHead(SeriesHead):
    """Logits of the reconstruction."""

    def series(self, output: Output) -> Tensor:
        return required(output.x_recon, "decoder", "classify reconstructions")


class ImageHead(Head):
    """Logits of an image, standardised by the statistics of the training images.

    Raises BundleError while that standardisation was never filled.
    """

    def __init__(self, channels: int, classes: int, depth: int, width: int) -> None:
        super().__init__()
        self.standardize = Standardize(channels)
        self.network = WideResNet(IMAGES, channels, classes, depth, width)

    def forward(self, output: Output) -> Tensor:
        """`image (b c h w) -> (b k)`."""
        return self.tapped(output).logits

    def tapped(self, output: Output) -> Tapped:
        features = self.network.features(self.standardize(required(output.image, "image", "classify images")))
        return Tapped(self.network.classify(features[-1]), features)

    def resizing(self) -> Resizing:
        return RESIZING.within("network")


def _observed(mask: Tensor) -> Tensor:
    """Mask `(b c t)` of samples `-> (b ceil(t/4))` of the last stage: True if any of its samples is observed."""
    return F.max_pool1d(mask.any(1, keepdim=True).float(), REDUCTION, ceil_mode=True).squeeze(1) > 0
