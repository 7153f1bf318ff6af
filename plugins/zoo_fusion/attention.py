"""Attention across channels."""

import torch
from einops import rearrange, repeat
from torch import Tensor, nn
from torch.nn import functional as F

from zoo.contracts import IdentityFusion, Tokens


class AttentionFusion(IdentityFusion):
    """Tokens `(b c n d)` at one position attend to each other across channels; padded tokens are not used as keys.

    A residual branch on normalised tokens. Its last map is initialised to 0, so that training starts from independent
    channels.
    """

    def __init__(self, dim: int, heads: int, width: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(dim)
        self.project_in = nn.Linear(dim, 3 * heads * width)
        self.project_out = nn.Linear(heads * width, dim)
        nn.init.zeros_(self.project_out.weight)
        nn.init.zeros_(self.project_out.bias)

    def mix(self, tokens: Tokens) -> Tokens:
        projected = self.project_in(self.norm(tokens.values))
        # Positions are folded into the head axis: attention kernels limit the batch size to 65535.
        query, key, value = rearrange(projected, "b c n (p h w) -> p b (n h) c w", p=3, h=self.heads)
        keys = None if tokens.mask is None else self._keys(tokens.mask)
        seen = F.scaled_dot_product_attention(query, key, value, keys)
        change = self.project_out(rearrange(seen, "b (n h) c w -> b c n (h w)", h=self.heads))
        return tokens._replace(values=tokens.values + change)

    def _keys(self, mask: Tensor) -> Tensor:
        """`(b c n) -> (b (n h) c c)`: real tokens, plus each token itself, so that no row is empty."""
        itself = torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
        return repeat(mask, "b c n -> b (n h) 1 c", h=self.heads) | itself
