"""`zoo text`: what the classes of a data set consist of, in words, and what the words say without any training."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import DataError, Registry, SpecError, ZooNote
from zoo_registry.suggest import listed

from zoo.cli.components import Json
from zoo.cli.tables import print_facts, print_json, print_table, print_title
from zoo.cli.training import Changes
from zoo.process.lines import print_line
from zoo.specs.read import read_data
from zoo.texts.actions import Actions, read_actions, shipped
from zoo.texts.embed import read_embed
from zoo.texts.schema import Use

if TYPE_CHECKING:
    from zoo.texts.measure import Rows
    from zoo.texts.text_report import ClassText, Pair, TextReport

_DEFAULT = "text.tfidf"
_MOST_CLASSES, _MOST_PAIRS, _MOST_NAMES = 20, 20, 3
"""Classes of a printed table of cosines, printed pairs, and names of classes in a cell."""


def text(
    file: Annotated[
        str,
        typer.Argument(
            help=f"JSON file with the actions of every class, or one that comes with the zoo: {', '.join(shipped())}.",
            show_default=False,
        ),
    ],
    data: Annotated[
        str | None,
        typer.Argument(
            help="JSON file of data or of a run, folder of a run, or KIND:PLACE such as ts:folder, whose classes the "
            "file must have.",
            show_default=False,
        ),
    ] = None,
    use: Annotated[Use, typer.Option(help="Part of actions that are given for Arm and Leg.")] = "both",
    embed: Annotated[
        str | None,
        typer.Option(
            metavar="KIND",
            help=f"How actions become vectors: a kind, or JSON with its fields. Default: {_DEFAULT}.",
            show_default=False,
        ),
    ] = None,
    rows: Annotated[
        Path | None,
        typer.Option(
            help="Vectors computed elsewhere instead: a .npy file with a row per distinct action, in printed order.",
            show_default=False,
        ),
    ] = None,
    duplicates: Annotated[
        float, typer.Option(help="Cosine from which actions or classes count as the same.", min=0, max=1)
    ] = 0.95,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the picture, the report, and the vectors for text.file.", show_default=False),
    ] = None,
    changes: Changes = None,
    json: Json = False,
) -> None:
    """Show the actions of every class, which ones classes share, and how similar actions and classes are.

    Nothing is trained. The file is described in docs/text.md.
    """
    if embed and rows:
        raise SpecError("--rows", "vectors, or a component that makes them as --embed", "both", "leave one out")
    if out and Path(file).resolve() in ((out / name).resolve() for name in ("text.json", "embeddings.json")):
        raise SpecError("--out", f"a folder without {file}", "the folder of that file", "name another folder")
    registry = Registry.discover()
    actions = read_actions(file, _classes(data, registry, changes or ()), use)
    from zoo.texts.text_report import text_report

    made, found = _vectors(actions, embed or _DEFAULT, rows, registry)
    report = text_report(file, actions, made, found, duplicates)
    written = _write(report, found, out) if out else []
    if json:
        print_json(report.model_dump(mode="json"))
        return
    _print(report)
    if written:
        print_line()
        print_line(f"written: {listed([str(path) for path in written])}")


def _classes(data: str | None, registry: Registry, changes: list[str] | tuple[()]) -> tuple[str, ...] | None:
    """The class names of the data, if any are given."""
    if data is None:
        if changes:
            raise SpecError("--set", "DATA whose fields it changes", "none", "name the data after the file")
        return None
    from zoo.data import input_of

    names = input_of(read_data(data, registry, changes)).class_names
    if names is None:
        raise DataError(data, "data of two classes or more", "windows of one class", "texts describe classes")
    return names


def _vectors(actions: Actions, embed: str, rows: Path | None, registry: Registry) -> "tuple[str, Rows]":
    """A vector per distinct action, and what made them."""
    if rows is None:
        spec = read_embed(embed, registry)
        return str(spec.kind), actions.vocabulary.rows(spec)
    from zoo.sources import read_rows

    found, number = read_rows(rows), len(actions.distinct)
    if len(found) != number:
        hint = "`zoo text FILE --json` lists the distinct actions in order"
        raise DataError(str(rows), f"{number} rows, one per distinct action", str(len(found)), hint)
    return str(rows), found


def _write(report: "TextReport", rows: "Rows", out: Path) -> list[Path]:
    from zoo.io.files import write_files
    from zoo.texts.picture import gram_picture
    from zoo.texts.stored import stored_files

    return write_files(out, {**gram_picture(report).files(), **stored_files(report, rows)})


def _print(report: "TextReport") -> None:
    every = [action for found in report.classes for action in found.actions]
    own = sum(not action.others for action in {action.row: action for action in every}.values())
    tried = report.probe
    print_facts(
        [
            ("file", report.file),
            ("classes", f"{len(report.classes)} with {_range(report.classes)} actions each"),
            ("actions", f"{len(report.distinct)} distinct of {len(every)}; {own} in one class alone"),
            ("vectors", f"{report.embed}, {report.width} numbers"),
            ("mean cosine", f"{_both(report.action_gram.plain_mean, report.action_gram.centred_mean)} between actions"),
            ("left out", _probe(tried.plain, tried.centred, tried.total, tried.chance)),
        ]
    )
    print_title("Actions")
    titles = {found.name: found.label for found in report.classes}
    lines = [
        (titles[found.name] if number == 0 else "", str(action.row), action.text, _shared(action.others, titles))
        for found in report.classes
        for number, action in enumerate(found.actions)
    ]
    print_table(["class", "row", "action", "own, or shared with"], lines, numbers=["row"], wrap=["action"])
    print_title("Classes")
    _print_classes(report)
    _print_pairs("Actions that are nearly the same", report.duplicates)
    _print_pairs("Classes that are nearly the same", report.equal_classes)
    if report.wordless:
        note = f"{len(report.wordless)} actions have the vector 0, such as {report.wordless[0]!r}"
        warnings.warn(f"{note}: {report.embed} finds no word in them", ZooNote, stacklevel=2)


def _print_classes(report: "TextReport") -> None:
    few = len(report.classes) <= _MOST_CLASSES
    numbers = [str(number) for number in range(len(report.classes))] if few else []
    titles = {found.name: found.label for found in report.classes}
    lines = []
    for at, found in enumerate(report.classes):
        near = found.nearest
        cells = [titles[found.name], str(found.shared), str(found.own)]
        cells += ["", ""] if near is None else [titles[near.other], _both(near.plain, near.centred)]
        lines.append((str(at), *cells))
    columns = ["", "class", "shared", "own", "nearest class", "cosine (centred)"]
    print_table(columns, lines, numbers=["", "shared", "own", "cosine (centred)"])
    if not few:
        return
    print_title("Cosines of classes in hundredths: above the diagonal plain, below it centred")
    plain, centred = report.class_gram.plain, report.class_gram.centred
    table = []
    for row in range(len(plain)):
        cosines = [*centred[row][:row], *plain[row][row + 1 :]]
        cells = [f"{100 * cosine:.0f}" for cosine in cosines]
        table.append((str(row), *cells[:row], "", *cells[row:]))
    print_table(["", *numbers], table, numbers=["", *numbers])


def _print_pairs(title: str, pairs: "list[Pair]") -> None:
    if not pairs:
        return
    print_title(title)
    lines = [(pair.one, pair.other, _both(pair.plain, pair.centred)) for pair in pairs[:_MOST_PAIRS]]
    print_table(["one", "other", "cosine (centred)"], lines, numbers=["cosine (centred)"])
    if len(pairs) > _MOST_PAIRS:
        print_line(f"and {len(pairs) - _MOST_PAIRS} more; --json has all")


def _probe(plain: float, centred: float, total: int, chance: float) -> str:
    if not total:
        return "no action can be left out: every class has one"
    found = f"{_count(plain)} of {total} actions ({plain / total:.3f}) are nearest to the rest of their class"
    return f"{found}, centred {_count(centred)} ({centred / total:.3f}); chance {chance:.3f}"


def _count(number: float) -> str:
    return f"{number:g}" if number == int(number) else f"{number:.1f}"


def _range(classes: "list[ClassText]") -> str:
    counts = [len(found.actions) for found in classes]
    return str(counts[0]) if min(counts) == max(counts) else f"{min(counts)} to {max(counts)}"


def _shared(others: list[str], titles: dict[str, str]) -> str:
    if not others:
        return "own"
    more = len(others) - _MOST_NAMES
    return ", ".join(titles[other] for other in others[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _both(plain: float, centred: float) -> str:
    return f"{plain:.2f} ({centred:.2f})"
