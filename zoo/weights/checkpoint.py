"""Read an untrusted torch checkpoint as data: it is checked before memory is allocated, and none of its code is run."""

import io
import warnings
import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor
from zoo_registry import BundleError, Checkpoint

from zoo.model.memory import available
from zoo.weights.pickles import MAGIC, PICKLES_IN_A_ROW, calls, is_data, safe_globals
from zoo.weights.validate_tensor import validate_tensor

_WRITTEN = "a checkpoint written by torch.save"
_AGAIN = "copy or download it again"
_TENSORS_UNDER = ("state_dict", "model_state_dict", "model")
_WRAPPERS = ("module.", "model.")

Allowed = Callable[..., Any] | tuple[Callable[..., Any], str]
"""A callable allowed for `weights_only`, under its own name or the name that it replaces."""


def read_checkpoint(path: Path) -> Checkpoint:
    """The tensors and entries of a checkpoint; tensors are memory-mapped if the format allows.

    Raises BundleError for a file that has another format, is damaged, would run code, or declares more data than it
    holds.
    """
    try:
        zipped = _require_kind(path)
        names = _called_in_zip(path) if zipped else _called_in_stream(path)
        content = _load(path, zipped, _replaced(path, names))
    except BundleError:
        raise
    except PermissionError as error:
        raise BundleError(str(path), "access", str(error.strerror), "check its permissions") from None
    except Exception as error:  # corrupt bytes can make zip and pickle parsers raise anything
        # Its message is left out: torch's message suggests to load the refused file anyway.
        found = f"a damaged file, or another kind of file ({type(error).__name__})"
        raise BundleError(str(path), _WRITTEN, found, f"{_AGAIN}, or save it again with torch.save") from None
    tensors, entries = _parted(path, content)
    for name, tensor in tensors.items():
        validate_tensor(f"{path}: {name}", tensor)
    return Checkpoint(str(path), tensors, entries)


def _require_kind(path: Path) -> bool:
    """Whether the file is a zip archive rather than a sequence of pickles; raise BundleError if it is neither."""
    if not path.is_file():
        found = "a folder" if path.is_dir() else "something else" if path.exists() else "no such file"
        raise BundleError(str(path), "a file", found, "check the path")
    if (size := path.stat().st_size) > available():
        raise BundleError(str(path), f"at most {available():,} bytes, the memory there is", f"{size:,}", "check it")
    with path.open("rb") as file:
        start = file.read(512)
    if zipfile.is_zipfile(path) and start.startswith(b"PK"):
        return True
    if not start.startswith(b"\x80"):
        raise BundleError(str(path), _WRITTEN, _kind(start), "export the weights with torch.save, or copy them again")
    return False


def _kind(start: bytes) -> str:
    if not start:
        return "an empty file"
    if start.startswith(b"PK"):
        return "a zip archive cut short"
    if start[8:9] == b"{":
        return "a file of safetensors"
    return "a text file" if start.isascii() else "a file of another kind"


def _called_in_zip(path: Path) -> list[str]:
    """Names that the archive's single pickle would call; checks that the archive is intact and not compressed."""
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        if any(entry.compress_type != zipfile.ZIP_STORED for entry in entries):
            raise BundleError(str(path), "uncompressed entries", "compressed entries", "save it with torch.save")
        if (claimed := sum(entry.file_size for entry in entries)) > path.stat().st_size:
            raise BundleError(str(path), "entries no larger than the file", f"{claimed:,} bytes", _AGAIN)
        pickles = [entry for entry in entries if PurePosixPath(entry.filename).match("*/data.pkl")]
        if len(pickles) != 1:
            found = f"a zip archive with {len(pickles)} entries named data.pkl"
            raise BundleError(str(path), _WRITTEN, found, "check the file")
        if damaged := archive.testzip():
            raise BundleError(str(path), "bytes that match their checksums", f"others in {damaged}", _AGAIN)
        return list(calls(io.BytesIO(archive.read(pickles[0]))))


def _called_in_stream(path: Path) -> list[str]:
    """Names that a file of consecutive pickles would call, from old torch versions without zip archives or other
    programs."""
    with path.open("rb") as file:
        row = PICKLES_IN_A_ROW if MAGIC in file.read(32) else 1
        file.seek(0)
        return [name for _ in range(row) for name in calls(file)]


def _replaced(path: Path, names: Collection[str]) -> list[Allowed]:
    """Replacements for some of ``names``; raise BundleError if a name does not build plain data."""
    known = safe_globals()
    for name in names:
        if name not in known and not is_data(name):
            hint = "it was not loaded; ask the sender for tensors and numbers only"
            raise BundleError(str(path), "only data", f"a pickle that calls {name}", hint)
    return [(known[name], name) for name in set(names) if name in known]


def _load(path: Path, zipped: bool, allowed: list[Allowed]) -> object:
    with warnings.catch_warnings(), torch.serialization.safe_globals(allowed):
        warnings.simplefilter("ignore")
        content: object = torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    return content


def _parted(path: Path, content: object) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors without wrapper prefixes in their names, and all other entries."""
    if not isinstance(content, Mapping):
        raise BundleError(str(path), "a dictionary of tensors", type(content).__name__, "save a state_dict")
    under = next((key for key in _TENSORS_UNDER if isinstance(content.get(key), Mapping)), None)
    state = {name: value for name, value in content.items() if isinstance(value, Tensor)}
    state = state if under is None else content[under]
    if not state:
        raise BundleError(str(path), "tensors, at the top level or under state_dict", "none", "check the file")
    for name, value in state.items():
        if not isinstance(name, str) or not isinstance(value, Tensor):
            hint = "save the model's state_dict, without further state"
            raise BundleError(f"{path}: {under}", "tensors by name", f"{name!r}: {type(value).__name__}", hint)
    others = {name: value for name, value in content.items() if name != under and not isinstance(value, Tensor)}
    return _unwrapped(path, state), {str(name): _plain(value) for name, value in others.items()}


def _unwrapped(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Tensors without the name prefixes and infixes of Lightning, DataParallel and torch.compile."""
    names = {name: name.replace("_orig_mod.", "") for name in tensors}
    while wrapper := next((word for word in _WRAPPERS if all(n.startswith(word) for n in names.values())), None):
        names = {name: short.removeprefix(wrapper) for name, short in names.items()}
    if len(set(names.values())) < len(names):
        raise BundleError(str(path), "each tensor once", "two that differ in _orig_mod alone", "save one of them")
    return {names[name]: tensor for name, tensor in tensors.items()}


def _plain(value: object) -> object:
    return vars(value) if isinstance(value, SimpleNamespace) else value
