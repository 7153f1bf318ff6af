"""Processing times of a student and its teachers: making each image, each network, and the student."""

import copy
from collections.abc import Callable, Iterator, Sequence

import torch
from pydantic import BaseModel
from torch import Tensor

from zoo.model.assembly import ZooModel
from zoo.model.latency import BATCHES, medians

STUDENT = "student"


class ProcessingTime(BaseModel, frozen=True):
    """Milliseconds per window, for batches of each size in `BATCHES`, on one thread of a CPU.

    ``whole`` is from the signal to the logits; ``image`` is the part that makes the image, None without one.
    """

    name: str
    parameters: int
    image: list[float] | None
    whole: list[float]


def processing_times(models: Sequence[tuple[str, ZooModel]], windows: Tensor) -> list[ProcessingTime]:
    """The times of every model on `windows (b c t)`, which are repeated where they are fewer than a batch.

    Models are copied to the CPU. All of them take turns.
    """
    still = [(name, copy.deepcopy(model).cpu().eval()) for name, model in models]
    parts = [part for name, model in still for part in _parts(name, model)]
    found: dict[str, list[float]] = {label: [] for label, _ in parts}
    for batch in BATCHES:
        x = windows.cpu()[torch.arange(batch) % len(windows)]
        for (label, _), seconds in zip(parts, medians([run for _, run in parts], x), strict=True):
            found[label].append(1e3 * seconds / batch)
    return [
        ProcessingTime(
            name=name,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
            image=found.get(f"{name} image"),
            whole=found[name],
        )
        for name, model in still
    ]


def _parts(name: str, model: ZooModel) -> Iterator[tuple[str, Callable[[Tensor], object]]]:
    yield name, model
    if model.image is not None:
        yield f"{name} image", model.image


def times_table(times: Sequence[ProcessingTime]) -> list[list[str]]:
    """Cells of the table, the head first: milliseconds per window for every batch size."""
    sizes = [f"{what}, batch {batch}" for what in ("image", "image and network") for batch in BATCHES]
    rows = [["model", "parameters", *(f"{size} (ms)" for size in sizes)]]
    for one in times:
        image = ["" for _ in BATCHES] if one.image is None else [f"{value:.3f}" for value in one.image]
        rows.append([one.name, f"{one.parameters:,}", *image, *(f"{value:.3f}" for value in one.whole)])
    return rows


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """A table with the first of ``rows`` as its head; numbers are aligned to the right."""
    head, *body = rows
    ruler = ["---", *("---:" for _ in head[1:])]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ruler, *body))


def as_latex(rows: Sequence[Sequence[str]]) -> str:
    """The same as a `tabular` with the rules of the package booktabs."""
    import pandas as pd  # takes half a second to import

    head, *body = rows
    columns = "l" + "r" * (len(head) - 1)
    table: str = pd.DataFrame(body, columns=head).to_latex(index=False, column_format=columns, escape=True)
    return table
