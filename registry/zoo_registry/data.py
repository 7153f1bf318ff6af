"""The spec of a data set: where it is stored, how it is split, and how lengths and missing values are handled."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from zoo_registry.component import Spec
from zoo_registry.errors import SpecError
from zoo_registry.input import Names, Rate, Units

Layout = Literal["c t", "t c", "1 t c"]


class TsSource(Spec):
    """A folder with `NAME_TRAIN.ts` and optionally `NAME_TEST.ts`, as in the UEA and UCR archives."""

    format: Literal["ts"] = "ts"
    path: str
    """Folder of the files, relative to the working directory; if it holds several pairs, the pair named like the folder
    is read."""


class BundledSource(Spec):
    """A data set that comes with the aeon package, so that nothing is downloaded."""

    format: Literal["aeon"] = "aeon"
    name: Literal["basic_motions", "arrow_head", "gunpoint", "italy_power_demand", "japanese_vowels"] = "basic_motions"
    """Name of the set; basic_motions holds 6 channels of 100 samples and 4 classes."""


class NpySource(Spec):
    """A folder of `X_SPLIT.npy`, memory-mapped, and `y_SPLIT.npy`, class numbers or names."""

    format: Literal["npy"] = "npy"
    path: str
    """Folder of the files, relative to the working directory."""

    layout: Layout
    """Axes of one window in `X_*.npy`, after the first axis, which is the window."""

    train: str = "train"
    """Name of the training split in the file names."""

    test: str | None = "test"
    """Name of the test split; null takes it from the training split, with the share `split.test`."""

    subject: str | None = None
    """NAME of files `NAME_SPLIT.npy` with each window's subject."""

    group: str | None = None
    """NAME of files `NAME_SPLIT.npy` with each window's group, such as a trial, which is never split."""

    classes: str | None = None
    """Text file in the folder, a class name per line, counted from 0 or 1; null names each class by its number."""

    @model_validator(mode="after")
    def _splits_differ(self) -> "NpySource":
        if self.test == self.train:
            hint = "name the files to test on, or set it to null and data.split.test to a share such as 0.25"
            found = f"{self.test!r}, the training split"
            raise SpecError("data.source.test", "windows that are not also in training", found, hint)
        return self


class MatSource(Spec):
    """A folder of MATLAB windows named like `ID-102_CLASS-13_Window-0001.mat`; the ID is the subject.

    They have no test split: `split.test` is the share of the subjects that becomes the test split.
    """

    format: Literal["mat"] = "mat"
    path: str
    """Folder of the files, relative to the working directory."""

    key: str = "xw"
    """Name of the array in each file."""

    layout: Layout = "t c"
    """Axes of the array."""

    classes: str | None = None
    """Text file in the folder, a class name per line, counted from 0 or 1; null names each class by its number."""


Source = Annotated[TsSource | BundledSource | NpySource | MatSource, Field(discriminator="format")]


class SplitSpec(Spec):
    """How the validation split, and the test split if the source has none, are taken from the training data."""

    validation: float = Field(default=0.2, gt=0, lt=1)
    """Share of the training data kept for validation."""

    test: float | None = Field(default=None, gt=0, lt=1)
    """Share taken as test split; required for sources without a test split, refused for others."""

    by: Literal["auto", "subject", "group", "class"] = "auto"
    """Unit that is never split: auto takes groups if known, else subjects, else windows; class shares are kept."""

    seed: int = Field(default=0, ge=0, lt=2**32)
    """Seed of the random split."""


class LengthSpec(Spec):
    """Bring every series to one length."""

    to: int = Field(ge=2, le=1_000_000)
    """Samples of every series afterwards."""

    method: Literal["interpolate", "pad", "crop"] = "interpolate"
    """interpolate linearly; pad at the end, masked; crop to the middle."""


class DataSpec(Spec):
    """A data set with all preprocessing before the model."""

    source: Source
    """Where the data are stored; `format` selects the kind of source."""

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

    missing: Literal["refuse", "mask"] = "refuse"
    """NaN values: refuse the data, or mark them as unobserved."""
