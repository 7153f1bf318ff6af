"""Training curves: loss terms, their shares and gradients, accuracies, reconstruction and codes over epochs."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from zoo_registry.suggest import listed

from zoo.plotting.drawing import SMALL, TEXT, new_figure, plain, tidy
from zoo.plotting.palette import MUTED, RAW, REBUILT, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture
from zoo.report.history import History, Series

WIDTH, HEIGHT = 3.9, 2.7


def curves(history: History) -> list[Picture]:
    """Every curve for which the training has values."""
    drawn = (_losses, _shares, _gradients, _accuracies, _reconstruction, _shapes, _quantization, _codes)
    return [picture for draw in drawn if (picture := draw(history)) is not None]


def _losses(history: History) -> Picture | None:
    """A panel per term, as its scales differ by orders of magnitude."""
    terms = history.terms()
    if not terms:
        return None

    def draw(axis: Axes, term: str) -> None:
        for split, color, style in (("train", RAW, "-"), ("val", REBUILT, "--")):
            values = history.columns.get(f"{split}/{term}")
            if values is not None:
                name = {"train": "training", "val": "validation"}[split]
                _line(axis, history, values, style, color, name)

    alt = f"Loss terms over {len(history.epochs)} epochs, unweighted: {_ends(history.named('train/'), terms)}."
    return Picture("losses", "Unweighted loss terms", alt, _panels(history, terms, draw))


def _gradients(history: History) -> Picture | None:
    """A panel per component, a line per term; only if training ran with --diagnose."""
    norms = history.named("grad/")
    if not norms:
        return None
    terms = list(dict.fromkeys(name.partition("/")[0] for name in norms))

    def draw(axis: Axes, component: str) -> None:
        for index, term in enumerate(terms):
            values = norms.get(f"{term}/{component}", np.full(len(history.epochs), np.nan))
            _line(axis, history, values, "-", SERIES[index % len(SERIES)], plain(term))

    components = list(dict.fromkeys(name.partition("/")[2] for name in norms))
    ends = _ends(norms, list(norms))
    alt = f"Norm of each weighted term's gradient by component over {len(history.epochs)} epochs: {ends}."
    figure = _panels(history, components, draw)
    for axis in figure.axes:
        axis.set_yscale("log", nonpositive="mask")
        axis.tick_params(which="both", labelsize=SMALL, labelcolor=SOFT, color=RULE)
    return Picture("gradients", "Gradient norm of each weighted loss term, by component", alt, figure)


def _panels(history: History, names: Sequence[str], draw: Callable[[Axes, str], None]) -> Figure:
    """A panel per name, three in a row, under one legend."""
    columns = min(len(names), 3)
    rows = -(-len(names) // columns)
    figure = new_figure(2.9 * columns, 1.75 * rows + 0.5)
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True).ravel()
    for axis, name in zip(axes, names, strict=False):
        draw(axis, name)
        tidy(axis, title=name)
        _mark(axis, history, named=False)
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    for axis in axes[max(len(names) - columns, 0) : len(names)]:
        axis.set_xlabel("epoch", fontsize=TEXT, color=SOFT)
        axis.tick_params(labelbottom=True)
    handles = axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=6, frameon=False, fontsize=TEXT)
    return figure


def _shares(history: History) -> Picture | None:
    shares = {term: np.nan_to_num(values) for term, values in history.shares().items() if np.nansum(values) > 0}
    if not shares:
        return None
    figure = new_figure(WIDTH, HEIGHT)
    axis = figure.subplots()
    colors = [SERIES[index % len(SERIES)] for index in range(len(shares))]
    labels = [plain(term) for term in shares]
    epochs, values = _wide(history.epochs, list(shares.values()))
    axis.stackplot(epochs, values, labels=labels, colors=colors, alpha=0.85, linewidth=0)
    tidy(axis, x="epoch", y="share of the weighted total")
    axis.set(ylim=(0, 1), xlim=(epochs[0], epochs[-1]))
    _mark(axis, history)
    figure.legend(loc="outside lower center", ncols=6, frameon=False, fontsize=TEXT)
    last = listed([f"{term} {values[-1]:.1%}" for term, values in shares.items()])
    alt = f"Share of each weighted loss term in the total, stacked over epochs; in the last epoch {last}."
    return Picture("loss-shares", "Share of each weighted loss term", alt, figure)


def _wide(epochs: Series, stacked: list[Series]) -> tuple[Series, list[Series]]:
    """Widen a single epoch to a visible band."""
    if len(epochs) > 1:
        return epochs, stacked
    return epochs[0] + np.asarray([-0.5, 0.5]), [np.repeat(values, 2) for values in stacked]


def _accuracies(history: History) -> Picture | None:
    lines = history.accuracies()
    if not lines:
        return None
    picture = _lines(history, "accuracies", "Accuracy during training", lines, "accuracy")
    picture.figure.axes[0].set_ylim(0, 1.02)
    return picture


def _reconstruction(history: History) -> Picture | None:
    r2 = history.columns.get("val/r2")
    if r2 is None:
        return None
    name = "R² of rebuilt signals, validation"
    picture = _lines(history, "r2", "Reconstruction during training", {name: r2}, "R²")
    picture.figure.axes[0].axhline(0, color=MUTED, linewidth=0.8)
    return picture


def _shapes(history: History) -> Picture | None:
    names = {
        "val/fit": "correlation, validation",
        "val/scale": "height, validation",
        "train/scale": "height, training",
    }
    lines = {words: history.columns[name] for name, words in names.items() if name in history.columns}
    known = {words: values for words, values in lines.items() if not np.isnan(values).all()}
    return (
        _lines(history, "shape-fit", "Drawn shapes compared with their stretches", known, "shape over stretch")
        if known
        else None
    )


def _quantization(history: History) -> Picture | None:
    error = history.columns.get("train/quantization_error")
    if error is None:
        return None
    name = "|z_e − z_q| / |z_e|, training"
    return _lines(history, "quantization", "Quantization error of tokens", {name: error}, "relative error")


def _codes(history: History) -> Picture | None:
    used, spread = history.named("val/", ".used"), history.named("val/", ".perplexity")
    lines = {f"{book} used": values for book, values in used.items()}
    lines |= {f"{book} perplexity": values for book, values in spread.items()}
    return _lines(history, "code-usage", "Codes used during training", lines, "codes") if lines else None


def _lines(history: History, name: str, title: str, lines: Mapping[str, Series], y: str) -> Picture:
    figure = new_figure(WIDTH, HEIGHT)
    axis = figure.subplots()
    for index, (label, values) in enumerate(lines.items()):
        color, style = SERIES[index % len(SERIES)], ("-", "--", ":")[index // len(SERIES) % 3]
        _line(axis, history, values, style, color, plain(label))
    tidy(axis, x="epoch", y=y)
    axis.grid(axis="y", color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
    _mark(axis, history)
    figure.legend(loc="outside lower center", ncols=2, frameon=False, fontsize=TEXT)
    alt = f"{title}, {len(history.epochs)} epochs: {_ends(lines, list(lines))}."
    return Picture(name, title, alt, figure)


def _line(axis: Axes, history: History, values: Series, style: str, color: str, label: str) -> None:
    """A line through the epochs that have a value, with a dot at each if some have none."""
    known = ~np.isnan(values)
    marker = "o" if len(known) == 1 else "" if known.all() else "."
    x, y = history.epochs[known], values[known]
    axis.plot(x, y, linestyle=style, marker=marker, color=color, linewidth=1.3, label=label)


def _mark(axis: Axes, history: History, named: bool = True) -> None:
    """Draw a line at the start of each phase, with its name."""
    marks = history.marks()
    for mark in marks:
        if mark.epoch > history.epochs[0]:
            axis.axvline(mark.epoch - 0.5, color=SOFT, linewidth=0.9, linestyle=(0, (2, 2)))
        if named and len(marks) > 1:
            text = axis.annotate(
                plain(mark.phase), (mark.epoch - 0.5, 1), xycoords=("data", "axes fraction"), xytext=(3, 3),
                textcoords="offset points", fontsize=SMALL, color=SOFT,
            )  # fmt: skip
            text.set_in_layout(True)


def _ends(lines: Mapping[str, Series], names: list[str]) -> str:
    """First and last value of each line in words."""
    return listed([f"{name} from {_first(lines[name]):.3g} to {_first(lines[name][::-1]):.3g}" for name in names])


def _first(values: Series) -> float:
    known = values[~np.isnan(values)]
    return float(known[0]) if len(known) else float("nan")
