"""WideResNets published as `{model_state_dict, optimizer_state_dict, epoch}`, as heads of this plugin."""

from collections.abc import Mapping
from typing import Any

from zoo_registry import BundleError, Checkpoint, Imported, Importer, input_sizes

SERIES: Mapping[str, int] = {"t": 100}
IMAGES: Mapping[str, int] = {"h": 64, "w": 64}
"""Sizes of the windows and images that the published networks were trained on; the network itself takes any."""

LAST_STAGE = 64
"""Channels of the last stage for each unit of width."""


class PublicWideResNet(Importer):
    """A WideResNet on series or images; the axes of its first convolution distinguish the two.

    Depth, width, channels and classes come from the tensors. The mean and deviation that standardised its inputs are
    not in the file.
    """

    published = "github.com/jeunsom/TDA_KD, under the MIT licence: trained on PAMAP2"

    def convert(self, checkpoint: Checkpoint, given: Mapping[str, int]) -> Imported:
        """A model with only a head; ``given`` may set t for a 1-D network, h and w for a 2-D one."""
        stem = checkpoint.tensors.get("conv1.weight")
        images = stem is not None and stem.dim() == 4
        channels = checkpoint.shape("conv1.weight", 4 if images else 3)[1]
        classes, width = _linear(checkpoint)
        sizes, notes = input_sizes(given, IMAGES if images else SERIES)
        head = {"depth": 6 * checkpoint.layers("block1.nblockLayer") + 4, "width": width}
        if images:
            input_fields: dict[str, Any] = {"channels": channels, "height": sizes["h"], "width": sizes["w"]}
            head_of, place = {"kind": "wrn.image", **head}, "head.network"
        else:
            input_fields = {"channels": channels, "length": sizes["t"]}
            head_of, place = {"kind": "wrn.signal", **head}, "head.classifier.network"
        model = {"input": {**input_fields, "classes": classes}, "head": head_of}
        return Imported(model, {f"{place}.{name}": tensor for name, tensor in checkpoint.tensors.items()}, notes)


def _linear(checkpoint: Checkpoint) -> tuple[int, int]:
    """Number of classes and width of the network; raise BundleError if the last stage gives no whole width."""
    classes, channels = checkpoint.shape("fc.weight", 2)
    if channels % LAST_STAGE or not channels:
        hint = "check that the file is a WideResNet's"
        raise BundleError(checkpoint.where, f"fc.weight on a multiple of {LAST_STAGE} channels", str(channels), hint)
    return classes, channels // LAST_STAGE
