"""Arrays that a run keeps so that they are computed once, with a key of everything they depend on."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zoo.io.files import new_file
from zoo.io.npz import open_npz

_LARGEST = 2**33
Arrays = Mapping[str, NDArray[Any]]


def read_kept(file: Path, key: str | None = None) -> Arrays | None:
    """The arrays in ``file`` by name; None if it is missing or damaged, or if ``key`` is given and is another one."""
    try:
        with open_npz(file, _LARGEST) as arrays:
            found = {name: arrays[name] for name in arrays}
    except Exception:  # damaged bytes can make the parsers of zip and npy raise any error: compute again
        return None
    return found if str(found.pop("key", "")) == key or key is None else None


def keep(file: Path, key: str, arrays: Arrays) -> None:
    """Write ``arrays`` atomically; raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with new_file(file) as out:
        np.savez(out, key=np.array(key), **arrays)  # type: ignore[arg-type]  # numpy's stub takes the flag allow_pickle for one of them
