"""Draws the pictures of the documents from two runs, those of the tutorial and of the quickstart.

python docs/pictures/draw.py runs/shapes runs/quickstart/recon-wrn
"""

import sys
from pathlib import Path

import numpy as np
import torch
from aeon.datasets import load_basic_motions
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from PIL import Image

import zoo
from zoo.codebook.shapes import decoded_shapes, normalised
from zoo.contracts import Output
from zoo.model.coded import CodedModel
from zoo.plotting.drawing import TEXT, new_figure, tidy
from zoo.plotting.palette import MUTED, RAW, REBUILT, RULE, SERIES

HERE = Path(__file__).parent
WINDOW, CHANNEL = 12, 0
"""A running window of the test split."""


def main(tutorial: str, quickstart: str) -> None:
    drawn = HERE / "overview.png"
    overview(zoo.Run(tutorial)).savefig(drawn, dpi=150)
    _store(drawn, "overview")
    _store(Path(tutorial) / "figures" / "shapes.png", "tutorial-shapes")
    _store(Path(quickstart) / "figures" / "codebook-shapes.png", "basic-motions")


def _store(picture: Path, name: str) -> None:
    """A third of the size, with 64 colours."""
    Image.open(picture).convert("RGB").quantize(64).save(HERE / f"{name}.png", optimize=True)


def overview(run: zoo.Run) -> Figure:
    """A window as its shapes, the signal rebuilt from them, and all shapes of the codebook."""
    x, _ = load_basic_motions(split="test")
    model = run.model
    with torch.no_grad():
        output = model(torch.from_numpy(x[[WINDOW]]).float().to(model.device))
    figure = new_figure(9.2, 3.6)
    left, right = figure.subfigures(1, 2, width_ratios=(1.7, 1))
    above, below = left.subplots(2, sharex=True)
    _shapes(above, output)
    below.plot(output.x[0, CHANNEL].cpu(), color=RAW, linewidth=1.1, label="raw")
    below.plot(output.x_recon[0, CHANNEL].cpu(), color=REBUILT, linewidth=1.3, label="rebuilt from shapes alone")
    below.legend(frameon=False, fontsize=TEXT, ncols=2, loc="lower left", bbox_to_anchor=(0, 0.98), borderpad=0)
    tidy(above, title="one channel of a running window, and its shapes")
    tidy(below, x="sample")
    _codebook(right, CodedModel(model))
    return figure


def _shapes(axis: Axes, output: Output) -> None:
    shapes = output.shapes[0, CHANNEL].cpu()
    starts, lengths = (part[0, CHANNEL].cpu() for part in (output.attributes["t"], output.attributes["l"]))
    codes = output.quantized.codes[0, CHANNEL, :, 0].tolist()
    last = output.x.shape[-1] - 1
    axis.plot(output.x[0, CHANNEL].cpu(), color=MUTED, linewidth=3)
    for start, length, code, shape in zip(starts, lengths, codes, shapes, strict=True):
        places = np.linspace(float(start) * last, min(float(start + length), 1) * last, len(shape))
        axis.plot(places, shape, color=SERIES[code % len(SERIES)], linewidth=1.3)


def _codebook(figure: Figure, model: CodedModel) -> None:
    shapes = normalised(decoded_shapes(model, [np.arange(model.size)])[0])
    cells = figure.subplots(4, 8, sharex=True, sharey=True)
    for code, (axis, shape) in enumerate(zip(cells.flat, shapes, strict=True)):
        axis.axhline(0, color=RULE, linewidth=0.6)
        axis.plot(shape, color=SERIES[code % len(SERIES)], linewidth=1.3)
        axis.set_axis_off()
    figure.suptitle("the codebook: 32 shapes", fontsize=TEXT + 0.5, x=0.05, ha="left")


if __name__ == "__main__":
    main(*sys.argv[1:])
