"""The cache of `huggingface_hub`, read by its documented layout: without the library and without a network.

A repository is the folder `models--OWNER--NAME`. In it, `refs/REVISION` holds the hash of a commit, and
`snapshots/COMMIT` its files.
"""

import os
from collections.abc import Iterator
from pathlib import Path

from zoo.hub.address import MAIN, HubAddress

FILES = ("spec.json", "model.safetensors")
"""The files of a bundle, all of which a snapshot must have."""
CARD = "README.md"
_SNAPSHOTS = "snapshots"
_HASH = 40


def hub_cache() -> Path:
    """The folder that the library uses, by the same environment variables; it may not exist."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    given = os.environ.get("HF_HUB_CACHE") or os.environ.get("HUGGINGFACE_HUB_CACHE") or Path(home) / "hub"
    return Path(os.path.expandvars(given)).expanduser().absolute()


def cached(address: HubAddress) -> Path | None:
    """The snapshot of ``address``, as it was when it was last asked for; None if it is not there with all files."""
    repository = _repository(address)
    commit = address.commit or _commit_of(repository / "refs" / (address.revision or MAIN))
    folder = repository / _SNAPSHOTS / commit if commit else None
    return folder if folder and _is_complete(folder) else None


def all_cached() -> Iterator[tuple[HubAddress, Path]]:
    """Every snapshot that could be a bundle, by the shortest address that means it here."""
    for repository in sorted(hub_cache().glob("models--*--*")):
        _, owner, name = repository.name.split("--", 2)
        refs = {_commit_of(file): file.relative_to(repository / "refs").as_posix() for file in _refs(repository)}
        for folder in sorted((repository / _SNAPSHOTS).glob("*")):
            if _is_complete(folder):
                revision = refs.get(folder.name, folder.name)
                yield HubAddress(owner, name, None if revision == MAIN else revision), folder


def is_snapshot(folder: Path) -> bool:
    """Whether ``folder`` is a snapshot, in which the library may also put other files of its repository."""
    return folder.parent.name == _SNAPSHOTS and folder.absolute().parent.parent.parent == hub_cache()


def _repository(address: HubAddress) -> Path:
    return hub_cache() / f"models--{address.owner}--{address.name}"


def _refs(repository: Path) -> list[Path]:
    """The files of branches and tags, that of `main` last, as it is the one to show."""
    files = sorted(file for file in (repository / "refs").rglob("*") if file.is_file())
    return sorted(files, key=lambda file: file == repository / "refs" / MAIN)


def _commit_of(ref: Path) -> str | None:
    try:
        found = ref.read_bytes()[: _HASH + 1].decode("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return None
    return HubAddress("any", "any", found).commit


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)
