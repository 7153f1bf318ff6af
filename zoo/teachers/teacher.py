"""A teacher of a run: its network or its file of logits, checked against the student's data."""

import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from zoo_registry import DataError, ModelCard, Registry, RunSpec, SpecError, TeacherSpec, ZooNote

from zoo.data.split import DataSet
from zoo.hub.address import HubAddress, is_address
from zoo.hub.card import PublishedCard, read_card
from zoo.hub.download import commit_of, fetched
from zoo.model.assembly import ZooModel
from zoo.runs.data import load_set
from zoo.runs.folder import RunFolder
from zoo.runs.teacher_record import TeacherRecord
from zoo.specs.offered import model_named
from zoo.teachers.checks import is_file_of_logits, require_classes, require_input
from zoo.teachers.logits_file import Logits, LogitsFile, read_logits
from zoo.weights.bundle import load
from zoo.weights.manifest import bundle_in, read_manifest


@dataclass(frozen=True)
class Teacher:
    """A frozen ``model`` in evaluation mode, or None for a file of logits; ``unseen`` are logits of the training split
    from models that did not see the window, None if there are none; ``file`` is that of a teacher without a model.

    ``mark`` is equal only for equal predictions: the hash of its weights, or of its file.
    """

    name: str
    spec: TeacherSpec
    mark: str
    model: ZooModel | None
    unseen: LogitsFile | None = None
    file: LogitsFile | None = None

    @property
    def record(self) -> TeacherRecord:
        """What the student's `run.json` says of it."""
        if self.model is None:
            return TeacherRecord(sha256=self.mark, kind="logits", capacity="logits")
        spec = self.model.spec
        assert spec.head is not None
        return TeacherRecord(
            sha256=self.mark,
            kind=str(spec.head.kind),
            capacity=spec.head.capacity,
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            model=spec.dump(),
            revision=commit_of(self.spec.source),
        )

    def of(self, split: Literal["validation", "test"]) -> Logits | None:
        """The stored logits of ``split``, for a teacher without a model; None if its file has none."""
        return None if self.file is None else {"validation": self.file.validation, "test": self.file.test}[split]


def load_teachers(run: RunSpec, data: DataSet) -> tuple[Teacher, ...]:
    """The teachers of ``run``, frozen and in evaluation mode; the random state does not change.

    Raises ZooError for one that does not suit the student, was trained on other data, or has seen its validation or
    test subjects.
    """
    return tuple(load_teacher(name, spec, data) for name, spec in run.teachers.items())


def load_teacher(name: str, spec: TeacherSpec, data: DataSet) -> Teacher:
    """One of them; raises as ``load_teachers`` does."""
    where, path = f"teachers.{name}", Path(spec.source)
    if is_file_of_logits(path):
        found = read_logits(path)
        require_classes(where, found.classes, data.input)
        _require_rows(where, path, found, data)
        if spec.logits == "out-of-fold" and found.folds is None:
            hint = "write it with `zoo logits --folds`, or remove `logits`"
            raise SpecError(f"{where}.logits", "a file with folds", f"none in {path}", hint)
        return Teacher(name, spec, found.digest, None, found if found.folds is not None else None, found)
    bundle = bundle_in(path)
    mark, model = read_manifest(bundle).sha256, load(bundle)
    require_input(where, model.spec, data.input)
    _require_same_data(where, path, spec, data)
    return Teacher(name, spec, mark, model.requires_grad_(False).eval(), _unseen(where, path, spec, data))


def _unseen(where: str, path: Path, spec: TeacherSpec, data: DataSet) -> LogitsFile | None:
    """The out-of-fold logits beside a run, if they are of these data."""
    file = RunFolder(path).logits
    found = read_logits(file) if file.is_file() else None
    if found is not None and found.folds is not None and data.has(found.fingerprint):
        _require_rows(where, file, found, data)
        return found
    if spec.logits == "out-of-fold":
        hint = f"train it with `zoo train {path} --folds group`, or remove `logits`"
        raise SpecError(f"{where}.logits", f"out-of-fold logits of these data in {file}", "none", hint)
    return None


def _require_rows(where: str, path: Path, found: LogitsFile, data: DataSet) -> None:
    if not data.has(found.fingerprint):
        hint = "write the file again for these data and this split"
        raise DataError(where, "logits of the student's data", f"another fingerprint in {path}", hint)
    if len(found.train) != len(data.train):
        expected = f"{len(data.train)} rows, one per training window"
        raise DataError(where, expected, f"{len(found.train)} in {path}", "write the file again")


def _require_same_data(where: str, path: Path, spec: TeacherSpec, data: DataSet) -> None:
    """Raise SpecError for a teacher of other data, unless that is allowed and it saw none of the student's validation
    and test subjects."""
    folder = _run_of(path)
    stored = folder.read() if folder is not None else None
    if stored is not None and data.has(stored["fingerprint"]):
        if stored["run"]["evaluation"]["protocol"] == "paper":
            note = "its weights were selected on the test split, so test results of the student are an upper bound too"
            warnings.warn(f"{where}: {note}", ZooNote, stacklevel=4)
        return
    stated = _stated(path)
    if stated is not None and data.has(stated):
        return
    if not spec.other_data:
        unknown = stored is None and stated is None
        found = "a bundle without a run, whose data are not known" if unknown else "other data or another split"
        hint = f"train it on these data, or allow it with {where}.other_data: true"
        raise SpecError(where, "a teacher that was trained on the student's data", found, hint)
    if stored is None:
        warnings.warn(f"{where}: its data are not known; it may have seen the test data", ZooNote, stacklevel=4)
        return
    _require_other_subjects(where, Registry.discover().run(stored["run"]), data)


def _stated(path: Path) -> str | None:
    """The fingerprint on the card of a model by name or address; None if there is none."""
    card: ModelCard | PublishedCard | None
    if is_address(path):
        card = read_card(fetched(HubAddress.parse(path)))
    else:
        offered = model_named(path)
        card = None if offered is None else offered.card
    return None if card is None or card.trained_on is None else card.trained_on.fingerprint


def _require_other_subjects(where: str, teacher: RunSpec, data: DataSet) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ZooNote)  # about the teacher's data, not the student's
        theirs = load_set(teacher).train.subject
    for split in (data.validation, data.test):
        if theirs is None or split.subject is None:
            note = f"whether it has seen subjects of the student's {split.name} split is not known"
            warnings.warn(f"{where}: {note}", ZooNote, stacklevel=4)
        elif seen := sorted({str(name) for name in split.subject} & {str(name) for name in theirs}):
            expected = f"a teacher that was not trained on subjects of the {split.name} split"
            raise SpecError(where, expected, f"trained on {', '.join(seen[:5])}", "train it without these subjects")


def _run_of(path: Path) -> RunFolder | None:
    """The run that a bundle belongs to; None for a bundle by itself."""
    for folder in (path, path.parent, path.parent.parent):
        if (run := RunFolder(folder)).run_file.is_file() and path in (folder, run.bundle, *folder.glob("best/*")):
            return run
    return None
