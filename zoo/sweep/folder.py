"""The folder of a sweep: its spec, its runs, and their results."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zoo_registry import TrainingError
from zoo_registry.redacted import redacted_url

from zoo.io.files import write_json, write_text
from zoo.specs.read import read_json
from zoo.sweep.plan import Plan
from zoo.sweep.results import SweepResult, table
from zoo.sweep.storage import FILE, storage_url


@dataclass(frozen=True)
class SweepFolder:
    """Paths inside one sweep's folder."""

    path: Path

    @property
    def spec(self) -> Path:
        """The sweep with its complete run, its fingerprint and its storage."""
        return self.path / "sweep.json"

    @property
    def database(self) -> Path:
        """The storage, unless another one is named."""
        return self.path / FILE

    @property
    def runs(self) -> Path:
        """A run folder per point and seed."""
        return self.path / "runs"

    @property
    def logs(self) -> Path:
        """Output of the workers."""
        return self.path / "workers"

    @property
    def table(self) -> Path:
        return self.path / "trials.csv"

    @property
    def results(self) -> Path:
        return self.path / "results.json"

    @property
    def page(self) -> Path:
        return self.path / "sweep.html"

    @property
    def figures(self) -> Path:
        return self.path / "figures"

    def start(self, plan: Plan, url: str) -> None:
        """Write `sweep.json`."""
        content = {"sweep": plan.dump(), "fingerprint": plan.fingerprint, "storage": self.named(url)}
        write_json(self.spec, content)

    def named(self, url: str) -> str:
        """The name of the storage in this folder: no secrets, and no path that breaks if the folder moves."""
        return FILE if url == storage_url(str(self.database)) else redacted_url(url)

    def read(self) -> dict[str, Any]:
        """The content of `sweep.json`; raises SpecError or TrainingError for a damaged one."""
        stored = read_json(self.spec)
        if not isinstance(stored, dict) or not isinstance(stored.get("sweep"), dict) or "storage" not in stored:
            hint = "restore the file, or sweep into another --out"
            raise TrainingError(str(self.spec), "a sweep written by `zoo sweep`", "something else", hint)
        return stored

    def write(self, result: SweepResult) -> None:
        """Write `trials.csv` and `results.json`."""
        write_text(self.table, table(result))
        write_json(self.results, result.model_dump(mode="json"))
