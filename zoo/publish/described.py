"""What a card says of a model: from its bundle and, if it is that of a run, from the run's results."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo_registry import Headline, ModelSpec, Registry, RunSpec, TrainedOn
from zoo_registry.escaping import for_terminal

from zoo.codebook.report import CodebookReport
from zoo.evaluation.report import EvalReport
from zoo.evaluation.stored import stored_evaluation
from zoo.hub.card import PublishedCard
from zoo.runs.folder import RUN_FILE, RunFolder
from zoo.runs.protocol import UPPER_BOUND
from zoo.weights.listing import input_in_words
from zoo.weights.manifest import Manifest
from zoo.weights.tasks import tasks_of

_LONGEST_NAME = 80
"""Characters of the name of a data set."""


@dataclass(frozen=True)
class TrainedRun:
    """A run whose model is published; results that are missing, or of other weights, are None."""

    folder: RunFolder
    spec: RunSpec
    stored: dict[str, Any]
    evaluation: EvalReport | None
    codebook: CodebookReport | None

    @classmethod
    def of(cls, path: Path) -> "TrainedRun | None":
        """The run in the folder ``path``; None if there is none. Raises ZooError for a damaged one."""
        if not (path / RUN_FILE).is_file():
            return None
        folder = RunFolder(path)
        stored = folder.read()
        codebook = folder.result(folder.codebook("test"), CodebookReport, "zoo codebook")
        return cls(folder, Registry.discover().run(stored["run"]), stored, stored_evaluation(folder), codebook)

    @property
    def data(self) -> str:
        """Name of its data: of their file or folder, without the place of that."""
        source = self.spec.data.source
        name = source.location if source.place is None else source.place.name
        return for_terminal(name)[:_LONGEST_NAME]

    @property
    def protocol(self) -> str:
        """How the weights were selected, in a sentence."""
        if self.spec.evaluation.protocol == "paper":
            return f"{UPPER_BOUND[0].upper()}{UPPER_BOUND[1:]}."
        select = self.spec.training.select
        return (
            "Weights of the last epoch."
            if select == "last"
            else f"Weights selected on the validation split by {select}."
        )


def card_of(
    manifest: Manifest, model: ModelSpec, run: TrainedRun | None, licence: str, data_licence: str
) -> PublishedCard:
    """The part of the card that programs read. ``licence`` and ``data_licence`` are the user's."""
    made = "a bundle without its run" if run is None else f"trained by zoo train, seed {run.spec.training.seed}"
    return PublishedCard(
        purpose=purpose_of(model),
        licence=licence,
        data_licence=data_licence,
        trained_on=None if run is None else _trained_on(run),
        headline=None if run is None or run.evaluation is None else _headline(run, run.evaluation),
        source=f"{made}; written by zoo {manifest.zoo}",
    )


def purpose_of(model: ModelSpec) -> str:
    """What a model is for, in a sentence."""
    tasks, windows = tasks_of(model), f"windows of {input_in_words(model.input, model.channelwise) or 'unknown size'}"
    if "classify" in tasks:
        classes = model.input.classes if model.input else None
        return f"Classifies {windows} into {classes} classes." if classes else f"Classifies {windows}."
    if "tokenize" in tasks:
        return f"Encodes {windows} as codes{', and rebuilds them' if 'reconstruct' in tasks else ''}."
    return f"Rebuilds {windows}." if "reconstruct" in tasks else f"Encodes {windows}."


def _trained_on(run: TrainedRun) -> TrainedOn:
    data = f"{run.data} ({run.spec.data.source.kind})"
    return TrainedOn(data=data, split="train", fingerprint=run.stored["fingerprint"])


def _headline(run: TrainedRun, found: EvalReport) -> Headline | None:
    """Accuracy of the model's own head, else R² of the reconstruction."""
    split = f"{run.data}, test"
    if (head := found.head) is not None:
        return Headline(
            metric="accuracy",
            value=head.accuracy,
            count=head.correct,
            total=head.total,
            split=split,
            protocol=run.protocol,
        )
    r2 = found.reconstruction[-1].r2 if found.reconstruction else None
    if r2 is None:
        return None
    return Headline(metric="R²", value=r2, total=found.windows, split=split, protocol=run.protocol)
