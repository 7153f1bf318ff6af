"""Tokens and the words of their class: fusion by attention, names of codes, and the loss terms of both."""

from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import Shape

from zoo.contracts import (
    ActionTable,
    ClassActions,
    EncodedOutput,
    Quantizer,
    Text,
    Tokens,
    Worded,
    masked_mean,
    masked_mse,
    observed,
    pooled_mean,
    rows_of_all,
    window_mean,
)
from zoo_text.attention import CrossAttention
from zoo_text.contrast import instances, supervised
from zoo_text.specs import WordsSpec


class Fused(NamedTuple):
    """Tokens fused with text `signal (b c n d)`, text fused with tokens `text (b c a d)`, and the attention of tokens
    to actions, `weights (b c n a)`."""

    signal: Tensor
    text: Tensor
    weights: Tensor


class Words(Text):
    """Cross-attention both ways for each channel, and a network that names actions from a code or from a token.

    Tokens are read before they are quantized. Attended actions are targets without a gradient.
    """

    table: ActionTable

    def __init__(self, spec: WordsSpec, tokens: Shape, attributes: int, reads: Literal["codes", "attributes"]) -> None:
        super().__init__()
        width = tokens["d"]
        fed = width + (attributes if spec.feed == "tokens" else 0)
        self.feed, self.reads, self.temperature = spec.feed, reads, spec.temperature
        self.table = ActionTable(spec)
        actions, numbers = self.table.rows.shape
        self.project = nn.Linear(numbers, width)
        self.to_signal = CrossAttention(fed, width, width, spec.heads)
        self.to_text = CrossAttention(width, fed, width, spec.heads)
        self.signal_head, self.text_head = nn.Linear(width, width), nn.Linear(width, width)
        named = width + (attributes if reads == "attributes" else 0)
        self.namer = nn.Sequential(nn.Linear(named, spec.hidden), nn.GELU(), nn.Linear(spec.hidden, actions))
        self.codebook: Quantizer | None = None
        if spec.codebook is not None:
            self.codebook = spec.codebook.build(tokens.replace(n=self.table.numbers.shape[1]))

    def forward(self, output: EncodedOutput, target: Tensor) -> Worded:
        tokens, actions = output.tokens, self.table(target)
        fused = self.fuse(tokens, actions)
        real = actions.present.unsqueeze(1).expand(fused.text.shape[:-1])
        signal = F.normalize(self.signal_head(window_mean(fused.signal, tokens.mask)), dim=1)
        text = F.normalize(self.text_head(window_mean(fused.text, real)), dim=1)
        one, other, labels = rows_of_all(signal), rows_of_all(text), rows_of_all(target)
        pairs = ((one, other), (other, one))
        logits, weights = self.predict(output), fused.weights.detach()
        losses = {
            "con": torch.stack([supervised(*pair, labels, self.temperature) for pair in pairs]).mean(),
            "nce": torch.stack([instances(*pair, labels, self.temperature) for pair in pairs]).mean(),
            "same": _relative(tokens.values, fused.signal.detach(), tokens.mask),
            "act": _divergence(self.attended(weights, actions), logits, tokens.mask),
            "label": self._unlike_label(logits, target, tokens.mask),
        }
        if self.codebook is None:
            return Worded({**losses, "a": self._which_action(fused.text, actions)}, attention=weights)
        quantized = self.codebook(fused.text, real)
        return Worded({**losses, "a": self.codebook.losses(quantized, real)["z"]}, quantized, weights)

    def predict(self, output: EncodedOutput) -> Tensor:
        logits: Tensor = self.namer(output.coded.values if self.reads == "codes" else output.tokens.features())
        return logits

    def fuse(self, tokens: Tokens, actions: ClassActions) -> Fused:
        """Tokens `(b c n d)` and the actions of their class, each with what it takes from the other."""
        fed = tokens.values if self.feed == "z" else tokens.features()
        text = self.project(actions.vectors).unsqueeze(1).expand(-1, fed.shape[1], -1, -1)
        given, weights = self.to_signal(fed, text, actions.present.unsqueeze(1).expand(text.shape[:-1]))
        taken, _ = self.to_text(text, fed, tokens.mask)
        return Fused(tokens.values + given, text + taken, weights)

    def attended(self, weights: Tensor, actions: ClassActions) -> Tensor:
        """Attention to the actions of a class `(b c n a)` as chances of all actions `(b c n g)`."""
        index = actions.numbers[:, None, None].expand(weights.shape)
        return weights.new_zeros(*weights.shape[:-1], len(self.table.rows)).scatter_add(-1, index, weights)

    def _unlike_label(self, logits: Tensor, target: Tensor, mask: Tensor | None) -> Tensor:
        said = window_mean(logits.softmax(-1), mask) @ self.table.rows
        return 1 - F.cosine_similarity(said, self.table.labels()[target], dim=1).mean()

    def _which_action(self, text: Tensor, actions: ClassActions) -> Tensor:
        """Cross-entropy of the cosines between fused text tokens and all actions."""
        known = F.normalize(self.project(self.table.rows), dim=1)
        logits = F.normalize(text, dim=-1) @ known.T / self.temperature
        wanted = actions.numbers.unsqueeze(1).expand(logits.shape[:-1])
        there = actions.present.unsqueeze(1).expand(wanted.shape)
        return pooled_mean(F.cross_entropy(logits[there], wanted[there], reduction="sum"), there.sum())


def _relative(one: Tensor, other: Tensor, mask: Tensor | None) -> Tensor:
    """Squared difference over the mean square of ``other``, both over real tokens."""
    seen = observed(mask, other)
    scale = pooled_mean(torch.where(seen, other, 0).square().sum(), seen.sum())
    return masked_mse(one, other, mask) / scale.clamp(min=torch.finfo(other.dtype).tiny)


def _divergence(wanted: Tensor, logits: Tensor, mask: Tensor | None) -> Tensor:
    """KL(wanted ‖ predicted) `(b c n g)`, mean over real tokens."""
    parts = F.kl_div(logits.log_softmax(-1), wanted, reduction="none").sum(-1)
    return masked_mean(parts, mask)
