"""The files of a folder that `zoo apply` writes."""

import re

CSV, PARQUET, CODES, SUMMARY = "predictions.csv", "predictions.parquet", "codes.npz", "summary.json"
NAMES = re.compile("|".join(map(re.escape, (CSV, PARQUET, CODES, SUMMARY))) + r"|day(-.*)?\.(png|svg)", re.DOTALL)
"""Only a folder with no other files is replaced."""


def day_name(recording: str, recordings: int) -> str:
    """The name of the picture of a recording, without suffix, in a folder of this many ``recordings``."""
    return "day" if recordings == 1 else f"day-{recording}"
