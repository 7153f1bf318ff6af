"""The part of a model's card that programs read: one line of JSON in the metadata block of its README.md."""

import json
import re
from pathlib import Path
from typing import Annotated

from pydantic import Field
from zoo_registry import Headline, TrainedOn
from zoo_registry.component import Spec
from zoo_registry.escaping import for_json
from zoo_registry.models import Sentence, Word

from zoo.hub.cache import CARD
from zoo.io.files import open_file

LONGEST = 400
"""Characters of the licence or terms of data."""
_LARGEST = 2**20
_BLOCK = re.compile(r"---\n(.*?)\n---\n", re.S)
_OURS = re.compile(r"^shapezoo: (\{.*\})$", re.M)


class PublishedCard(Spec):
    """What a published model is for, what it was trained on and how good it is; input and size are in its bundle."""

    purpose: Sentence
    """What it is for, in one sentence."""

    licence: Word
    """The licence of its weights, such as cc-by-4.0."""

    data_licence: Annotated[str, Field(min_length=1, max_length=LONGEST)]
    """The licence or terms of the data that it was trained on."""

    trained_on: TrainedOn | None
    """The data it was trained on; null for a bundle without its run."""

    headline: Headline | None
    """How good it is; null if it was not evaluated."""

    source: Sentence
    """How it was made."""


def read_card(folder: Path) -> PublishedCard | None:
    """The card beside the bundle in ``folder``; None if there is none, or another program wrote it."""
    try:
        with open_file(folder / CARD, _LARGEST) as file:
            text = file.read().decode()
        block = _BLOCK.match(text)
        line = _OURS.search(block[1]) if block else None
        return PublishedCard.model_validate(json.loads(line[1])) if line else None
    except (OSError, ValueError, RecursionError):
        return None


def metadata_line(card: PublishedCard) -> str:
    """The line that ``read_card`` finds; JSON is valid YAML."""
    return f"shapezoo: {for_json(json.dumps(card.model_dump(mode='json'), ensure_ascii=False))}\n"
