"""Recordings of GENEActiv wrist accelerometers."""

from zoo_registry import RecordingReader, hookimpl


@hookimpl
def zoo_recordings() -> list[RecordingReader]:
    return []
