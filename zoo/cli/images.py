"""`zoo images`: what an image network sees of a data set."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from zoo_registry import DataSpec, ImageSpec, Registry, ShapeError, SpecError, ZooNote

from zoo.cli.components import Json
from zoo.cli.tables import print_json, print_table
from zoo.cli.training import Changes
from zoo.process.lines import print_line
from zoo.specs.read import read_data, read_model

if TYPE_CHECKING:
    from zoo.images.made import Made

_MOST_STILL = 0.9


def images(
    spec: Annotated[
        str,
        typer.Argument(
            help="JSON file of a model or a run with an image, folder of a bundle or a run, or a kind of image.",
            show_default=False,
        ),
    ],
    data: Annotated[
        str,
        typer.Argument(
            help="JSON file of data or of a run, folder of a run, or KIND:PLACE such as ts:folder.", show_default=False
        ),
    ],
    sample: Annotated[int, typer.Option(help="Number of training windows to draw.", min=1, max=32)] = 4,
    of: Annotated[
        str | None,
        typer.Option("--class", help="Class to draw windows of. Default: as many classes as there are windows."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for the picture, as PNG and SVG.")] = Path("images"),
    changes: Changes = None,
    json: Json = False,
) -> None:
    """Draw training windows with their persistence diagrams and images: those of SPEC first, then of every other kind.

    An image learns what it needs, such as a mean, from the training split.
    """
    registry = Registry.discover()
    first, read = _image_of(spec, registry), read_data(data, registry, changes or ())
    kinds = [first, *_others(first, read, registry)]
    from zoo.data import prepare
    from zoo.data.batch import read_batch
    from zoo.images.made import choose, make
    from zoo.images.picture import images_picture
    from zoo.io.files import write_files

    found = prepare(read)
    names = found.input.class_names or tuple(map(str, range(found.input.classes or 0)))
    windows = read_batch(found.train, choose(found.train, names, sample, of))
    made = [make(kind, found, windows) for kind in kinds]
    labels = [names[label] for label in windows.y.tolist()]
    picture = images_picture(windows, labels, found.input.channel_labels, found.input.units, made)
    _print(made, write_files(out, picture.files()), json)


def _image_of(source: str, registry: Registry) -> ImageSpec:
    """The image of a spec, or an image of the kind ``source`` with its defaults."""
    if source.partition(".")[0] in registry.plugins() and not Path(source).exists():
        return cast(ImageSpec, registry.find(source, "image").model_validate({}))
    image: ImageSpec | None = read_model(source, registry).image
    if image is None:
        hint = "add one, such as the kinds that `zoo list image` shows"
        raise SpecError(source, "a model with an image", "none", hint)
    return image


def _others(first: ImageSpec, data: DataSpec, registry: Registry) -> list[ImageSpec]:
    """Every other installed kind of image with its defaults, where it fits the windows; ``first`` has to fit."""
    from zoo.data import input_of

    signal = input_of(data).shape  # a look, so that an image that does not fit is refused before the data are read
    first.output(signal)
    found = []
    for kind in registry.kinds("image"):
        other = cast(ImageSpec, registry.find(kind, "image").model_validate({}))
        if kind == first.kind:
            continue
        try:
            other.output(signal)
        except ShapeError as error:
            warnings.warn(f"{kind} is left out: {error}", ZooNote, stacklevel=2)
            continue
        found.append(other)
    return found


def _print(made: "list[Made]", files: list[Path], json: bool) -> None:
    if json:
        rows = [{"kind": m.kind, "shape": list(m.images.shape[1:]), "still": m.still} for m in made]
        print_json({"images": rows, "files": [*map(str, files)]})
        return
    shapes = [" × ".join(map(str, one.images.shape[1:])) for one in made]
    table = [(m.kind, shape, f"{100 * m.still:.1f} %") for m, shape in zip(made, shapes, strict=True)]
    print_table(["image", "shape", "pixels that never vary"], table, numbers=["pixels that never vary"])
    print_line()
    print_line(f"pictures in {' and '.join(map(str, files))}")
    for one in made:
        if one.still > _MOST_STILL:
            note = f"{one.kind}: {100 * one.still:.0f} % of its pixels never vary over the training split"
            warnings.warn(f"{note}; choose a range that fits the scale of the signal", ZooNote, stacklevel=2)
