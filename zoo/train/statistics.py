"""The statistics that a new model standardises by: those of the training split's signals, or of their images."""

import copy

import torch
from torch import Tensor
from zoo_registry import ComponentSpec, EncoderSpec, HeadSpec

from zoo.assembly import ZooModel
from zoo.contracts import Image, Standardize
from zoo.contracts.processes import once
from zoo.data.module import ZooData
from zoo.data.split import Split


def fill_statistics(model: ZooModel, data: ZooData) -> None:
    """Give every component the training split's mean and deviation of what it reads, unless weights brought some."""
    for role, part in model.spec.components():
        modules = model.get_submodule(role).modules()
        if not (empty := [m for m in modules if isinstance(m, Standardize) and not bool(m.filled)]):
            continue
        mean, std = _of_images(model, data) if _reads_images(part) else _of_signals(data)
        for module in empty:
            module.fill(mean, std)


def _of_images(model: ZooModel, data: ZooData) -> tuple[Tensor, Tensor]:
    image = model.image
    assert image is not None
    return once(lambda: image_statistics(image, data.data.train, data.batch))


def _of_signals(data: ZooData) -> tuple[Tensor, Tensor]:
    return torch.as_tensor(data.data.mean), torch.as_tensor(data.data.std)


@torch.no_grad()
def image_statistics(image: Image, split: Split, batch: int) -> tuple[Tensor, Tensor]:
    """Mean and population deviation `(c)` in float64 over the pixels of all images of ``split``, ``batch`` at a time.

    One pass, joining batches as in Chan, Golub & LeVeque (1983). ``image`` is left as it was.
    """
    still = copy.deepcopy(image).eval()
    count, mean, spread = 0, torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for start in range(0, len(split), batch):
        x, mask = split.read(slice(start, start + batch))
        images = still(torch.from_numpy(x), None if mask is None else torch.from_numpy(mask))
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
