"""What `run.json` says of a teacher."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel


class TeacherRecord(BaseModel, frozen=True):
    """A teacher at the start of a training: the hash of its weights or its file, and its network.

    ``kind`` is that of its head, and ``capacity`` the size of that as in `HeadSpec.capacity`; both are `logits` for a
    file of logits, which has no ``parameters`` and no ``model``. ``revision`` is the commit of a model on a hub.
    """

    sha256: str
    kind: str
    capacity: str
    parameters: int | None = None
    model: dict[str, Any] | None = None
    revision: str | None = None


class TeacherRecords(BaseModel, frozen=True):
    """The teachers in a `run.json`, by name; none in one from before they were kept."""

    teachers: Mapping[str, TeacherRecord] = {}
