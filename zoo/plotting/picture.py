"""A figure with its name, its title and its alternative text."""

import io
import warnings
from dataclasses import dataclass

import matplotlib as mpl
from matplotlib.figure import Figure
from zoo_registry.escaping import for_markup


@dataclass(frozen=True)
class Picture:
    """``name`` is a file name without ending; ``alt`` describes the picture in a sentence."""

    name: str
    title: str
    alt: str
    figure: Figure

    def drawn(self, kind: str = "png") -> bytes:
        """The figure as a file of ``kind`` png, on white, or svg, on nothing; the same bytes every time."""
        file = io.BytesIO()
        metadata = {"png": {"Software": None}, "svg": {"Date": None}}[kind]
        with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "shapezoo"}), warnings.catch_warnings():
            # PNG lacks the signs that no installed font has; SVG leaves them to its reader.
            warnings.filterwarnings("ignore", message="Glyph .* missing")
            self._lay_out()
            self.figure.savefig(file, format=kind, dpi=150, metadata=metadata, transparent=kind == "svg")
        drawn = file.getvalue()
        return for_markup(drawn.decode()).encode() if kind == "svg" else drawn

    def files(self) -> dict[str, bytes]:
        """The figure as PNG and SVG, by the names of the files."""
        return {f"{self.name}.{kind}": self.drawn(kind) for kind in ("png", "svg")}

    def _lay_out(self) -> None:
        """Drawn once: drawing again would take as long and move elements slightly."""
        engine = self.figure.get_layout_engine()
        if engine is not None:
            engine.execute(self.figure)
            self.figure.set_layout_engine(None)
