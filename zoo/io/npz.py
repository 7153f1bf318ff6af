"""An .npz file of arrays: read within a size limit, or written larger than memory.

Arrays larger than memory are written to a file each, which are then packed into one.
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Self
from zipfile import ZipFile

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from zoo_registry import SpecError

from zoo.io.files import new_file, open_file
from zoo.io.scratch import scratch

Array = NDArray[Any]


@contextmanager
def open_npz(path: Path, most: int) -> Iterator[Mapping[str, Array]]:
    """The arrays of ``path`` by name, read on access; arrays of Python objects are refused.

    Raises ValueError if their declared size exceeds ``most`` bytes, before memory is allocated, and any other error
    that damaged bytes cause in the parsers of zip and npy.
    """
    with open_file(path) as file:
        with ZipFile(file) as archive:
            claimed = sum(entry.file_size for entry in archive.infolist())
        if claimed > most:
            raise ValueError(f"arrays of {claimed:,} bytes")
        file.seek(0)
        with np.load(file, allow_pickle=False) as arrays:
            yield arrays


def require_npz(target: Path, name: str) -> None:
    """Raise SpecError unless ``target`` can be an .npz file; ``name`` is a usual one, without the ending."""
    if target.suffix != ".npz" or target.is_dir():
        found = "a folder" if target.is_dir() else repr(target.name)
        raise SpecError("out", "a file that ends in .npz", found, f"name it like {name}.npz")


class NpzStream:
    """Arrays written a few rows at a time into ``folder``; they are complete at the end of the block.

    ``shapes`` and ``dtypes`` are those of the arrays by name, in the order of writing.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.shapes: dict[str, tuple[int, ...]] = {}
        self.dtypes: dict[str, np.dtype[Any]] = {}
        self._files: dict[str, IO[bytes]] = {}
        self._appended: dict[str, int] = {}
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, error: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if error is None:
                self._finish()

    def put(self, name: str, array: Array) -> None:
        """Write a whole array at once."""
        self._open(name, array.shape, array.dtype).write(array.tobytes())

    def append(self, blocks: Mapping[str, Array]) -> None:
        """Append as many rows to every array; rows of one array always have the same type and the same other axes."""
        for name, block in blocks.items():
            if name not in self._files:
                self._open(name, (0, *block.shape[1:]), block.dtype)
                self._appended[name] = 0
            assert (block.shape[1:], block.dtype) == (self.shapes[name][1:], self.dtypes[name])
            self._files[name].write(block.tobytes())
            self._appended[name] += len(block)

    def _open(self, name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> IO[bytes]:
        """A new file that starts with the header of an .npy file."""
        file = self._stack.enter_context((self.folder / f"{name}.npy").open("wb"))
        self.shapes[name], self.dtypes[name], self._files[name] = shape, dtype, file
        self._write_header(name)
        return file

    def _write_header(self, name: str) -> None:
        header = {"descr": npy.dtype_to_descr(self.dtypes[name]), "fortran_order": False, "shape": self.shapes[name]}  # type: ignore[no-untyped-call]  # numpy leaves both untyped
        npy.write_array_header_1_0(self._files[name], header)  # type: ignore[no-untyped-call]

    def _finish(self) -> None:
        """Write the number of appended rows into the headers."""
        assert len({*self._appended.values()}) <= 1
        for name, rows in self._appended.items():
            self.shapes[name] = (rows, *self.shapes[name][1:])
            self._files[name].seek(0)
            self._write_header(name)  # of the same length: NumPy leaves room for any number of rows

    def pack(self, target: BinaryIO) -> None:
        """Copy all arrays into one file, uncompressed."""
        with ZipFile(target, "w") as archive:
            for name in self.shapes:
                with (
                    (self.folder / f"{name}.npy").open("rb") as source,
                    archive.open(f"{name}.npy", "w", force_zip64=True) as packed,
                ):
                    shutil.copyfileobj(source, packed)


@contextmanager
def new_npz(target: Path) -> Iterator[NpzStream]:
    """A stream of arrays that becomes the file ``target`` when the block succeeds, and is deleted when it fails.

    Until then the arrays are in a hidden folder beside it. After a kill there is either the old file or the new one.
    Raises OSError.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with new_file(target) as file, scratch(target.parent) as folder:
        with NpzStream(folder) as stream:
            yield stream
        stream.pack(file)
