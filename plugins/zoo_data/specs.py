"""The specs of `.npy`, `.ts` and `.mat` folders, and of the sets that come with aeon."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import model_validator
from zoo_registry import Layout, SourceSpec, SpecError

if TYPE_CHECKING:
    from zoo.sources import Extent, RawSet

CUT = 0.2
"""Share taken as test split where a source in short form has none."""
GROUPS = ("trial", "group", "bout")
"""Usual names of what must not be split, from which a source in short form takes its groups."""


class TsSource(SourceSpec):
    """A folder with `NAME_TRAIN.ts` and optionally `NAME_TEST.ts`, as in the UEA and UCR archives."""

    files: ClassVar[tuple[str, ...]] = ("*_TRAIN.ts",)

    kind: Literal["data.ts"] = "data.ts"

    path: str
    """Folder of the files, relative to the working directory; if it holds several pairs, the pair named like the folder
    is read."""

    def read(self) -> "RawSet":
        from zoo_data.ts import read_ts

        return read_ts(self)

    def peek(self) -> "Extent":
        from zoo_data.ts import peek_ts

        return peek_ts(self)


class BundledSource(SourceSpec):
    """A data set that comes with the aeon package, so that nothing is downloaded."""

    locator: ClassVar[str] = "name"

    kind: Literal["data.aeon"] = "data.aeon"

    name: Literal["basic_motions", "arrow_head", "gunpoint", "italy_power_demand", "japanese_vowels"] = "basic_motions"
    """Name of the set; basic_motions holds 6 channels of 100 samples and 4 classes."""

    def read(self) -> "RawSet":
        from zoo_data.bundled import read_bundled

        return read_bundled(self)

    def peek(self) -> "Extent":
        from zoo_data.bundled import peek_bundled

        return peek_bundled(self)


class NpySource(SourceSpec):
    """A folder of `X_SPLIT.npy`, memory-mapped, and `y_SPLIT.npy`, class numbers or names.

    If it has the file `windows.json` of `zoo windows`, channel names, rate, unit and moving mean are read from it.
    """

    files: ClassVar[tuple[str, ...]] = ("X_*.npy",)
    mapped: ClassVar[bool] = True

    kind: Literal["data.npy"] = "data.npy"

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

    def read(self) -> "RawSet":
        from zoo_data.npy import read_npy

        return read_npy(self)

    def peek(self) -> "Extent":
        from zoo_data.npy import peek_npy

        return peek_npy(self)

    @classmethod
    def infer(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        from zoo_data.npy_folder import infer_npy

        return infer_npy(given)


class MatSource(SourceSpec):
    """A folder of MATLAB windows named like `ID-102_CLASS-13_Window-0001.mat`; the ID is the subject.

    They have no test split: `split.test` is the share of the subjects that becomes the test split.
    """

    files: ClassVar[tuple[str, ...]] = ("*.mat",)

    kind: Literal["data.mat"] = "data.mat"

    path: str
    """Folder of the files, relative to the working directory."""

    key: str = "xw"
    """Name of the array in each file."""

    layout: Layout = "t c"
    """Axes of the array."""

    classes: str | None = None
    """Text file in the folder, a class name per line, counted from 0 or 1; null names each class by its number."""

    def read(self) -> "RawSet":
        from zoo_data.mat import read_mat

        return read_mat(self)

    def peek(self) -> "Extent":
        from zoo_data.mat import peek_mat

        return peek_mat(self)

    @classmethod
    def infer(cls, given: Mapping[str, Any]) -> dict[str, Any]:
        return with_test_split(given)


def with_test_split(given: Mapping[str, Any]) -> dict[str, Any]:
    """``given``, plain data of a DataSpec whose source has no test split, with a share for one unless it holds out
    subjects."""
    split = given.get("split", {})
    return {**given, "split": split if split.get("hold_out") else {"test": CUT, **split}}
