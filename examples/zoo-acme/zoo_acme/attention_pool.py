"""Attention pooling of tokens: Ilse, Tomczak & Welling, Attention-based deep multiple instance learning, ICML 2018."""

from torch import Tensor, nn

from zoo.contracts import Head, Output


class AttentionPoolHead(Head):
    """Tokens `(b c n d) -> (b k)`: a mean over channels and real tokens, weighed by softmax(w · tanh(V · token))."""

    def __init__(self, dim: int, hidden: int, classes: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(nn.Linear(dim, hidden), nn.Tanh(), nn.Linear(hidden, 1, bias=False))
        self.classify = nn.Linear(dim, classes)

    def forward(self, output: Output) -> Tensor:
        tokens = output.coded
        assert tokens is not None
        features = tokens.features().flatten(1, 2)
        scores = self.weigh(features).squeeze(-1).float()
        if tokens.mask is not None:
            real = tokens.mask.flatten(1)
            scores = scores.masked_fill(~real, -1e9)
        weights = scores.softmax(-1).to(features.dtype)
        logits: Tensor = self.classify((weights.unsqueeze(-1) * features).sum(1))
        return logits
