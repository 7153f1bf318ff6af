"""The spec of a mix: several sets as one set of single channels."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, SerializeAsAny, ValidatorFunctionWrapHandler, field_validator, model_validator
from zoo_registry import SourceSpec, SpecError, ZooError

from zoo_data.mix_errors import within

if TYPE_CHECKING:
    from zoo.sources import Extent, RawSet

Weight = Annotated[float, Field(gt=0, le=1e6)]
SetName = Annotated[str, Field(max_length=200)]


class MixSource(SourceSpec):
    """Several sets as one without labels: every channel of every window becomes a window `1 t` of one length.

    Sets may differ in channels, lengths, units and format. Training windows are those of the training splits, test
    windows those of the test splits. Small sets are repeated in an epoch: the share of a set is proportional to its
    weight and to its number of training series to the power `power`. All series of a window, or of its group or subject
    if the set knows these, stay on one side of a split.
    """

    kind: Literal["data.mix"] = "data.mix"

    path: str | None = None
    """Folder with a set in every subfolder (`NAME_TRAIN.ts`, `X_train.npy` or windows as `.mat`), relative to the
    working directory; null: only `sources`."""

    leave_out: tuple[SetName, ...] = Field(default=(), max_length=10_000)
    """Names of subfolders of `path` that are not read."""

    sources: tuple[SerializeAsAny[SourceSpec], ...] = Field(default=(), max_length=10_000)
    """Further sets, of any kind but `data.mix`."""

    weights: Mapping[SetName, Weight] = Field(default={}, max_length=10_000)
    """Weight of a set by its name, which is that of its file or folder, or of the set in aeon; 1 for all others."""

    power: float = Field(default=0.5, ge=0, le=1)
    """Power of a set's number of series in its share: 0 gives equal shares, 1 shares proportional to size."""

    windows: int | None = Field(default=None, ge=1, le=100_000_000)
    """Windows of an epoch, before the validation split is taken; null: the fewest with every series at least once."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the draw of series that an epoch has once more than others of their set."""

    length: int = Field(default=512, ge=2, le=1_000_000)
    """Samples of every window, by linear interpolation over the whole series, unless there is a `rate`."""

    rate: float | None = Field(default=None, gt=0, le=1e9)
    """Sampling rate, Hz, to which sets that know their rate are resampled; then the middle `length` samples are taken.
    Sets of unknown rate are brought to the length alone, with a note. null: the rates of sets are ignored."""

    scale: Literal["set", "none"] = "set"
    """set: every channel of a set minus its mean and divided by its deviation, both over the training split of that
    set, so that no unit dominates losses and R². none: values as they are."""

    @field_validator("sources", mode="wrap")
    @classmethod
    def _of_one_set_each(cls, given: Any, handler: ValidatorFunctionWrapHandler) -> Any:
        for index, part in enumerate(given if isinstance(given, list | tuple) else ()):
            if (part.get("kind") if isinstance(part, dict) else getattr(part, "kind", None)) == "data.mix":
                hint = "list its sources here, beside the others"
                raise SpecError(f"data.source.sources.{index}.kind", "a source of one set", "'data.mix'", hint)
        try:
            return handler(given)
        except ZooError:
            for index, part in enumerate(given):
                with within(f"sources.{index}"):
                    handler([part])
            raise

    @model_validator(mode="after")
    def _of_different_sets(self) -> "MixSource":
        if self.path is None and not self.sources:
            hint = "add a source, or set data.source.path to a folder with a set in every subfolder"
            raise SpecError("data.source.sources", "at least one set", "none", hint)
        if self.path is None and self.leave_out:
            hint = "remove it, or remove the set from data.source.sources"
            raise SpecError("data.source.leave_out", "subfolders of data.source.path", "no path", hint)
        for index, source in enumerate(self.sources):
            if source in self.sources[:index]:
                found = f"that of data.source.sources.{self.sources.index(source)}"
                hint = "remove it; data.source.weights gives a set a larger share"
                raise SpecError(f"data.source.sources.{index}", "another set", found, hint)
        return self

    @property
    def location(self) -> str:
        """The folder and the places of further sets, at most three of them."""
        names = [*([self.path] if self.path is not None else []), *(source.location for source in self.sources)]
        return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")

    @property
    def place(self) -> Path | None:
        return None if self.path is None else Path(self.path).expanduser()

    def read(self) -> "RawSet":
        from zoo_data.mix import read_mix

        return read_mix(self)

    def peek(self) -> "Extent":
        from zoo_data.mix import peek_mix

        return peek_mix(self)
