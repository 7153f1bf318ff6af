"""What is exported: a result of a model for complete windows, without anything that it does not depend on."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from zoo_registry import ModelSpec

from zoo.codebook.token_file import token_tensors
from zoo.contracts import required
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.model.coded import CodedModel
from zoo.weights.tasks import Task

_ENCODED = ("tokens", "codes", "recon")
"""What a head may read that an encoder is behind."""

Results = Tensor | Mapping[str, Tensor]
"""The only result, or several by name."""


class Predictor(nn.Module):
    """`x (b c t)` in the data's units -> the result of ``task``, else the last result of the model.

    Images `(b c h w)` for a model that reads them. ``result`` names the result if there is only one: `logits (b k)` to
    classify, `x_recon (b c t)` to reconstruct, `features (b c n d)` of a model that ends with its tokens. To tokenize
    gives the arrays of a token file by name. It is a copy on the CPU, in evaluation mode, of the components that the
    result depends on.
    """

    def __init__(self, model: ZooModel, task: Task | None = None) -> None:
        super().__init__()
        self.task = task or _last(model.spec)
        self.model = _alone(model, self.task)
        self.result = {"classify": "logits", "reconstruct": "x_recon"}.get(self.task or "", "features")

    @property
    def parameters_in_all(self) -> int:
        """Number of weights, without buffers such as statistics."""
        return sum(parameter.numel() for parameter in self.parameters())

    def forward(self, x: Tensor) -> Results:
        """The result; a dict of several."""
        if self.task == "tokenize":
            return token_tensors(CodedModel(self.model).encode(x))
        output = self.model.encode(x)
        if self.model.decoder is not None:
            output = self.model.decode(output)
        if self.model.head is not None:
            logits: Tensor = self.model.head(output)
            return logits
        if self.model.decoder is not None:
            return required(output.x_recon, "decoder", "export")
        return required(output.coded, "encoder", "export").features()

    def named(self, results: Results) -> dict[str, Tensor]:
        """``results`` of this module, or of a file made of it, by name."""
        return {self.result: results} if isinstance(results, Tensor) else dict(results)

    def example(self) -> Tensor:
        """Two windows, of two channels at least if their number is free: one would be taken for a fixed size."""
        signal = self.model.trace.signal
        if self.model.spec.channelwise:
            signal = signal.replace(c=max(2, signal["c"]))
        return torch.randn(2, *signal.sizes, generator=torch.Generator().manual_seed(0))


def _last(spec: ModelSpec) -> Task | None:
    return "classify" if spec.head else "reconstruct" if spec.decoder else None


def _alone(model: ZooModel, task: Task | None) -> ZooModel:
    """A copy of ``model`` with the components behind its result only."""
    with torch.random.fork_rng(devices=[]):
        found = build(_without_unused(model.spec, task))
    kept = found.state_dict().keys()
    found.load_state_dict({name: value for name, value in model.state_dict().items() if name in kept})
    return found.eval().requires_grad_(False)


def _without_unused(spec: ModelSpec, task: Task | None) -> ModelSpec:
    head, encoder = spec.head if task == "classify" else None, spec.encoder
    used = {"head"} if head else set()
    if encoder is not None and (head is None or head.needs in _ENCODED or head.needs_attributes):
        used |= {"fusion", "encoder", "quantizer"}
    if task == "reconstruct" or (head is not None and head.needs == "recon"):
        used.add("decoder")
    if (head is not None and head.needs == "image") or (encoder and "encoder" in used and encoder.reads == "c h w"):
        used.add("image")
    return spec.model_copy(update={role: None for role, _ in spec.components() if role not in used})
