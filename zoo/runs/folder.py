"""The run folder: the files of a run, each written atomically."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo_registry import DataError, Registry, RunSpec, SpecError, TrainingError
from zoo_registry.version import version

from zoo.hub.download import commit_of
from zoo.io.files import write_json
from zoo.runs.revision import revision
from zoo.runs.teacher_record import BundleRecord, TeacherRecord, UsedModels
from zoo.specs.differences import first_difference
from zoo.specs.read import Stored, migrated, read_json, read_result, validated
from zoo.texts.filling import with_data
from zoo.weights.manifest import bundle_in, bundles_of, read_manifest

if TYPE_CHECKING:
    from zoo.data.split import DataSet

RUN_FILE = "run.json"
_INDIFFERENT = ("trainer.patience", "trainer.workers")
"""Fields of a run that affect neither windows nor weights."""


@dataclass(frozen=True)
class RunFolder:
    """Paths inside one run's folder."""

    path: Path

    @property
    def run_file(self) -> Path:
        return self.path / RUN_FILE

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def last(self) -> Path:
        return self.checkpoints / "last.ckpt"

    @property
    def previous(self) -> Path:
        """The checkpoint before the last, used when the last is damaged."""
        return self.checkpoints / "previous.ckpt"

    def best(self, objective: str) -> Path:
        """The best weights by ``objective`` during training."""
        return self.checkpoints / f"best-{objective}.ckpt"

    def best_bundle(self, objective: str) -> Path:
        """The same weights as a bundle, written when training ends."""
        return self.path / "best" / objective

    @property
    def bundle(self) -> Path:
        return self.path / "bundle"

    @property
    def folds(self) -> Path:
        """A run folder per fold of the training split, of a model that did not see it."""
        return self.path / "folds"

    def fold(self, number: int) -> "RunFolder":
        """The run folder of the model that did not see fold ``number``."""
        return RunFolder(self.folds / str(number))

    @property
    def folds_file(self) -> Path:
        """The fold of each training window."""
        return self.folds / "folds.json"

    @property
    def logits(self) -> Path:
        """Out-of-fold logits of the training split, and logits of the others."""
        return self.path / "logits.npz"

    @property
    def transfer(self) -> Path:
        """The report on a transfer of weights, tensor by tensor."""
        return self.path / "transfer.json"

    def evaluation(self, split: str) -> Path:
        """The report of `zoo eval` on ``split``: `eval.json` is always that of the test split."""
        return self.path / ("eval.json" if split == "test" else f"eval-{split}.json")

    def codebook(self, split: str) -> Path:
        """The report of `zoo codebook` on ``split``, named in the same way; its arrays are in the .npz beside it."""
        return self.path / ("codebook.json" if split == "test" else f"codebook-{split}.json")

    def explanation(self, name: str) -> Path:
        """The report of `zoo explain` on one decision."""
        return self.path / f"{name}.json"

    @property
    def judges(self) -> Path:
        """Stored predictions of judges that are estimators."""
        return self.path / "judges"

    @property
    def teachers(self) -> Path:
        """Predictions of the run's teachers for its training windows."""
        return self.path / "teachers"

    @property
    def teacher_weights(self) -> Path:
        """The weights of the teachers in every training window, and the classes of these windows."""
        return self.path / "teacher-weights.npz"

    @property
    def metrics(self) -> Path:
        """A row per epoch."""
        return self.path / "metrics.csv"

    @property
    def data_facts(self) -> Path:
        """Statistics of the training split, and subjects shared with the test split."""
        return self.path / "data.json"

    @property
    def applied(self) -> Path:
        """The folders of `zoo apply` with this run."""
        return self.path / "applied.json"

    @property
    def findings(self) -> Path:
        """The findings on the run, and the results that hold."""
        return self.path / "findings.json"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    @property
    def page(self) -> Path:
        """The page of `zoo report`."""
        return self.path / "report.html"

    def stamp(self) -> dict[str, str | None]:
        """The data and weights that a measurement belongs to: the run's fingerprint and its bundle's hash."""
        weights = read_manifest(self.bundle).sha256 if self.bundle.is_dir() else None
        return {"fingerprint": self.read()["fingerprint"], "weights": weights}

    def result(self, path: Path, kind: type[Stored], command: str) -> Stored | None:
        """The report that ``command`` wrote to ``path``; None if it is missing, or of other weights or data.

        Raises DataError for a damaged file.
        """
        if not path.is_file():
            return None
        again = f"{command} {self.path}"
        try:
            found = read_result(path)
        except SpecError as error:
            raise DataError(str(path), f"what `{command}` writes", error.found, f"run `{again}`") from None
        same = isinstance(found, dict) and all(found.get(name) == value for name, value in self.stamp().items())
        return validated(path, kind, found, again) if same else None

    def require_new(self) -> None:
        """Raise TrainingError if the folder has a run already."""
        if self.run_file.exists():
            hint = "add --resume to continue it, or choose another --out or name"
            raise TrainingError(str(self.path), "a new run folder", "a run", hint)

    def start(self, run: RunSpec, registry: Registry, fingerprint: str, teachers: Mapping[str, TeacherRecord]) -> None:
        """Write `run.json` into a new folder; raises TrainingError if there is one already."""
        self.require_new()
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        write_json(self.run_file, describe(run, registry, fingerprint, teachers))

    def require_same(self, run: RunSpec, data: "DataSet") -> None:
        """Raise TrainingError unless this folder contains the same run on the same data."""
        stored = self.read()
        before, same_data = Registry.discover().run(stored["run"]), data.has(stored["fingerprint"])
        if same_data:  # which may have moved; and up to version 0.1 a run knew fewer facts of its input
            moved = before.data.model_copy(update={"source": run.data.source})
            before = with_data(before.model_copy(update={"data": moved}), data.input)
        difference = first_difference(before.dump(), run.dump(), apart=_INDIFFERENT)
        if difference:
            old, new = difference.shown
            hint = "resume with the stored spec, or start a new run under another name"
            raise TrainingError(f"{self.run_file}: {difference.field}", f"{old}, as it was started", new, hint)
        if not same_data:
            raise TrainingError(
                str(self.run_file), "the data it was started on", "other data under the same path", "restore the data"
            )

    def read(self) -> dict[str, Any]:
        """The content of `run.json`; raises TrainingError if there is no run."""
        if not self.run_file.exists():
            hint = "name the folder of a run, such as runs/NAME; `zoo train` creates one"
            raise TrainingError(str(self.path), f"a run folder with {RUN_FILE}", "none", hint)
        stored = read_json(self.run_file)
        if not isinstance(stored, dict) or not {"run", "fingerprint"} <= stored.keys():
            hint = "restore the file, or train again"
            raise TrainingError(str(self.run_file), "a run written by `zoo train`", "something else", hint)
        return migrated(stored)

    def taught_by(self) -> Mapping[str, TeacherRecord]:
        """The teachers at the start of the training, by name; raises DataError if they cannot be read."""
        return self._used().teachers

    def commits(self) -> dict[str, str]:
        """The commit of every model on a hub that the run has used, by its address; raises as ``taught_by`` does."""
        used, run = self._used(), Registry.discover().run(self.read()["run"])
        found = {bundle.source: bundle.revision for bundle in used.bundles.values()}
        found |= {
            run.teachers[name].source: used.teachers[name].revision
            for name in run.teachers.keys() & used.teachers.keys()
        }
        return {source: commit for source, commit in found.items() if commit}

    def _used(self) -> UsedModels:
        return validated(self.run_file, UsedModels, self.read(), "zoo train")


