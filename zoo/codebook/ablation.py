"""Whether the decoder uses the codebook: the reconstruction with codes or attributes replaced."""

from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from zoo.codebook.code_statistics import CodeStatistics
from zoo.codebook.report import Ablation, BypassReport
from zoo.contracts import Attributes, CodedOutput, DecodedOutput, Head, Quantizer, book_of, observed
from zoo.contracts.codes import nearest_others
from zoo.evaluation.judge import Judge
from zoo.evaluation.judges import predict
from zoo.evaluation.score import HEAD
from zoo.model.assembly import ZooModel
from zoo.model.coded import CodedModel

RAW, FOUND, SHUFFLED, FLATTENED, LEVELLED = "raw signals", "as found", "codes shuffled", "sigma zero", "mu's mean"
"""Rows of the ablations: the input of the readers."""
AVERAGED = "averaged"


class CodeAblation:
    """Squared errors over observed samples; replacement codes come from the statistics ``known``.

    ``judges``, and the model's own head if it reads reconstructions, also count what is still recognised.
    """

    def __init__(self, model: CodedModel, known: CodeStatistics, judges: Mapping[str, Judge] | None = None) -> None:
        device = model.device
        used = torch.from_numpy(known.counts[:, 0].sum(-1) > 0).to(device)
        self.model = model
        self.judges = dict(judges or {})
        self.pool = known.pool
        self.typical = known.pool.typical(model.quantizer, device)
        self.nearest = nearest_codes(model.quantizer, used, known.shape[1])
        self.several = bool((used.sum(1) > 1).any())
        self._own = _reader_of_recon(model.model)
        self._errors: dict[str, float] = {}
        self._correct: dict[str, dict[str, int]] = {}
        self._samples = 0

    @torch.no_grad()
    def update(self, output: CodedOutput, decoded: DecodedOutput, labels: Tensor) -> None:
        """Add the outputs of ``encode`` and ``decode`` for some windows of classes `labels (b)`."""
        codes, x = output.quantized.codes, output.x
        seen = observed(output.mask, x).to(x.dtype)
        mean = (x * seen).sum(-1, keepdim=True) / seen.sum(-1, keepdim=True).clamp(min=1)
        read = {RAW: replace(decoded, x_recon=x), FOUND: decoded} | self._ablated(output)
        rebuilt = {name: part.x_recon for name, part in read.items() if name != RAW} | {
            "mean": mean,
            AVERAGED: self._decode(output, _per_book(self.typical, codes)).x_recon,
            "nearest": self._decode(output, self._neighbours(codes)).x_recon,
        }
        for name, value in rebuilt.items():
            error = float(((x - value) * seen).double().square().sum())
            self._errors[name] = self._errors.get(name, 0.0) + error
        self._samples += int(seen.sum())
        for name, part in read.items():
            self._count(name, part, labels)

    def _decode(self, output: CodedOutput, codes: Tensor) -> DecodedOutput:
        return self.model.model.decode(altered(self.model, output, codes))

    def _ablated(self, output: CodedOutput) -> dict[str, DecodedOutput]:
        """The reconstruction with part of the tokens' content removed."""
        found = {SHUFFLED: altered(self.model, output, self.pool.draw(output.quantized.codes))}
        given, changed = output.attributes, {}
        if "sigma" in given:
            changed[FLATTENED] = {**given, "sigma": torch.zeros_like(given["sigma"])}
        if "mu" in given:
            changed[LEVELLED] = {**given, "mu": series_mean(given["mu"], _real(output)).expand_as(given["mu"])}
        found |= {name: altered(self.model, output, attributes=part) for name, part in changed.items()}
        return {name: self.model.model.decode(part) for name, part in found.items()}

    def _count(self, name: str, read: DecodedOutput, labels: Tensor) -> None:
        """Add the windows that every reader classifies correctly."""
        guesses = {judge: predict(network, read.x_recon, read.mask) for judge, network in self.judges.items()}
        if self._own is not None:
            guesses = {HEAD.name: self._own(read).argmax(-1)} | guesses
        counts = self._correct.setdefault(name, {})
        for reader, guess in guesses.items():
            counts[reader] = counts.get(reader, 0) + int((guess == labels).sum())

    def _neighbours(self, codes: Tensor) -> Tensor:
        """`(b c n q)` with the first level's codes replaced by the next ones."""
        book = book_of(codes.shape[1], len(self.nearest), codes.device)
        first = self.nearest[book.view(1, -1, 1), codes[..., 0]]
        return torch.cat([first.unsqueeze(-1), codes[..., 1:]], -1)

    def report(self, room: float | None = None) -> BypassReport:
        """Means over all windows; ``room`` is the share of the spread that lies within tokens, None: unknown."""
        mse = {name: error / max(self._samples, 1) for name, error in self._errors.items()}
        gain = mse["mean"] - mse[FOUND]
        lost = {name: (error - mse[FOUND]) / gain if gain > 0 else None for name, error in mse.items()}
        level = mse["mean"] * min(1.0, 1.0 if room is None else room)
        least = min(mse[name] for name in (SHUFFLED, AVERAGED, FLATTENED) if name in mse)
        return BypassReport(
            mse=mse[FOUND],
            mean_mse=mse["mean"],
            shuffled=mse[SHUFFLED],
            averaged=mse[AVERAGED],
            nearest=mse["nearest"] if self.several else None,
            reliance=_share(lost[SHUFFLED] or 0.0),
            level_mse=level,
            need=_share((least - mse[FOUND]) / level) if level > 0 else 0.0,
            ablations=tuple(
                Ablation(name=name, mse=mse.get(name), lost=lost.get(name), correct=counts)
                for name, counts in self._correct.items()
            ),
        )


def _share(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _reader_of_recon(model: ZooModel) -> Head | None:
    """The head, if it reads the reconstruction."""
    return model.head if model.spec.head is not None and model.spec.head.needs == "recon" else None


def altered(
    model: CodedModel, output: CodedOutput, codes: Tensor | None = None, attributes: Attributes | None = None
) -> CodedOutput:
    """``output`` with other `codes (b c n q)` and their values, or other ``attributes``; None keeps the original."""
    tokens, quantized = output.tokens, output.quantized
    if codes is not None:
        quantized = quantized._replace(values=model.quantizer.decode(codes), codes=codes)
    if attributes is not None:
        tokens = tokens._replace(attributes=attributes)
    return replace(output, tokens=tokens, quantized=quantized)


def series_mean(values: Tensor, real: Tensor) -> Tensor:
    """Mean of `(b c n)` over the real tokens of each series, `(b c 1)`."""
    return torch.where(real, values, 0).sum(-1, keepdim=True) / real.sum(-1, keepdim=True).clamp(min=1)


def _real(output: CodedOutput) -> Tensor:
    """Which tokens are real, `(b c n)`."""
    return observed(output.tokens.mask, output.tokens.values[..., 0])


def _per_book(codes: Tensor, like: Tensor) -> Tensor:
    """One tuple of codes per book `(g q)` for every token of ``like (b c n q)``."""
    book = book_of(like.shape[1], len(codes), like.device)
    return codes[book][None, :, None].expand_as(like)


@torch.no_grad()
def nearest_codes(quantizer: Quantizer, used: Tensor, levels: int) -> Tensor:
    """The nearest other used code of the first level by Euclidean distance, `(g k)`, for each that is ``used (g k)``.

    Codes of other levels stay the same; a code that is not used, or the only one, keeps its own number.
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
