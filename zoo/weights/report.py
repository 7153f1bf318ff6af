"""The report of a transfer: the status of every tensor, and the reason."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel
from zoo_registry import BundleError, TransferSpec

Status = Literal["loaded", "resized", "skipped", "missing", "unused"]
STATUSES: tuple[Status, ...] = ("loaded", "resized", "skipped", "missing", "unused")


class TensorRow(BaseModel, frozen=True):
    """One model tensor with its counterpart in the source, or one unused source tensor.

    skipped: has a counterpart in the source but keeps its initial value; missing: has no counterpart. ``asked``: the
    spec requests this tensor. ``refused``: the policy does not allow its status.
    """

    status: Status
    name: str | None
    """Name in the model; None for a tensor of the source that is unused."""
    source: str | None
    """Name in the source; None if it is not there."""
    shape: tuple[int, ...] | None
    source_shape: tuple[int, ...] | None
    reason: str
    asked: bool = True
    refused: bool = False

    @property
    def known_as(self) -> str:
        """The name in the model, or else in the source."""
        return self.name or self.source or ""


class FieldDifference(BaseModel, frozen=True):
    """A field of a transferred component with another value in the source: tensors may fit but have another meaning."""

    field: str
    source: Any
    here: Any


class Transferred(BaseModel, frozen=True):
    """`transfer.json` of a run: the origin of every tensor of its model, and the reports of all transfers."""

    origins: dict[str, str]
    transfers: list["TransferReport"]


class Module(NamedTuple):
    """The rows of one part of a component, such as `encoder.transformer`."""

    name: str
    rows: tuple[TensorRow, ...]

    def count(self, status: Status) -> int:
        """Number of tensors with this ``status``."""
        return sum(row.status == status for row in self.rows)


class TransferReport(BaseModel, frozen=True):
    """Every tensor of the model and of the source, each once, and the fields in which the two differ."""

    transfer: TransferSpec
    tensors: tuple[TensorRow, ...]
    differences: tuple[FieldDifference, ...]

    def modules(self) -> list[Module]:
        """Rows grouped by the first two parts of their names, in order of occurrence."""
        found: dict[str, list[TensorRow]] = {}
        for row in self.tensors:
            found.setdefault(".".join(row.known_as.split(".")[:2]), []).append(row)
        return [Module(name, tuple(rows)) for name, rows in found.items()]

    def total(self, status: Status) -> int:
        """Number of tensors with this ``status``."""
        return sum(row.status == status for row in self.tensors)

    @property
    def exact(self) -> bool:
        """Whether every requested tensor was loaded unchanged."""
        return all(row.status == "loaded" for row in self.tensors if row.asked)

    def sentence(self) -> str:
        """Summary of the status of the requested tensors."""
        statuses = Counter(row.status for row in self.tensors if row.asked)
        counts = [f"{statuses[status]} {status}" for status in STATUSES if statuses[status]]
        what = ", ".join(self.transfer.only or ()) or "everything shared"
        return f"weights of {what} from {self.transfer.source}: {', '.join(counts)}"

    @property
    def allowed(self) -> bool:
        """Whether the policy allows every row and every requested path transferred at least one tensor."""
        return not self._refused() and not self._idle()

    def require_allowed(self) -> None:
        """Raise BundleError with the first tensor or path that is not allowed, if any."""
        if refused := self._refused():
            more = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
            expected = _EXPECTED[self.transfer.policy]
            raise BundleError(self._where(refused[0].known_as), expected, refused[0].reason + more, self._hint(refused))
        if idle := self._idle():
            hint = "`zoo transfer` shows what the source holds; --map pairs names that differ"
            raise BundleError(self._where(idle[0]), "weights that the model can take", "none", hint)

    def _refused(self) -> list[TensorRow]:
        return [row for row in self.tensors if row.refused]

    def _idle(self) -> list[str]:
        """Paths of `only`, or the empty path for all, from which nothing was transferred."""
        taken = [row.known_as for row in self.tensors if row.status in ("loaded", "resized")]
        paths = self.transfer.only or ("",)
        return [path for path in paths if not any(inside(name, path) or inside(path, name) for name in taken)]

    def _where(self, name: str) -> str:
        return f"{self.transfer.source}: {name}" if name else self.transfer.source

    def _hint(self, refused: Iterable[TensorRow]) -> str:
        roles = ", ".join(dict.fromkeys(row.known_as.partition(".")[0] for row in refused))
        others = "fit" if self.transfer.policy == "resize" else "fit or resize"
        return f"make the specs alike in {roles}, choose with `only`, or take policy {others}"


_EXPECTED = {
    "strict": "a tensor that fits exactly (policy strict)",
    "resize": "a tensor that fits or can be brought to size (policy resize)",
    "fit": "a tensor that fits",
}


def inside(name: str, path: str) -> bool:
    """Whether the tensor or module ``name`` equals ``path`` or is inside it; everything is inside the empty path."""
    return not path or name == path or name.startswith(f"{path}.")


def origins(reports: Iterable[TransferReport]) -> dict[str, str]:
    """Origin of each model tensor after several transfers in order: a source and a name, or `fresh`."""
    return {name: origin for report in reports for name, origin in _origins(report)}


def _origins(report: TransferReport) -> Iterator[tuple[str, str]]:
    for row in report.tensors:
        if row.name is not None and row.status in ("loaded", "resized"):
            yield row.name, f"{report.transfer.source}: {row.source}"
