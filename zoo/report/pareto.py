"""The Pareto front of several runs."""

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from matplotlib.axes import Axes
from zoo_registry.suggest import listed

from zoo.plotting.drawing import SMALL, new_figure, plain, tidy
from zoo.plotting.palette import INK, MUTED, RULE, SERIES, SOFT
from zoo.plotting.picture import Picture
from zoo.report.measures import Judgement
from zoo.runs.compare import beats


class Place(NamedTuple):
    """Coordinates of a run; None for a measure that is missing."""

    name: str
    accuracy: float | None
    score: float | None
    mse: float | None

    def merits(self) -> tuple[float, float, float]:
        """The three measures, signed so that higher is better; a missing one counts as worst."""
        accuracy, score = (-inf if part is None else part for part in (self.accuracy, self.score))
        return accuracy, score, -inf if self.mse is None else -self.mse


def places(runs: Sequence[Judgement]) -> list[Place]:
    """For each run: accuracy of the first judge on rebuilt signals, else of the head; codebook score; MSE."""
    return [
        Place(
            name=run.name,
            accuracy=_accuracy(run),
            score=run.codebook.score if run.codebook else None,
            mse=run.report.reconstruction[-1].mse if run.report.reconstruction else None,
        )
        for run in runs
    ]


def dominated(places: Sequence[Place]) -> list[bool]:
    """For each place, whether another is at least as good in all three and better in one.

    A run without any measure is left out of the comparison.
    """
    merits = [place.merits() for place in places]
    return [max(own) > -inf and any(beats(other, own) for other in merits) for own in merits]


def _accuracy(run: Judgement) -> float | None:
    if run.report.reconstruction is None:
        return None
    judged = (score for score in run.report.scores if score.reader.reads == "rebuilt")
    rebuilt = next(judged, run.report.head)
    return rebuilt.accuracy if rebuilt else None


def pareto_picture(runs: Sequence[Judgement]) -> Picture | None:
    """Accuracy over codebook score and over MSE, dominated runs grey; None unless two of the three are known."""
    found = places(runs)
    beaten = dominated(found)
    panels = [("codebook score", [p.score for p in found]), ("mean squared error", [p.mse for p in found])]
    panels = [
        (label, values)
        for label, values in panels
        if any(value is not None and place.accuracy is not None for value, place in zip(values, found, strict=True))
    ]
    if not panels:
        return None
    figure = new_figure(3.9 * len(panels), 3.1)
    for axis, (label, values) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
        tidy(axis, x=label, y="accuracy")
        _points(axis, found, values, beaten)
    first = listed([place.name for place, worse in zip(found, beaten, strict=True) if not worse])
    alt = f"{len(found)} runs by accuracy, codebook score and error; Pareto-optimal: {first}."
    return Picture("pareto", "Pareto-optimal runs", alt, figure)


def _points(axis: Axes, places: Sequence[Place], values: Sequence[float | None], beaten: Sequence[bool]) -> None:
    together: dict[tuple[float, float], list[int]] = {}
    for index, (place, value) in enumerate(zip(places, values, strict=True)):
        if value is not None and place.accuracy is not None:
            together.setdefault((value, place.accuracy), []).append(index)
    for spot, indices in together.items():
        worse, names = all(beaten[i] for i in indices), [places[i].name for i in indices]
        axis.scatter(*spot, s=34, color=MUTED if worse else SERIES[0], zorder=2)
        axis.annotate(
            plain("\n".join(names)), spot, xytext=(0, 7), textcoords="offset points", ha="center",
            fontsize=SMALL, color=SOFT if worse else INK,
        )  # fmt: skip
    axis.margins(0.22, 0.18)
    axis.grid(color=RULE, linewidth=0.6)
    axis.set_axisbelow(True)
