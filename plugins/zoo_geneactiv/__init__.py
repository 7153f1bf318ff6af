"""Recordings of GENEActiv wrist accelerometers. Never imports torch."""

from zoo_registry import RecordingReader, hookimpl

from zoo_geneactiv.readers import GeneactivBin, GeneactivCsv

__all__ = ["GeneactivBin", "GeneactivCsv", "zoo_recordings"]


@hookimpl
def zoo_recordings() -> list[RecordingReader]:
    return [GeneactivBin(), GeneactivCsv()]
