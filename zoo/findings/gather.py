"""Facts of a run from the files in its folder, and what is found written beside them."""

from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel
from safetensors import SafetensorError, safe_open
from zoo_registry import BundleError, DataError, Registry, RunSpec

from zoo.codebook.report import CodebookReport
from zoo.data.prepare import prepare
from zoo.evaluation.report import EvalReport
from zoo.findings.curve import Curve
from zoo.findings.facts import DataFacts, Facts, Standard, reads_signals
from zoo.findings.find import find
from zoo.findings.finding import Finding
from zoo.findings.verdict import Verdict, verdict
from zoo.io.files import current, write_json
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_result, validated
from zoo.weights.manifest import TENSORS, bundle_in

Report = TypeVar("Report", bound=BaseModel)


def facts_of(folder: Path) -> Facts:
    """What the files of a run tell; no model is built, and data are read where `data.json` is missing.

    Raises ZooError where there is no run, or a file is not what the zoo writes.
    """
    home = RunFolder(folder)
    stored = home.read()
    run = Registry.discover().run(stored["run"])
    return Facts(
        run=run,
        curve=Curve.read(home.metrics),
        evaluation=_report(home, home.evaluation("test"), EvalReport, "zoo eval"),
        codebook=_report(home, home.codebook("test"), CodebookReport, "zoo codebook"),
        data=_data(home, run, str(stored["fingerprint"])),
        standards=_standards(home, run),
    )


def findings_of(folder: Path) -> list[Finding]:
    """What is wrong with the run in ``folder`` as far as its files tell; raises as `facts_of` does."""
    return find(facts_of(folder))


def record(facts: Facts, folder: Path) -> Verdict:
    """The verdict on ``facts``, written to `findings.json` in ``folder``."""
    found = verdict(find(facts), facts)
    write_json(RunFolder(folder).findings, found.model_dump(mode="json"))
    return found


def _report(home: RunFolder, path: Path, kind: type[Report], command: str) -> Report | None:
    """What ``command`` wrote; None where that is nothing yet, or was made of other data or weights than are here."""
    content = home.stamped(path)
    return None if content is None else validated(path, kind, content, command)


def write_data(data: DataFacts, fingerprint: str, folder: Path) -> None:
    """Keep in `data.json` what rules ask of the data, so that they need not be read again."""
    write_json(RunFolder(folder).data_facts, {"fingerprint": fingerprint, **data.model_dump(mode="json")})


def _data(home: RunFolder, run: RunSpec, fingerprint: str) -> DataFacts | None:
    """What was kept of the run's data, or is read from them; None where they are gone or have changed.

    A file that older versions wrote may know less than rules ask today.
    """
    kept = read_result(home.data_facts) if home.data_facts.exists() else None
    asked = {"fingerprint", *DataFacts.model_fields}
    if isinstance(kept, dict) and kept.keys() >= asked and kept["fingerprint"] == fingerprint:
        return validated(home.data_facts, DataFacts, kept, "zoo train")
    try:
        data = prepare(run.data)
    except DataError:
        return None
    return DataFacts.of(data) if data.has(fingerprint) else None


def _standards(home: RunFolder, run: RunSpec) -> tuple[Standard, ...]:
    """By what the head and the judges standardise, from their bundles; those that are gone are left out."""
    places = {name: bundle_in(Path(path)) for name, path in run.evaluation.bundles.items()}
    if reads_signals(run.model):
        places = {"head": home.bundle, **places}
    found = [_stored_standard(name, current(bundle) / TENSORS) for name, bundle in places.items()]
    return tuple(standard for standard in found if standard is not None)


def _stored_standard(reader: str, file: Path) -> Standard | None:
    """The statistics of the first filled Standardize in the head of a bundle, without reading its other tensors."""
    if not file.is_file():
        return None
    try:
        with safe_open(file, "pt") as tensors:
            names = set(tensors.keys())
            for name in sorted(names):
                place = name.removesuffix("filled")
                # Other modules than Standardize are filled too, and have no deviation.
                known = (
                    name.startswith("head.") and name.endswith(".filled") and {place + "mean", place + "std"} <= names
                )
                if known and bool(tensors.get_tensor(name)):
                    mean, std = (tensors.get_tensor(place + part).double().tolist() for part in ("mean", "std"))
                    return Standard(reader, tuple(mean), tuple(std))
    except SafetensorError as error:
        raise BundleError(str(file), "a file of tensors", str(error), "copy the bundle again") from None
    return None
