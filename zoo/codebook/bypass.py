"""Whether the decoder listens to the codebook: the reconstruction with other codes in the place of those found."""

from dataclasses import replace

import torch
from torch import Tensor

from zoo.assembly import ZooModel
from zoo.codebook.report import BypassReport
from zoo.codebook.survey import Survey
from zoo.contracts import Output, Quantizer, book_of
from zoo.contracts.codes import nearest_others


class Bypass:
    """Squared errors over observed samples; the codes to put in place are those of the survey ``known``."""

    def __init__(self, model: ZooModel, known: Survey) -> None:
        assert model.quantizer is not None
        device = model.device
        used = torch.from_numpy(known.counts[:, 0].sum(-1) > 0).to(device)
        self.model = model
        self.pool = known.pool
        self.typical = known.pool.typical(model.quantizer, device)
        self.nearest = nearest_codes(model.quantizer, used, known.shape[1])
        self.several = bool((used.sum(1) > 1).any())
        self._errors: dict[str, float] = dict.fromkeys(("found", "mean", "shuffled", "averaged", "nearest"), 0.0)
        self._samples = 0

    @torch.no_grad()
    def update(self, output: Output) -> None:
        """Add what ``encode`` gave for some windows."""
        assert output.quantized is not None
        codes, x = output.quantized.codes, output.x
        seen = torch.ones_like(x) if output.mask is None else output.mask.to(x.dtype)
        mean = (x * seen).sum(-1, keepdim=True) / seen.sum(-1, keepdim=True).clamp(min=1)
        rebuilt = {
            "found": self._rebuilt(output, codes),
            "mean": mean,
            "shuffled": self._rebuilt(output, self.pool.draw(codes)),
            "averaged": self._rebuilt(output, _per_book(self.typical, codes)),
            "nearest": self._rebuilt(output, self._neighbours(codes)),
        }
        for name, value in rebuilt.items():
            self._errors[name] += float(((x - value) * seen).double().square().sum())
        self._samples += int(seen.sum())

    def _rebuilt(self, output: Output, codes: Tensor) -> Tensor:
        found = self.model.decode(with_codes(self.model, output, codes)).x_recon
        assert found is not None
        return found

    def _neighbours(self, codes: Tensor) -> Tensor:
        """`(b c n q)` with the first level's codes replaced by the next ones."""
        book = book_of(codes.shape[1], len(self.nearest), codes.device)
        first = self.nearest[book.view(1, -1, 1), codes[..., 0]]
        return torch.cat([first.unsqueeze(-1), codes[..., 1:]], -1)

    def report(self) -> BypassReport:
        """Means over everything added."""
        mse = {name: error / max(self._samples, 1) for name, error in self._errors.items()}
        gain = mse["mean"] - mse["found"]
        lost = (mse["shuffled"] - mse["found"]) / gain if gain > 0 else 0.0
        return BypassReport(
            mse=mse["found"],
            mean_mse=mse["mean"],
            shuffled=mse["shuffled"],
            averaged=mse["averaged"],
            nearest=mse["nearest"] if self.several else None,
            reliance=min(max(lost, 0.0), 1.0),
        )


def with_codes(model: ZooModel, output: Output, codes: Tensor) -> Output:
    """``output`` with other `codes (b c n q)` and their values, attributes as they were."""
    assert model.quantizer is not None
    assert output.quantized is not None
    values = model.quantizer.decode(codes)
    return replace(output, quantized=output.quantized._replace(values=values, codes=codes))


def _per_book(codes: Tensor, like: Tensor) -> Tensor:
    """One tuple of codes per book `(g q)` for every token of ``like (b c n q)``."""
    book = book_of(like.shape[1], len(codes), like.device)
    return codes[book][None, :, None].expand_as(like)


@torch.no_grad()
def nearest_codes(quantizer: Quantizer, used: Tensor, levels: int) -> Tensor:
    """The nearest other used code of the first level by Euclidean distance, `(g k)`, for each that is ``used (g k)``.

    Codes of other levels are held; a code that is not used, or the only one, keeps its own number.
    """
    books, size = used.shape
    codes = torch.zeros(1, books, size, levels, dtype=torch.int64, device=used.device)
    codes[..., 0] = torch.arange(size, device=used.device)
    values, found = quantizer.decode(codes)[0].double(), codes[0, :, :, 0].clone()
    for book in range(books):
        known = used[book].nonzero().squeeze(1)
        if len(known) > 1:
            found[book, known] = known[nearest_others(values[book, known])[1]]
    return found
