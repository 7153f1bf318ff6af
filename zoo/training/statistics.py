"""Fit components to the training split before training: statistics of signals or images, codebooks."""

import copy
from functools import cached_property, partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from zoo_registry import ComponentSpec, EncoderSpec, HeadSpec, ImageSpec

from zoo.contracts import Adapted, Image, TrainingWindows, adapted_in
from zoo.contracts.processes import once
from zoo.data.batch import evenly
from zoo.data.split import Rows, Split
from zoo.model.assembly import ZooModel
from zoo.model.cached_images import NOTHING_CACHED, CachedImages
from zoo.training.data import ZooData
from zoo.training.image_cache import cached_images


def fill_statistics(model: ZooModel, data: ZooData) -> None:
    """Call ``adapt`` of every `Adapted` module of ``model`` on the training split, unless transferred weights filled
    it.

    The first process does it for all. The state of the default random generator does not change. Once the image has
    learned, images are cached for what reads them.
    """
    for role, part in model.spec.components():
        empty = [module for module in adapted_in(model.get_submodule(role)) if module.learns]
        if empty:
            learned = once(partial(adapt, empty, _windows(model, data, part)))
            for module, tensors in zip(empty, learned, strict=True):
                module.load_state_dict(tensors)
        if isinstance(part, ImageSpec) and part.cached and model.image is not None:
            model.cached = cached_images(part, model.image, data.data)


def adapt(modules: list[Adapted], windows: TrainingWindows) -> list[dict[str, Tensor]]:
    """Let ``modules`` learn from ``windows``; returns their tensors. Leaves the default random generator unchanged."""
    with torch.random.fork_rng(devices=[]):
        for module in modules:
            module.adapt(windows)
    return [module.state_dict() for module in modules]


class Signals:
    """Training windows, unchanged, with the mean and the deviation `(c)` of the training split."""

    def __init__(self, split: Split, mean: NDArray[np.float64], std: NDArray[np.float64]) -> None:
        self.split = split
        self.mean, self.std = torch.as_tensor(mean), torch.as_tensor(std)

    def some(self, most: int) -> tuple[Tensor, Tensor | None]:
        """At most ``most`` windows `(b c t)`, evenly spread, with their mask."""
        return _read(self.split, evenly(len(self.split), most))


class Images:
    """The images of the training windows of ``data``: those in ``cached``, and others made by ``image``."""

    def __init__(self, image: Image, data: ZooData, cached: CachedImages) -> None:
        self.image, self.split, self.batch = copy.deepcopy(image).eval(), data.data.train, data.batch
        self.cached = cached

    @cached_property
    def _statistics(self) -> tuple[Tensor, Tensor]:
        return image_statistics(self.image, self.split, self.batch, self.cached)

    @property
    def mean(self) -> Tensor:
        """Over all pixels of a channel, `(c)`."""
        return self._statistics[0]

    @property
    def std(self) -> Tensor:
        """Over all pixels of a channel, `(c)`."""
        return self._statistics[1]

    @torch.no_grad()
    def some(self, most: int) -> tuple[Tensor, Tensor | None]:
        """At most ``most`` images `(b c h w)`, evenly spread; they have no mask."""
        return self.cached.of(self.image, *_read(self.split, evenly(len(self.split), most))), None


def _windows(model: ZooModel, data: ZooData, part: ComponentSpec) -> TrainingWindows:
    if model.image is None or not _reads_images(part):
        return Signals(data.learned, data.data.mean, data.data.std)
    return Images(model.image, data, model.cached)


def _read(split: Split, index: slice | Rows) -> tuple[Tensor, Tensor | None]:
    x, mask = split.read(index)
    return torch.from_numpy(x), None if mask is None else torch.from_numpy(mask)


@torch.no_grad()
def image_statistics(
    image: Image, split: Split, batch: int, cached: CachedImages = NOTHING_CACHED
) -> tuple[Tensor, Tensor]:
    """Mean and population deviation `(c)` in float64 over the pixels of all images of ``split``, ``batch`` at a time.

    One pass that combines batches as in Chan, Golub & LeVeque (1983). The mode of ``image`` does not change.
    """
    still = copy.deepcopy(image).eval()
    count, mean, spread = 0, torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for start in range(0, len(split), batch):
        images = cached.of(still, *_read(split, slice(start, start + batch)))
        pixels = images.double().transpose(0, 1).flatten(1)
        total = count + pixels.shape[1]
        gap = pixels.mean(1) - mean
        spread = spread + (pixels - pixels.mean(1, keepdim=True)).square().sum(1)
        spread = spread + gap.square() * (count * pixels.shape[1] / total)
        mean = mean + gap * (pixels.shape[1] / total)
        count = total
    return mean, (spread / count).sqrt()


def _reads_images(part: ComponentSpec) -> bool:
    if isinstance(part, HeadSpec):
        return part.needs == "image"
    return isinstance(part, EncoderSpec) and part.reads == "c h w"
