"""The formats of data that the zoo reads, and the way on for files of others."""

from pathlib import Path

PLACES = {"ts": "path", "npy": "path", "mat": "path", "aeon": "name"}
"""Of every format, the field of a source that says where the data lie."""

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
    """The format whose files lie in ``folder``; None where nothing tells."""
    return next((form for files, form in _FILES.items() if any(folder.glob(files))), None)


def other_formats(place: Path) -> str | None:
    """Files of data at ``place`` that nothing reads as they are, such as `a .csv file`; None where there are none."""
    if place.is_file():
        return f"a {place.suffix} file" if place.suffix.lower() in _OTHERS else None
    if format_in(place) is not None:
        return None
    kinds = sorted({path.suffix.lower() for path in place.iterdir() if not path.name.startswith(".")} & _OTHERS)
    return f"{', '.join(kinds)} files alone" if kinds else None