def describe(
    run: RunSpec, registry: Registry, fingerprint: str, teachers: Mapping[str, TeacherRecord]
) -> dict[str, Any]:
    """Description of the run: the complete spec, versions, seed, code revision, the data's fingerprint, teachers, and
    the hash of the weights of every bundle that it starts from or that judges it, with its commit on a hub."""
    versions = registry.plugins()
    return {
        "run": run.dump(),
        "zoo": version(),
        "plugins": {name: versions[name] for name in run.plugins()},
        "seed": run.training.seed,
        "revision": revision(),
        "fingerprint": fingerprint,
        "teachers": {name: teacher.model_dump(mode="json") for name, teacher in teachers.items()},
        "bundles": {field: _bundle(source) for field, source in bundles_of(run).items()},
    }


def commits_of(run: RunSpec) -> dict[str, str]:
    """The commit of every model on a hub that ``run`` names, by its address. Raises BundleError for one without."""
    sources = [*bundles_of(run).values(), *(teacher.source for teacher in run.teachers.values())]
    return {source: commit for source in sources if (commit := commit_of(source))}


def _bundle(source: str) -> dict[str, str]:
    weights = read_manifest(bundle_in(source)).sha256
    return BundleRecord(source=source, revision=commit_of(source), sha256=weights).model_dump(exclude_none=True)
