"""`hyper_parameters` of a public VQShape checkpoint: values that no tensor holds, and sizes that must agree with the
tensors."""

from collections.abc import Mapping
from typing import Any

from zoo_registry import BundleError, Checkpoint, show

PUBLISHED: Mapping[str, float] = {
    "num_transformer_enc_heads": 8,
    "num_transformer_dec_heads": 8,
    "mask_ratio": 0.25,
    "lambda_x": 1,
    "lambda_z": 1,
    "lambda_s": 1,
    "lambda_dist": 0.8,
    "lambda_vq_commit": 0.25,
    "lambda_vq_entropy": 0.1,
    "entropy_gamma": 1,
}
"""Values that no tensor holds, as in the public release."""

SHORTEST = 1 / 64
"""Shortest shape of the public release, as a share of the series; its checkpoints do not store it."""


class HyperParameters:
    """Entries of `hyper_parameters` by name; it records each default that replaced a missing entry.

    Raises BundleError if ``checkpoint`` has none, or has a codebook of another kind.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        entries = checkpoint.entries.get("hyper_parameters")
        if not isinstance(entries, Mapping):
            hint = "use the file as Lightning saved it, not its weights alone: heads and loss weights are in there"
            raise BundleError(checkpoint.where, "hyper_parameters beside the tensors", show(entries), hint)
        self.where = f"{checkpoint.where}: hyper_parameters"
        self.entries: Mapping[str, Any] = entries
        self.assumed: dict[str, float] = {}
        if (kind := entries.get("codebook_type", "standard")) != "standard":
            hint = "only the public release's own codebook can be imported"
            raise BundleError(f"{self.where}.codebook_type", "standard", show(kind), hint)

    def number(self, name: str) -> float:
        """One entry, or the published value if it is missing; raise BundleError if it is not a number."""
        if self.entries.get(name) is None:
            self.assumed[name] = PUBLISHED[name]
            return PUBLISHED[name]
        value = self.entries[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise BundleError(f"{self.where}.{name}", "a number", show(value), "ask the sender for a complete file")
        return value

    def count(self, name: str) -> int:
        """One entry that is a whole number."""
        value = self.number(name)
        if value != value // 1:
            raise BundleError(
                f"{self.where}.{name}", "a whole number", show(value), "ask the sender for a complete file"
            )
        return int(value)

    def tokenizer_heads(self) -> int:
        """As stored; the number of encoder heads for older files, which do not store it."""
        older = self.entries.get("num_tokenizer_heads") is None
        return self.count("num_transformer_enc_heads" if older else "num_tokenizer_heads")

    def shortest(self) -> float:
        """Shortest shape as a share of the series."""
        return SHORTEST if self.entries.get("min_shape_len") is None else self.number("min_shape_len")

    def require_agreement(self, sizes: Mapping[str, int]) -> None:
        """Raise BundleError if an entry gives another size than the tensors."""
        for name, size in sizes.items():
            if self.entries.get(name) is not None and self.number(name) != size:
                expected = f"{size}, as the tensors have it"
                hint = "the file is of two models, or was changed: ask the sender for the original"
                raise BundleError(f"{self.where}.{name}", expected, show(self.entries[name]), hint)

    def notes(self) -> list[str]:
        """Sentences about the assumed values, and about the loss weights, which belong to a run spec."""
        weights = {term: self.number(f"lambda_{term}") for term in ("x", "z", "s", "dist")}
        words = ", ".join(f'"{term}": {weight:g}' for term, weight in weights.items())
        notes = [f'its loss, as the phase of a run writes it: "weights": {{{words}}}']
        if self.assumed:
            assumed = ", ".join(f"{name} {value:g}" for name, value in self.assumed.items())
            notes.append(f"not in hyper_parameters, taken as the public release has it: {assumed}")
        if self.entries.get("num_tokenizer_heads") is None:
            notes.append("not in hyper_parameters, taken to be the encoder's: num_tokenizer_heads")
        return notes
