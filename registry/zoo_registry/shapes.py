"""Named shapes without the batch axis, so that specs can be checked before torch is imported."""

from dataclasses import dataclass

from zoo_registry.errors import ShapeError


@dataclass(frozen=True)
class Shape:
    """Axis names with sizes, e.g. ``Shape.of("c n d", 6, 64, 256)``.

    Letters: `c` channels, `t` time, `n` tokens, `d` width, `q` code levels, `k` codes or classes,
    `s` samples of a shape, `h w` image.
    """

    axes: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, layout: str, *sizes: int) -> "Shape":
        """Pair the letters of ``layout`` with ``sizes``."""
        return cls(tuple(zip(layout.split(), sizes, strict=True)))

    @property
    def layout(self) -> str:
        return " ".join(name for name, _ in self.axes)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(size for _, size in self.axes)

    def __getitem__(self, name: str) -> int:
        return dict(self.axes)[name]

    def __str__(self) -> str:
        return "(" + ", ".join(f"{name}={size}" for name, size in self.axes) + ")"

    def replace(self, **sizes: int) -> "Shape":
        """The same axes with some sizes changed."""
        return Shape(tuple((name, sizes.get(name, size)) for name, size in self.axes))

    def require(self, layout: str, where: str, hint: str) -> None:
        """Raise ShapeError unless the axes are those of ``layout``."""
        if self.layout != layout:
            raise ShapeError(where, f"an input ({layout})", str(self), hint)
