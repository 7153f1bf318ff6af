"""The spec of a data set: where it is stored, how it is split, and how lengths and missing values are handled."""

from typing import Annotated, Literal

from pydantic import Field, SerializeAsAny, model_validator

from zoo_registry.component import SourceSpec, Spec
from zoo_registry.errors import SpecError
from zoo_registry.input import Names, Rate, Smooth, Units

Layout = Literal["c t", "t c", "1 t c"]
"""Axes of a stored window."""


class SplitSpec(Spec):
    """How the validation split, and the test split if the source has none, are taken from the training data."""

    validation: float = Field(default=0.2, gt=0, lt=1)
    """Share of the training data kept for validation."""

    test: float | None = Field(default=None, gt=0, lt=1)
    """Share taken as test split; required for sources without a test split, refused for others."""

    hold_out: tuple[Annotated[str, Field(max_length=200)], ...] = Field(default=(), max_length=10_000)
    """Subjects whose windows are the test split, instead of a share; for sources without a test split."""

    by: Literal["auto", "subject", "group", "class"] = "auto"
    """Unit that is never split: auto takes groups if known, else subjects, else windows; class shares are kept."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the random split."""

    @model_validator(mode="after")
    def _one_test_split(self) -> "SplitSpec":
        if self.hold_out and self.test is not None:
            found = f"both, {self.test} and {', '.join(self.hold_out[:3])}"
            raise SpecError("data.split", "a share as test, or subjects as hold_out", found, "remove one of them")
        return self


class LengthSpec(Spec):
    """Bring every series to one length."""

    to: int = Field(ge=2, le=1_000_000)
    """Samples of every series afterwards."""

    method: Literal["interpolate", "pad", "crop"] = "interpolate"
    """interpolate linearly; pad at the end, masked; crop to the middle."""


class DataSpec(Spec):
    """A data set with all preprocessing before the model; the registry narrows ``source`` to the installed kinds."""

    source: SerializeAsAny[SourceSpec]
    """Where the data are stored, and how they are read."""

    split: SplitSpec = SplitSpec()
    """How validation and test splits are taken."""

    length: LengthSpec | None = None
    """Length step; null keeps the length of the data, which must be the same for all series."""

    channel_names: Names | None = None
    """Name of each channel, in order; null takes the names in the source, if any."""

    rate: Rate | None = None
    """Sampling rate of the stored data, Hz, before the length step; null takes the rate in the source, if any."""

    units: Units | None = None
    """Unit of the values, such as g; null takes the unit in the source, if any."""

    smooth: Smooth | None = None
    """Seconds of the moving mean that the stored data had, 0 for none; null takes those in the source, if any."""

    missing: Literal["refuse", "mask"] = "refuse"
    """NaN values: refuse the data, or mark them as unobserved."""
