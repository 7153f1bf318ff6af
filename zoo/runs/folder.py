"""The run folder: what a run leaves on disk, each file written whole or not at all."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zoo_registry import Registry, RunSpec, TrainingError
from zoo_registry.version import version

from zoo.io.files import write_json
from zoo.runs.revision import revision
from zoo.specs.read import migrated, read_json, read_result
from zoo.weights.manifest import read_manifest

if TYPE_CHECKING:
    from zoo.data.split import DataSet

RUN_FILE = "run.json"


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
        """The one before the last: what is left where the last is damaged."""
        return self.checkpoints / "previous.ckpt"

    def best(self, objective: str) -> Path:
        """Where the best weights by ``objective`` are kept while training."""
        return self.checkpoints / f"best-{objective}.ckpt"

    def best_bundle(self, objective: str) -> Path:
        """The same as a bundle, written when training ends."""
        return self.path / "best" / objective

    @property
    def bundle(self) -> Path:
        return self.path / "bundle"

    @property
    def transfer(self) -> Path:
        """What became of every tensor when weights were transferred."""
        return self.path / "transfer.json"

    def evaluation(self, split: str) -> Path:
        """What `zoo eval` found on ``split``: `eval.json` is always the test split's."""
        return self.path / ("eval.json" if split == "test" else f"eval-{split}.json")

    def codebook(self, split: str) -> Path:
        """What `zoo codebook` found on ``split``, named alike; arrays lie beside it under the ending .npz."""
        return self.path / ("codebook.json" if split == "test" else f"codebook-{split}.json")

    def explanation(self, name: str) -> Path:
        """What `zoo explain` read back of one decision."""
        return self.path / f"{name}.json"

    @property
    def judges(self) -> Path:
        """What estimators among the judges said of windows."""
        return self.path / "judges"

    @property
    def metrics(self) -> Path:
        """A row per epoch."""
        return self.path / "metrics.csv"

    @property
    def data_facts(self) -> Path:
        """Statistics of the training split, and subjects that are in test too."""
        return self.path / "data.json"

    @property
    def findings(self) -> Path:
        """What is wrong with the run, and what holds."""
        return self.path / "findings.json"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    @property
    def page(self) -> Path:
        """What `zoo report` writes."""
        return self.path / "report.html"

    def stamp(self) -> dict[str, str | None]:
        """What tells of which data and weights a measurement speaks: the run's fingerprint and its bundle's hash."""
        weights = read_manifest(self.bundle).sha256 if self.bundle.is_dir() else None
        return {"fingerprint": self.read()["fingerprint"], "weights": weights}

    def stamped(self, path: Path) -> dict[str, Any] | None:
        """The content of ``path`` while its stamp is that of the run now; None where it is missing or of other times.

        Raises SpecError for a file that is no JSON.
        """
        found = read_result(path) if path.is_file() else None
        same = isinstance(found, dict) and all(found.get(name) == value for name, value in self.stamp().items())
        return found if same else None

    def start(self, run: RunSpec, registry: Registry, fingerprint: str) -> None:
        """Write `run.json` into a new folder; raise TrainingError where one is there already."""
        if self.run_file.exists():
            hint = "add --resume to go on with it, or choose another --out or name"
            raise TrainingError(str(self.path), "a new run folder", "a run", hint)
        self.checkpoints.mkdir(parents=True, exist_ok=True)
        write_json(self.run_file, describe(run, registry, fingerprint))

    def require_same(self, run: RunSpec, data: "DataSet") -> None:
        """Raise TrainingError unless this folder holds the same run on the same data."""
        stored = self.read()
        before, same_data = Registry.discover().run(stored["run"]), data.has(stored["fingerprint"])
        if same_data:  # which may have moved; and up to version 0.1 a run knew fewer facts of its input
            moved = before.data.model_copy(update={"source": run.data.source})
            before = before.model_copy(update={"data": moved}).with_input(data.input)
        difference = first_difference(_deciding(before), _deciding(run))
        if difference:
            where, old, new = difference
            hint = "resume with the stored spec, or start a new run under another name"
            raise TrainingError(f"{self.run_file}: {where}", f"{old}, as it was started", str(new), hint)
        if not same_data:
            raise TrainingError(
                str(self.run_file), "the data it was started on", "other data under the same path", "restore the data"
            )

    def read(self) -> dict[str, Any]:
        """The content of `run.json`; raise TrainingError where there is no run."""
        if not self.run_file.exists():
            hint = "name the folder of a run, such as runs/NAME; `zoo train` makes one"
            raise TrainingError(str(self.path), f"a run folder with {RUN_FILE}", "none", hint)
        stored = read_json(self.run_file)
        if not isinstance(stored, dict) or not {"run", "fingerprint"} <= stored.keys():
            hint = "restore the file, or train again"
            raise TrainingError(str(self.run_file), "a run written by `zoo train`", "something else", hint)
        return migrated(stored)


def _deciding(run: RunSpec) -> dict[str, Any]:
    """The spec of ``run`` without what changes no window and no weight."""
    found = run.dump()
    found["trainer"] = {name: value for name, value in found["trainer"].items() if name not in ("patience", "workers")}
    return found


def describe(run: RunSpec, registry: Registry, fingerprint: str) -> dict[str, Any]:
    """What was run: the complete spec, versions, seed, code revision and the data's fingerprint."""
    versions = registry.plugins()
    return {
        "run": run.dump(),
        "zoo": version(),
        "plugins": {name: versions[name] for name in run.model.plugins()},
        "seed": run.training.seed,
        "revision": revision(),
        "fingerprint": fingerprint,
    }


def first_difference(old: Any, new: Any, where: str = "") -> tuple[str, Any, Any] | None:
    """Path, old and new value of the first place where two pieces of JSON data differ."""
    if isinstance(old, dict) and isinstance(new, dict):
        for key in [*old, *(key for key in new if key not in old)]:
            found = first_difference(old.get(key), new.get(key), f"{where}.{key}" if where else key)
            if found:
                return found
        return None
    return None if old == new else (where, old, new)
