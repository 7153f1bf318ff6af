"""Recordings of PAMAP2, and their published preparation. Never imports torch."""

from zoo_registry import RecordingReader, hookimpl

from zoo_pamap2.reader import Pamap2Reader

__all__ = ["Pamap2Reader", "zoo_recordings"]


@hookimpl
def zoo_recordings() -> list[RecordingReader]:
    return [Pamap2Reader()]
