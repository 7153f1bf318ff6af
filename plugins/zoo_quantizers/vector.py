"""Vector quantization with a learned codebook, of one level or of several."""

from torch import Tensor

from zoo.contracts import Losses, Quantized, ResizeCodes, Resizing, Stats, masked_mean
from zoo_quantizers.codebook import Codebook
from zoo_quantizers.latent import LatentQuantizer


class VectorQuantizer(LatentQuantizer):
    """Tokens `(b c n d)` as the sum over levels of their nearest codes in ``codebook``."""

    moves = True

    def __init__(self, tokens: int, codebook: Codebook, commit: float) -> None:
        super().__init__(tokens, codebook.width)
        self.codebook = codebook
        self.commit = commit

    def assign(self, latents: Tensor) -> Tensor:
        return self.codebook.assign(latents)

    def vectors(self, codes: Tensor) -> Tensor:
        return self.codebook.lookup(codes).sum(-2)

    def stats(self, latents: Tensor, codes: Tensor, mask: Tensor | None) -> Stats:
        return self.codebook.stats(latents, codes, mask)

    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """``z.commit``: mean squared distance of what each level was given from the code it chose; ``z`` weighs it."""
        chosen = self.codebook.lookup(quantized.codes)
        left = self.codebook.residuals(quantized.latents, chosen) - chosen
        commit = masked_mean(left.square(), mask)
        return {"z": self.commit * commit, "z.commit": commit}

    def update(self, stats: Stats) -> None:
        self.codebook.update(stats)

    def resizing(self) -> Resizing:
        return Resizing({"codebook": ResizeCodes("codes", "counts", "sums", unit=self.codebook.unit)})
