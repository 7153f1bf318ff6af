"""The images of a data set on disk, made once for all runs on it: a folder per data set and image.

    IMAGES/KEY/SPLIT/images.npy     (n c h w) in float32, mapped into memory
                     windows.npy    (n 16) bytes, the hash of each window
                     manifest.json  what they are, and the checksums of both files

The key is a hash of the fingerprint of the data, the complete spec of the image with the version of its plugin, and the
buffers of the image, which may come from other data. A folder appears when it is complete.
"""

import copy
import errno
import json
import shutil
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

import numpy as np
import torch
from zoo_registry import ImageSpec, Registry, ZooNote

from zoo.contracts import Image
from zoo.data.batch import evenly
from zoo.data.split import DataSet, Rows, Split
from zoo.io.cache import VARIABLE, cache_folder, cache_size
from zoo.io.files import new_folder, write_json
from zoo.io.npz import NpzStream
from zoo.model.cached_images import KEY, NOTHING_CACHED, CachedImages, Stored, window_keys
from zoo.process.bar import Seen, bar
from zoo.process.owned import owned
from zoo.sources.raw import row_blocks

_FILES = ("images.npy", "windows.npy")
_MANIFEST = "manifest.json"
_MOST = 0.25
"""Share that the cache may take of the space that would be free without it."""
_COMPARED = 8
"""Stored images that are made again and compared, in case the code that makes them changed."""


def images_folder() -> Path:
    """Where all images are; deleting it loses nothing but time."""
    return cache_folder() / "images"


def cached_images(spec: ImageSpec, image: Image, data: DataSet) -> CachedImages:
    """Images of the training and validation windows of ``data`` from disk, made by ``image`` and stored if not there.

    Several processes that ask for the same images at once make them once. Files that changed since they were written
    are made again, with a ZooNote. Where they cannot be stored, a ZooNote says why, and nothing is cached.
    """
    still = copy.deepcopy(image).eval()
    home = images_folder() / _key(spec, still, data.fingerprint)
    facts = {"image": spec.model_dump(mode="json"), "plugin": _version(spec), "fingerprint": data.fingerprint}
    try:
        parts = [_stored(home / split.name, still, split, facts) for split in (data.train, data.validation)]
    except OSError as error:
        hint = f"delete the cache, or set {VARIABLE} to another folder"
        note = f"{home}: {error.strerror or error}; images are not cached, but made in every epoch; {hint}"
        warnings.warn(note, ZooNote, stacklevel=2)
        return NOTHING_CACHED
    return CachedImages(still.state_dict(), parts)


def _key(spec: ImageSpec, image: Image, fingerprint: str) -> str:
    digest = sha256(json.dumps([fingerprint, _version(spec), spec.model_dump(mode="json")]).encode())
    for name, tensor in image.state_dict().items():
        digest.update(repr((name, str(tensor.dtype), tuple(tensor.shape))).encode() + tensor.cpu().numpy().tobytes())
    return digest.hexdigest()[:32]


def _version(spec: ImageSpec) -> str:
    plugin = str(spec.kind).partition(".")[0]
    return f"{plugin} {Registry.discover().plugins().get(plugin, 'unknown')}"


@torch.no_grad()
def _stored(folder: Path, image: Image, split: Split, facts: dict[str, Any]) -> Stored:
    """The images of ``split`` in ``folder``; raises OSError where they are not there and cannot be written."""
    found = _read(folder, image, split)
    if found is None:
        with owned(folder.parent, wait=True):  # another process may have made them meanwhile
            found = _read(folder, image, split)
            if found is None:
                if folder.exists():
                    note = f"{folder}: its files or the code that makes them changed; the images are made again"
                    warnings.warn(note, ZooNote, stacklevel=2)
                _make(folder, image, split, facts)
                found = _read(folder, image, split)
    if found is None:
        raise OSError(errno.EIO, "it changed while it was read", str(folder))
    return found


def _read(folder: Path, image: Image, split: Split) -> Stored | None:
    """What is in ``folder``, mapped into memory; None for nothing, or for anything but the images of ``split``."""
    try:
        manifest = json.loads((folder / _MANIFEST).read_bytes())
        if [_checksum(folder / name) for name in _FILES] != [manifest["sha256"][name] for name in _FILES]:
            return None
        images, keys = (np.load(folder / name, mmap_mode="r", allow_pickle=False) for name in _FILES)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    rows = evenly(len(split), _COMPARED)
    again = _images_of(image, split, rows)
    if images.shape != (len(split), *again.images.shape[1:]) or keys.shape != (len(split), KEY):
        return None
    same = np.array_equal(images[rows], again.images) and np.array_equal(keys[rows], again.keys)
    return Stored(images, np.asarray(keys)) if same else None


def _make(folder: Path, image: Image, split: Split, facts: dict[str, Any]) -> None:
    """Write the images of ``split``; a process killed meanwhile leaves no ``folder``."""
    shape = (len(split), *_images_of(image, split, np.zeros(1, np.intp))[0].shape[1:])
    _require_space(folder.parent, 4 * int(np.prod(shape)))
    with new_folder(folder) as new:
        with NpzStream(new) as stream, bar(f"images of {split.name}") as seen:
            for images, keys in _blocks(image, split, shape, seen):
                stream.append({"images": images, "windows": keys})
        checksums = {name: _checksum(new / name) for name in _FILES}
        write_json(new / _MANIFEST, {**facts, "split": split.name, "shape": list(shape), "sha256": checksums})


def _blocks(image: Image, split: Split, shape: tuple[int, ...], seen: Seen) -> Iterator[Stored]:
    """All images in order. Threads make them: the loops of persistence images let others run, and start at once."""
    threads, blocks = torch.get_num_threads(), list(row_blocks(shape))
    seen(0, len(split))
    with ThreadPoolExecutor(threads) as pool:
        for first in range(0, len(blocks), threads):  # few at a time, as they may be larger than memory together
            rows = [np.arange(block.start, block.stop) for block in blocks[first : first + threads]]
            yield from pool.map(partial(_images_of, image, split), rows)
            seen(int(rows[-1][-1]) + 1, len(split))


def _images_of(image: Image, split: Split, rows: Rows) -> Stored:
    x, mask = (None if part is None else torch.from_numpy(part) for part in split.read(rows))
    assert x is not None
    keys = np.frombuffer(b"".join(window_keys(x, mask)), np.uint8).reshape(-1, KEY)
    with torch.no_grad():  # a setting of each thread
        return Stored(image(x, mask).numpy(), keys)


def _checksum(file: Path) -> str:
    with file.open("rb") as opened:
        return file_digest(opened, "sha256").hexdigest()


def _require_space(home: Path, size: int) -> None:
    free, taken = shutil.disk_usage(home).free, cache_size()
    if taken + size > _MOST * (taken + free):
        found = f"{size / 1e9:.1f} GB of images beside {taken / 1e9:.1f} GB in the cache and {free / 1e9:.1f} GB free"
        raise OSError(errno.ENOSPC, found, str(home))
