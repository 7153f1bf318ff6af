"""Publish the model of a run or a bundle on a hub: its two files and its card, in one commit."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from zoo_registry import BundleError, Registry, SpecError, show

from zoo.hub.address import HubAddress
from zoo.hub.cache import CARD
from zoo.hub.card import LONGEST, PublishedCard
from zoo.io.files import new_folder
from zoo.weights.manifest import MANIFEST, TENSORS, bundle_in, open_bundle, require_hash, stored_spec

_LICENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]{0,63}")


class Parcel(NamedTuple):
    """The files of a model for ``address``, contents by name, its card, and the hash of its weights."""

    address: HubAddress
    files: Mapping[str, bytes]
    card: PublishedCard
    sha256: str

    def write(self, folder: Path) -> None:
        """Write the files into ``folder``, which is new or empty. Raises BundleError if it is not, and OSError."""
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise BundleError(str(folder), "a new folder or an empty one", "something there", "name another folder")
        with new_folder(folder) as home:
            for name, content in self.files.items():
                (home / name).write_bytes(content)

    def upload(self, private: bool = False) -> str:
        """Upload the files in one commit, and return its hash; a repository that does not exist is created.

        Raises BundleError for no network, no right to write, or a repository that is public and should be ``private``.
        """
        from huggingface_hub import CommitOperationAdd, HfApi

        from zoo.hub.failures import one_line

        api, repository = HfApi(), self.address.repository
        with one_line(self.address):
            api.create_repo(repository, private=private or None, exist_ok=True)
            if private and not api.model_info(repository).private:
                hint = "make it private on its page, or choose another name"
                raise BundleError(str(self.address), "a private repository", "a public one of that name", hint)
            added = [CommitOperationAdd(name, content) for name, content in self.files.items()]
            return str(api.create_commit(repository, added, commit_message="Upload a model of shapezoo").oid)


def pack(source: str, address: HubAddress, licence: str, data_licence: str | None) -> Parcel:
    """The files of the model in ``source``, a run or a bundle, with a card. Asks nothing of the hub.

    ``licence`` is that of the weights, an identifier such as cc-by-4.0; ``data_licence`` says the licence or the terms
    of the data. Raises ZooError for a bundle that is damaged or needs a plugin that is missing, for an address with a
    revision, and if a licence is missing.
    """
    if address.revision is not None:
        raise BundleError(str(address), "an address without a revision", address.revision, f"write {address.at(None)}")
    if not _LICENCE.fullmatch(licence):
        hint = "write that of SPDX or of the hub, such as mit, cc-by-4.0 or other"
        raise SpecError("--licence", "the identifier of a licence", show(licence), hint)
    terms = " ".join((data_licence or "").split())
    if not 0 < len(terms) <= LONGEST:
        hint = 'state it, such as --data-licence "CC BY 4.0", or the terms on which you have them'
        found = f"{len(terms)} characters" if terms else "none"
        expected = f"the licence of the data that the model was trained on, in up to {LONGEST} characters"
        raise SpecError("--data-licence", expected, found, hint)
    folder, registry = bundle_in(source), Registry.discover()
    with open_bundle(folder) as bundle:
        require_hash(bundle)
        files = {MANIFEST: bundle.spec.read_bytes(), TENSORS: bundle.tensors.read_bytes()}
        manifest = bundle.manifest
    model = stored_spec(folder, manifest, registry)
    from zoo.publish.described import TrainedRun, card_of  # imports torch, as results of a run do
    from zoo.publish.readme import Published, readme

    run = TrainedRun.of(Path(source))
    card = card_of(manifest, model, run, licence.lower(), terms)
    text = readme(Published(address, manifest, model, run, card))
    return Parcel(address, {**files, CARD: text.encode()}, card, manifest.sha256)
