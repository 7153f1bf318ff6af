"""The folder of a model on a hub: from the cache of `huggingface_hub`, after a download if it is not there."""

import warnings
from collections.abc import Mapping
from pathlib import Path

from zoo_registry import BundleError, ZooNote

from zoo.hub.address import HubAddress, is_address
from zoo.hub.cache import CARD, FILES, cached, hub_cache

_COMMITS: dict[HubAddress, str] = {}
"""The commit of every address that was asked for, so that this process never mixes two."""
_PATIENCE = 10.0
"""Seconds until the hub must answer, as in the library's own downloads."""


def fetched(address: HubAddress) -> Path:
    """The folder of the bundle at ``address``; its name is the hash of the commit, which stays in this process.

    Only the files of a bundle and its card are downloaded. A commit in the cache needs no network. If the hub cannot
    be reached, the cache answers, with a ZooNote. Raises BundleError if neither has it, and OSError if the cache cannot
    be written.
    """
    exact = address.at(_COMMITS[address]) if address in _COMMITS else address
    folder = (cached(exact) if exact.commit else None) or _newest(exact)
    _COMMITS[address] = folder.name
    return folder


def commit_of(source: str) -> str | None:
    """The commit of a ``source`` that is an address; None for another one. Raises as ``fetched`` does."""
    return fetched(HubAddress.parse(source)).name if is_address(source) else None


def pin(commits: Mapping[str, str]) -> None:
    """Let addresses, as written, mean these commits in this process."""
    _COMMITS.update({HubAddress.parse(source): commit for source, commit in commits.items()})


def _newest(address: HubAddress) -> Path:
    from huggingface_hub import is_offline_mode

    from zoo.hub.failures import is_unreachable, one_line

    with one_line(address):
        try:
            return _downloaded(address)
        except Exception as error:
            folder = cached(address) if is_unreachable(error) else None
            if folder is None:
                raise
            if not is_offline_mode():
                note = f"{address}: the hub cannot be reached; commit {folder.name[:12]} in the cache is used"
                warnings.warn(note, ZooNote, stacklevel=4)
            return folder


def _downloaded(address: HubAddress) -> Path:
    from huggingface_hub import HfApi, hf_hub_download

    repository, cache = address.repository, hub_cache()
    found = HfApi().model_info(repository, revision=address.revision, timeout=_PATIENCE)
    names = {file.rfilename for file in found.siblings or ()}
    _require_bundle(address, names)
    for name in (*FILES, *({CARD} & names)):
        hf_hub_download(repository, name, revision=found.sha, cache_dir=cache)
    if address.commit is None:  # notes in the cache which commit the revision is, now that its files are there
        hf_hub_download(repository, FILES[0], revision=address.revision, cache_dir=cache)
    folder = cached(address.at(found.sha))
    if folder is None:
        raise BundleError(str(address), f"all files of commit {found.sha}", "not all in the cache", "run it again")
    return folder


def _require_bundle(address: HubAddress, names: set[str]) -> None:
    if not names.issuperset(FILES):
        found = ", ".join(sorted(name for name in names if not name.startswith(".") and name != CARD)) or "no file"
        hint = "`zoo push` writes such repositories; `zoo import` converts checkpoints of others"
        raise BundleError(str(address), f"a bundle with {' and '.join(FILES)}", found, hint)
