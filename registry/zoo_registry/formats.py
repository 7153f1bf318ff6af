"""The data formats that the zoo reads, and the next step for files in other formats."""

from pathlib import Path

PLACES = {"ts": "path", "npy": "path", "mat": "path", "aeon": "name"}
"""For each format, the source field that locates the data."""

WAY_ON = (
    f"the formats are {', '.join(PLACES)}: save windows (n c t) as X_train.npy and labels (n) as y_train.npy "
    "in a folder, and write npy:FOLDER"
)
_FILES = {"*_TRAIN.ts": "ts", "X_*.npy": "npy", "*.mat": "mat"}
_OTHERS = frozenset(
    {".csv", ".tsv", ".txt", ".xls", ".xlsx", ".parquet", ".feather", ".h5", ".hdf5", ".npz", ".npy", ".pkl"}
    | {".pickle", ".arff", ".edf", ".bin", ".cwa", ".gt3x", ".zip", ".gz", ".pt", ".ts", ".mat"}
)


def format_in(folder: Path) -> str | None:
    """The format of the files in ``folder``; None if unknown."""
    return next((form for files, form in _FILES.items() if any(folder.glob(files))), None)


def other_formats(place: Path) -> str | None:
    """Description of data files at ``place`` in formats that the zoo does not read, such as `a .csv file`; None if
    there are none."""
    if place.is_file():
        return f"a {place.suffix} file" if place.suffix.lower() in _OTHERS else None
    if format_in(place) is not None:
        return None
    kinds = sorted({path.suffix.lower() for path in place.iterdir() if not path.name.startswith(".")} & _OTHERS)
    return f"{', '.join(kinds)} files alone" if kinds else None
