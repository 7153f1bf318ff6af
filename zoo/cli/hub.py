"""`zoo push` and `zoo pull`: models on a hub."""

import warnings
from pathlib import Path
from typing import Annotated

import typer
from zoo_registry import ZooNote

from zoo.cli.components import Bundle, Json
from zoo.cli.tables import print_facts, print_json
from zoo.hub.address import HubAddress
from zoo.hub.download import fetched
from zoo.weights.manifest import open_bundle, require_hash

Address = Annotated[
    str, typer.Argument(metavar="ADDRESS", help="hf://owner/name, or hf://owner/name@revision.", show_default=False)
]

Facts = dict[str, str | int | list[str] | None]


def push(
    source: Bundle,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="hf://owner/name.", show_default=False)],
    licence: Annotated[
        str, typer.Option(help="Licence of the weights, such as cc-by-4.0, mit or other.", show_default=False)
    ],
    data_licence: Annotated[
        str | None, typer.Option(help="Licence or terms of the data it was trained on.", show_default=False)
    ] = None,
    private: Annotated[bool, typer.Option("--private", help="Only for its owner.")] = False,
    out: Annotated[
        Path | None, typer.Option(help="Write the files to this folder instead of uploading them.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Publish a model on a hub: its two files, and a card with its data, its numbers and its licence."""
    from zoo.publish.push import pack

    parcel = pack(source, HubAddress.parse(address), licence, data_licence)
    if parcel.card.trained_on is not None and parcel.card.headline is None:
        warnings.warn(f"its card has no numbers: run `zoo eval {source}` before", ZooNote, stacklevel=2)
    if out is not None:
        parcel.write(out)
    commit = None if out is not None else parcel.upload(private)
    facts: Facts = {
        "address": str(parcel.address),
        "revision": commit,
        "sha256": parcel.sha256,
        "files": list(parcel.files) if json else ", ".join(parcel.files),
        "folder": None if out is None else str(out),
    }
    _print(facts, json)


def pull(address: Address, json: Json = False) -> None:
    """Download a model into the cache of `huggingface_hub`, if it is not there, and check its hash."""
    named = HubAddress.parse(address)
    folder = fetched(named)
    with open_bundle(folder) as bundle:
        require_hash(bundle)
        size = bundle.tensors.stat().st_size
        facts: Facts = {
            "address": str(named),
            "revision": folder.name,
            "sha256": bundle.manifest.sha256,
            "size": size if json else f"{size / 1000:,.0f} kB",
            "folder": str(folder),
        }
    _print(facts, json)


def _print(facts: Facts, json: bool) -> None:
    if json:
        print_json(facts)
    else:
        print_facts([(name, str(value)) for name, value in facts.items() if value is not None])
