"""The two kinds of files: pages of hexadecimal digits as the device stores them, and the vendor's table of samples."""

import re
from pathlib import Path

from zoo_registry import Recording, RecordingReader

_TABLE = re.compile(rb"(?:\xef\xbb\xbf)?Device Type[,;]GENEActiv")


class GeneactivBin(RecordingReader):
    """Recording of a GENEActiv (.bin).

    A header, then pages of 300 samples as hexadecimal digits.
    """

    suffixes = (".bin",)

    def claims(self, first: bytes) -> bool:
        return first.startswith(b"Device Identity")

    def open(self, path: Path) -> Recording:
        from zoo_geneactiv.bin_recording import open_bin

        return open_bin(path)


class GeneactivCsv(RecordingReader):
    """Raw table of a GENEActiv (.csv).

    The vendor's program writes it from a .bin: a header, then a row per sample. The same program's summaries, a row per
    second or minute, are refused.
    """

    suffixes = (".csv",)

    def claims(self, first: bytes) -> bool:
        return _TABLE.match(first) is not None

    def open(self, path: Path) -> Recording:
        from zoo_geneactiv.csv_recording import open_csv

        return open_csv(path)
