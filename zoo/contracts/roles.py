"""Base classes of the roles of a model: only the methods that the assembly calls."""

from abc import abstractmethod
from collections.abc import Mapping

from torch import Tensor, nn

from zoo.contracts.resizing import Resizing
from zoo.contracts.values import Decoded, Losses, Output, Quantized, Stats, Tapped, Tokens


class Component(nn.Module):
    """The common base of the roles of a model."""

    def resizing(self) -> Resizing:
        """How tensors from a model of other sizes are resized; tensors not listed here cannot be."""
        return Resizing()

    def renamed(self, name: str) -> str:
        """Today's name of a tensor that an earlier version of the component stored as ``name``."""
        return name


class Fusion(Component):
    """Channels into series and back."""

    @abstractmethod
    def fold(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """`(b c t) -> (b c' t')`, and the mask in the same way."""

    @abstractmethod
    def unfold(self, series: Tensor) -> Tensor:
        """`(b c' t') -> (b c t)`: the input's shape, not necessarily its values."""

    def mix(self, tokens: Tokens) -> Tokens:
        """Let channels see each other: `(b c' n d) -> (b c' n d)`; identity unless overridden."""
        return tokens


class IdentityFusion(Fusion):
    """Every channel is a series: `(b c t) -> (b c t)`, and back; also the fusion of a model whose spec has none."""

    def fold(self, x: Tensor, mask: Tensor | None) -> tuple[Tensor, Tensor | None]:
        return x, mask

    def unfold(self, series: Tensor) -> Tensor:
        return series


class Image(Component):
    """An image of a signal."""

    @abstractmethod
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`(b c t) -> (b c h w)`; unobserved samples must not affect the result."""

    def diagram(self, x: Tensor, mask: Tensor | None = None) -> Tensor | None:
        """Persistence diagram that the image shows: births and deaths of each channel of `x (b c t)`, `(b c m 2)`.

        Unused rows have equal ends. The result is None for an image that shows none.
        """
        return None


class Encoder(Component):
    """Tokens from folded series, or from an image."""

    @abstractmethod
    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tokens:
        """`(b c t)` with its mask `-> (b c n d)`, or `(b c h w)`, whose mask is None, `-> (b 1 n d)`."""

    def losses(self, tokens: Tokens) -> Losses:
        """Unweighted terms of the encoder, means over real tokens."""
        return {}


class Quantizer(Component):
    """Tokens replaced by codes; ``forward`` changes no state.

    ``moves``: whether ``update`` changes the codebook; it is False for codebooks learned only by gradient.
    """

    moves: bool = False

    @abstractmethod
    def forward(self, values: Tensor, mask: Tensor | None = None) -> Quantized:
        """`(b c n d)`, mask `(b c n) ->` codes and values. Padded tokens do not affect statistics."""

    @abstractmethod
    def decode(self, codes: Tensor) -> Tensor:
        """`(... q) -> (... d)`; ``decode(codes)`` equals ``values``."""

    @abstractmethod
    def losses(self, quantized: Quantized, mask: Tensor | None = None) -> Losses:
        """The term ``z`` and its parts ``z.*``, means over real tokens."""

    def part_weights(self) -> Mapping[str, float]:
        """Weights of the parts ``z.*`` within ``z``; logged-only parts are omitted."""
        return {}

    def merge(self, one: Stats, other: Stats) -> Stats:
        """Combine the statistics of two batches; sums, unless overridden."""
        return {name: value + other[name] for name, value in one.items()}

    def update(self, stats: Stats) -> None:
        """Moving averages and resets from the merged ``stats`` of this process, synchronised with all others; called
        once per optimizer step."""
        return


class Decoder(Component):
    """Series from tokens."""

    @abstractmethod
    def forward(self, tokens: Tokens) -> Decoded:
        """`(b c n d) -> (b c t)`."""

    @property
    def reads_table(self) -> bool:
        """Whether ``forward`` takes a second argument, a `CodeTable` or None.

        If tokens are codes, the table holds every possible token, so that what depends only on a token may be computed
        once per row.
        """
        return False

    def losses(self, decoded: Decoded, tokens: Tokens, series: Tensor, mask: Tensor | None = None) -> Losses:
        """Unweighted terms beyond the reconstruction, in the input's units.

        ``decoded`` has its scale restored; ``series`` and ``mask`` `(b c t)` are the folded input before the scale is
        removed.
        """
        return {}

    def targets(
        self, tokens: Tokens, series: Tensor, mask: Tensor | None, samples: int
    ) -> tuple[Tensor, Tensor | None] | None:
        """What drawn shapes represent: stretches of the folded ``series (b c t)``, `(b c n s)`, and the mask of their
        observed samples, None = all. The result is None for a decoder without shapes."""
        return None


class Head(Component):
    """Class logits."""

    @abstractmethod
    def forward(self, output: Output) -> Tensor:
        """`(b k)` from the parts of ``output`` that the spec's ``needs`` names; pools over observed positions."""

    def tapped(self, output: Output) -> Tapped:
        """The logits of ``forward``, and the features that the spec's ``taps`` names, in the same order."""
        return Tapped(self(output), ())
