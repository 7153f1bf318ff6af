"""The files of a folder that `zoo apply` writes; only such a folder is replaced."""

import re
from pathlib import Path

from zoo_registry import SpecError

CSV, PARQUET, CODES, SUMMARY = "predictions.csv", "predictions.parquet", "codes.npz", "summary.json"
_NAMES = re.compile("|".join(map(re.escape, (CSV, PARQUET, CODES, SUMMARY))) + r"|day(-.*)?\.(png|svg)", re.DOTALL)


def require_replaceable(out: Path) -> None:
    """Raise SpecError unless ``out`` is missing, empty, or a folder with nothing but such files."""
    hint = "name another folder"
    if out.exists() and not out.is_dir():
        raise SpecError("--out", "a folder", f"the file {out}", hint)
    foreign = sorted(path.name for path in out.iterdir() if not _NAMES.fullmatch(path.name)) if out.exists() else []
    if foreign:
        raise SpecError("--out", "a new folder, or one of `zoo apply` to replace", f"{foreign[0]} in {out}", hint)
