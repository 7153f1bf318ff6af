"""What is exported: the result of a model for complete windows, without anything that it does not depend on."""

import torch
from torch import Tensor, nn
from zoo_registry import ModelSpec, Shape

from zoo.contracts import required
from zoo.model.assembly import ZooModel
from zoo.model.build import build

_ENCODED = ("tokens", "codes", "recon")
"""What a head may read that an encoder is behind."""


class Predictor(nn.Module):
    """`x (b c t)` in the data's units -> the last result of a model: logits, else its reconstruction, else its tokens.

    Images `(b c h w)` for a model that reads them. ``result`` is the name of the result in a trace, ``shape`` its shape
    without `b`. It is a copy on the CPU, in evaluation mode, of the components that the result depends on.
    """

    def __init__(self, model: ZooModel) -> None:
        super().__init__()
        self.model = _alone(model)
        trace = self.model.trace
        self.result = "logits" if trace.logits else "recon" if trace.recon else "features"
        self.shape: Shape = dict(trace.stages())[self.result]

    @property
    def parameters_in_all(self) -> int:
        """Number of weights, without buffers such as statistics."""
        return sum(parameter.numel() for parameter in self.parameters())

    def forward(self, x: Tensor) -> Tensor:
        """The result, `(b k)`, `(b c t)` or `(b c n d)`."""
        output = self.model.encode(x)
        if self.model.decoder is not None:
            output = self.model.decode(output)
        if self.model.head is not None:
            logits: Tensor = self.model.head(output)
            return logits
        if self.model.decoder is not None:
            return required(output.x_recon, "decoder", "export")
        return required(output.coded, "encoder", "export").features()


def _alone(model: ZooModel) -> ZooModel:
    """A copy of ``model`` with the components behind its result only."""
    with torch.random.fork_rng(devices=[]):
        found = build(_without_unused(model.spec))
    kept = found.state_dict().keys()
    found.load_state_dict({name: value for name, value in model.state_dict().items() if name in kept})
    return found.eval().requires_grad_(False)


def _without_unused(spec: ModelSpec) -> ModelSpec:
    head, encoder = spec.head, spec.encoder
    used = {"head"}
    if encoder is not None and (head is None or head.needs in _ENCODED or head.needs_attributes):
        used |= {"fusion", "encoder", "quantizer"}
    if head is None or head.needs == "recon":
        used.add("decoder")
    if (head is not None and head.needs == "image") or (encoder and "encoder" in used and encoder.reads == "c h w"):
        used.add("image")
    return spec.model_copy(update={role: None for role, _ in spec.components() if role not in used})
