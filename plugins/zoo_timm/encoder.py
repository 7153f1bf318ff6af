"""Tokens from the last feature map of an image backbone."""

from einops import rearrange
from torch import Tensor, nn
from torch.nn import functional as F
from zoo_registry import ShapeError

from zoo.contracts import Encoder, Tokens
from zoo_timm.backbones import FeatureMap


class ImageEncoder(Encoder):
    """`(b c h w) -> (b 1 n d)`: the feature map averaged to ``grid`` x ``grid`` cells, each projected to ``dim``.

    Raises ShapeError for a grid finer than the map, whose cells would repeat.
    """

    def __init__(self, backbone: FeatureMap, grid: int, dim: int) -> None:
        super().__init__()
        if grid > min(backbone.rows, backbone.columns):
            found = f"a feature map of {backbone.rows} x {backbone.columns}"
            hint = "use a smaller grid, a larger image or a backbone that keeps more positions"
            raise ShapeError("encoder.grid", f"at least {grid} x {grid} positions", found, hint)
        self.grid = grid
        self.backbone = backbone
        self.project = nn.Linear(backbone.channels, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """Tokens of `x (b c h w)`, row by row; all of them real."""
        cells = F.adaptive_avg_pool2d(self.backbone(x), self.grid)
        return Tokens(self.project(rearrange(cells, "b c h w -> b 1 (h w) c")))
