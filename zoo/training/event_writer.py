"""Numbers of a run for TensorBoard, written in the thread that trains: a full disk is told there and at once."""

import socket
import time
from collections.abc import Mapping
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

_VERSION = "brain.Event:2"
"""What the first record of an event file says, for readers to know the format."""


class EventWriter:
    """One event file in ``folder``, begun with the first numbers."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / f"events.out.tfevents.{int(time.time())}.{socket.gethostname()}"

    def add(self, numbers: Mapping[str, float], step: int) -> None:
        """Write ``numbers`` by name at ``step``; raise OSError where there is no room."""
        values = [Summary.Value(tag=name, simple_value=value) for name, value in numbers.items()]
        events = [Event(wall_time=time.time(), step=step, summary=Summary(value=values))]
        if not self.path.exists():
            events.insert(0, Event(wall_time=time.time(), file_version=_VERSION))
        with self.path.open("ab") as file:
            writer = RecordWriter(file)
            for event in events:
                writer.write(event.SerializeToString())
