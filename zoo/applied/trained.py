"""A trained model that is applied to recordings, with what is known of its training data."""

from pathlib import Path
from typing import NamedTuple

import torch

from zoo.applied.likeness import Likeness
from zoo.applied.options import input_of
from zoo.findings.facts import Standard, standard_of
from zoo.findings.gather import stored_data
from zoo.model.assembly import ZooModel
from zoo.runs.folder import RUN_FILE, RunFolder
from zoo.weights.bundle import load
from zoo.weights.manifest import bundle_in, read_manifest


class Trained(NamedTuple):
    """A ``model`` in evaluation mode, on a GPU if there is one, and the folder, name or address it comes from.

    ``weights`` is the hash of its tensors; ``known`` is what is known of its training data.
    """

    source: str
    model: ZooModel
    weights: str
    classes: tuple[str, ...]
    known: Likeness

    @classmethod
    def open(cls, source: str) -> "Trained":
        """The model of a bundle or a run. Raises ZooError if it cannot be read, or cannot be applied to recordings."""
        weights = read_manifest(bundle_in(source)).sha256
        model = load(bundle_in(source)).to("cuda" if torch.cuda.is_available() else "cpu")
        given = input_of(model.spec, source)
        classes = given.class_names or tuple(map(str, range(given.classes or 0)))
        return cls(source, model, weights, classes if model.head else (), _known(Path(source), model))


def _known(folder: Path, model: ZooModel) -> Likeness:
    """Facts on the training data of a run; of a bundle, the statistics with which the head standardises signals."""
    if (folder / RUN_FILE).is_file():
        home = RunFolder(folder)
        data = stored_data(home, str(home.read()["fingerprint"]))
        if data is not None:
            return Likeness(Standard("data.json", data.mean, data.std), data.ranges, data.beyond)
    return Likeness(standard_of("head", model))
