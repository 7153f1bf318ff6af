"""What `run.json` says of a teacher, and of other models that a run uses."""

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


class BundleRecord(BaseModel, frozen=True):
    """A bundle that a run starts from or is judged by: its folder, name or address as written, the hash of its weights,
    and its commit on a hub."""

    source: str
    revision: str | None = None
    sha256: str


class UsedModels(BaseModel, frozen=True):
    """The teachers in a `run.json` by name, and the bundles by field; none in one from before they were kept."""

    teachers: Mapping[str, TeacherRecord] = {}
    bundles: Mapping[str, BundleRecord] = {}
