"""Recognises recordings of PAMAP2 and opens them."""

from pathlib import Path

from zoo_registry import Recording, RecordingReader

from zoo_pamap2.line import fault


class Pamap2Reader(RecordingReader):
    """Recording of PAMAP2 (.dat).

    A line of 54 numbers per sample, at 100 Hz: time, activity, heart rate, and 17 numbers of each of three sensors.
    """

    suffixes = (".dat",)

    def claims(self, first: bytes) -> bool:
        return fault(first.partition(b"\n")[0].decode("latin-1")) is None

    def open(self, path: Path) -> Recording:
        from zoo_pamap2.recording import Pamap2Recording

        return Pamap2Recording(path)
