"""The address of a model on a hub, checked before anything is asked for."""

import re
from dataclasses import dataclass, replace
from pathlib import Path

from zoo_registry import BundleError, show
from zoo_registry.address import HUB_ADDRESS

SCHEME = "hf://"
MAIN = "main"
"""The branch that an address without a revision means."""
_COMMIT = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True)
class HubAddress:
    """A repository on a hub and a revision of it: a branch, a tag or a commit; None for the branch `main`."""

    owner: str
    name: str
    revision: str | None = None

    @classmethod
    def parse(cls, source: str | Path) -> "HubAddress":
        """Raises BundleError for text that is no address."""
        found = HUB_ADDRESS.fullmatch(_text(source))
        parts = [] if found is None else [part for part in found.groups() if part]
        if found is None or any("--" in part or ".." in part for part in parts):
            expected = "hf://owner/name or hf://owner/name@revision"
            hint = "use letters, digits, `-`, `_` and `.`, and no path behind the name"
            raise BundleError("address of a model", expected, show(_text(source)), hint)
        return cls(*found.group("owner", "name", "revision"))

    def __str__(self) -> str:
        return f"{SCHEME}{self.repository}{f'@{self.revision}' if self.revision else ''}"

    @property
    def repository(self) -> str:
        """Owner and name, as the hub writes them."""
        return f"{self.owner}/{self.name}"

    @property
    def commit(self) -> str | None:
        """Its revision if that is the hash of a commit, which never changes."""
        return self.revision if self.revision and _COMMIT.fullmatch(self.revision) else None

    def at(self, revision: str | None) -> "HubAddress":
        """The address of another revision."""
        return replace(self, revision=revision)


def is_address(source: str | Path) -> bool:
    """Whether ``source`` is meant as the address of a model, valid or not; never a path."""
    return _text(source).startswith("hf:/")


def _text(source: str | Path) -> str:
    return source if isinstance(source, str) else source.as_posix()
