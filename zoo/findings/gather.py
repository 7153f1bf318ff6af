"""Gather the facts on a run from the files in its folder, and write the findings beside them."""

from contextlib import suppress
from pathlib import Path

from safetensors import SafetensorError, safe_open
from zoo_registry import BundleError, DataError, Registry, RunSpec

from zoo.codebook.report import CodebookReport
from zoo.codebook.stored import stored_report
from zoo.data.prepare import prepare
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import HEAD
from zoo.evaluation.stored import stored_evaluation
from zoo.findings.curve import Curve
from zoo.findings.facts import DataFacts, Facts, Standard, reads_signals
from zoo.findings.find import find
from zoo.findings.verdict import Verdict, verdict
from zoo.io.files import current, write_json
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_result, validated
from zoo.weights.manifest import TENSORS, bundle_in


def facts_of(folder: Path, evaluation: EvalReport | None = None, codebook: CodebookReport | None = None) -> Facts:
    """Facts from the files of a run; no model is built, and data are read only if `data.json` is missing.

    ``evaluation`` and ``codebook`` are its stored reports, if they have been read already.
    Raises ZooError if there is no run, or if a file does not have the zoo's format.
    """
    home = RunFolder(folder)
    stored = home.read()
    run = Registry.discover().run(stored["run"])
    return Facts(
        run=run,
        curve=Curve.read(home.metrics),
        evaluation=evaluation or stored_evaluation(home),
        codebook=codebook or stored_report(home),
        data=_data(home, run, str(stored["fingerprint"])),
        standards=_standards(home, run),
    )


def record(facts: Facts, folder: Path) -> Verdict:
    """The verdict on ``facts``, written to `findings.json` in ``folder``."""
    found = verdict(find(facts), facts)
    write_json(RunFolder(folder).findings, found.model_dump(mode="json"))
    return found


def write_data(data: DataFacts, fingerprint: str, folder: Path) -> None:
    """Store the facts on the data in `data.json`, so that the data need not be read again."""
    write_json(RunFolder(folder).data_facts, {"fingerprint": fingerprint, **data.model_dump(mode="json")})


def _data(home: RunFolder, run: RunSpec, fingerprint: str) -> DataFacts | None:
    """Stored facts on the run's data, else read from the data; None if the data are gone or have changed."""
    if (kept := stored_data(home, fingerprint)) is not None:
        return kept
    try:
        data = prepare(run.data)
    except DataError:
        return None
    return DataFacts.of(data) if data.has(fingerprint) else None


def stored_data(home: RunFolder, fingerprint: str) -> DataFacts | None:
    """Stored facts on the run's data; None if there are none, or not those of today's version."""
    kept = read_result(home.data_facts) if home.data_facts.exists() else None
    required = {"fingerprint", *(name for name, field in DataFacts.model_fields.items() if field.is_required())}
    if isinstance(kept, dict) and kept.keys() >= required and kept["fingerprint"] == fingerprint:
        return validated(home.data_facts, DataFacts, kept, "zoo train")
    return None


def _standards(home: RunFolder, run: RunSpec) -> tuple[Standard, ...]:
    """Standardisation statistics of the head and the judges, from their bundles; missing bundles are left out."""
    places = {}
    for name, path in run.evaluation.bundles.items():
        with suppress(BundleError):
            places[name] = bundle_in(path)
    if reads_signals(run.model):
        places = {HEAD.name: home.bundle, **places}
    found = [_stored_standard(name, current(bundle) / TENSORS) for name, bundle in places.items()]
    return tuple(standard for standard in found if standard is not None)


def _stored_standard(reader: str, file: Path) -> Standard | None:
    """Statistics of the first fitted Standardize in the head of a bundle; other tensors are not read."""
    if not file.is_file():
        return None
    try:
        with safe_open(file, "pt") as tensors:
            names = set(tensors.keys())
            for name in sorted(names):
                place = name.removesuffix("filled")
                # Modules other than Standardize can be fitted too, and have no deviation.
                known = (
                    name.startswith("head.") and name.endswith(".filled") and {place + "mean", place + "std"} <= names
                )
                if known and bool(tensors.get_tensor(name)):
                    mean, std = (tensors.get_tensor(place + part).double().tolist() for part in ("mean", "std"))
                    return Standard(reader, tuple(mean), tuple(std))
    except SafetensorError as error:
        raise BundleError(str(file), "a file of tensors", str(error), "copy the bundle again") from None
    return None
