"""`zoo data`: contents and difficulty of one data set, or of several side by side."""

import sys
from collections.abc import Sequence
from pathlib import Path
from shutil import get_terminal_size
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import Registry, SpecError

from zoo.cli.components import Json
from zoo.cli.tables import print_json, print_table, print_title
from zoo.cli.training import Changes
from zoo.process.lines import print_line
from zoo.specs.read import read_data

if TYPE_CHECKING:
    from zoo.data.card import DataCard, PerSplit

_MOST_NAMES = 20


def data(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="DATA...",
            help="JSON file of data or of a run, folder of a run, or KIND:PLACE such as ts:folder; several are "
            "shown side by side.",
            show_default=False,
        ),
    ],
    changes: Changes = None,
    stats: Annotated[
        Path | None,
        typer.Option(
            help="Write mean and deviation of the training split into this .npz file, for `zoo import --expects-norm`.",
            show_default=False,
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Show counts, classes, subjects, statistics, fingerprint and difficulty of data sets."""
    if stats and (len(sources) > 1 or stats.suffix != ".npz"):
        found = f"{len(sources)} data sets" if len(sources) > 1 else stats.name
        raise SpecError("--stats", "one data set and a file that ends in .npz", found, "write them one by one")
    specs = [read_data(source, Registry.discover(), changes or ()) for source in sources]
    from zoo.data.card import draw_card, write_statistics

    cards = []
    for spec in specs:
        card, read = draw_card(spec)
        cards.append(card)
        if stats:
            write_statistics(read, stats)
    if json:
        print_json([card.model_dump(mode="json") for card in cards])
        return
    _print_side_by_side(cards)
    if len(cards) == 1:
        _print_classes(cards[0])
        _print_channels(cards[0])
    _print_notes(cards)
    if stats:
        print_line(f"statistics of the training split in {stats}")


def _print_side_by_side(cards: Sequence["DataCard"]) -> None:
    """Print a column per data set; columns that do not fit the terminal go into a further table."""
    names = [card.name for card in cards]
    titles = [f"{name} ({i + 1})" if names.count(name) > 1 else name for i, name in enumerate(names)]
    columns = list(zip(titles, map(_facts, cards), strict=True))
    facts = list(columns[0][1])
    for shown in _fitting(columns, max(map(len, facts))):
        rows = [(fact, *(found[fact] for _, found in shown)) for fact in facts]
        print_table(["", *(title for title, _ in shown)], rows, numbers=[title for title, _ in shown])
        print_line()


def _fitting(columns: Sequence[tuple[str, dict[str, str]]], first: int) -> list[list[tuple[str, dict[str, str]]]]:
    """Group ``columns`` to fit the terminal beside a column of width ``first``; in a pipe, one group."""
    room = get_terminal_size(fallback=(sys.maxsize, 24)).columns
    groups: list[list[tuple[str, dict[str, str]]]] = []
    left = 0
    for title, facts in columns:
        width = 2 + max(len(title), *map(len, facts.values()))
        if not groups or width > left:
            groups.append([])
            left = room - first
        groups[-1].append((title, facts))
        left -= width
    return groups


def _facts(card: "DataCard") -> dict[str, str]:
    hard = card.difficulty
    return {
        "training windows": str(card.windows["train"]),
        "validation windows": str(card.windows["validation"]),
        "test windows": str(card.windows["test"]),
        "classes": str(len(card.classes)),
        "training subjects": _people(card.subjects, "train"),
        "test subjects": _people(card.subjects, "test"),
        "subjects in both": "unknown" if card.shared_subjects is None else str(len(card.shared_subjects)),
        "test windows also in training": str(card.leaks.test),
        "test windows that overlap training": str(card.leaks.test_overlaps),
        "channels": str(len(card.channels)),
        "samples": str(card.length),
        "rate": "unknown" if card.rate is None else f"{card.rate:g} Hz",
        "units": card.units or "unknown",
        "moving mean": _smooth(card.smooth),
        "missing": f"{100 * card.missing:.2g} %",
        "spectral entropy": _number(hard.spectral_entropy),
        "zero crossings in 100": _number(hard.zero_crossings),
        "low-rank error": _number(hard.low_rank_error),
        "majority class, test": f"{card.majority}/{hard.centroid_total}",
        "nearest centroid, test": f"{hard.centroid_correct}/{hard.centroid_total}",
        "fingerprint": card.fingerprint[:10],
    }


def _smooth(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{1000 * seconds:g} ms" if seconds else "none"


def _people(subjects: "PerSplit | None", split: str) -> str:
    return "unknown" if subjects is None or split not in subjects else str(subjects[split])


def _print_classes(card: "DataCard") -> None:
    print_title("Classes")
    columns = ["class", *card.windows]
    rows = [(found.name, *(str(found.windows[split]) for split in card.windows)) for found in card.classes]
    rows.append(("all", *map(str, card.windows.values())))
    print_table(columns, rows, numbers=columns[1:], total=True)


def _print_channels(card: "DataCard") -> None:
    print_title("Training split, in the data's units")
    columns = ["channel", "mean", "deviation", "min", "max"]
    rows = [(c.name, *map(_number, (c.mean, c.std, c.min, c.max))) for c in card.channels]
    print_table(columns, rows, numbers=columns[1:])


def _print_notes(cards: Sequence["DataCard"]) -> None:
    """Print warnings: shared subjects, leaks and constant channels."""
    from zoo.data.leaks import leak_sentences

    for card in cards:
        if card.shared_subjects:
            more = len(card.shared_subjects) - _MOST_NAMES
            people = ", ".join(card.shared_subjects[:_MOST_NAMES]) + f" and {more} more" * (more > 0)
            print_line(
                f"{card.name}: training and test share subjects, so scores say nothing about new people: {people}"
            )
        for sentence in leak_sentences(card.leaks, card.windows["test"], card.windows["validation"]):
            print_line(f"{card.name}: {sentence}")
        constant = [channel.name for channel in card.channels if channel.std == 0]
        if constant:
            print_line(f"{card.name}: does not vary in training: {', '.join(constant)}")


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
