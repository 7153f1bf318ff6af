"""TensorBoard values of a run, written in the training thread, so that a full disk is reported there immediately."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

_VERSION = "brain.Event:2"
"""The first record of an event file, which identifies the format."""


class EventWriter:
    """One event file in ``folder``, created with the first values."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Write ``numbers`` by name at ``step``; raise OSError if the disk is full."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        events = [Event(wall_time=time.time(), step=step, summary=Summary(value=values))]
        if not self.path.exists():
            events.insert(0, Event(wall_time=time.time(), file_version=_VERSION))
        with self.path.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())
