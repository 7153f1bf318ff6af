"""Common alternatives to compare with: libraries' quantizer, features and images, and torch's distances."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

LIBRARY = "vector-quantize-pytorch"
MINIROCKET = "MiniRocket (aeon)"
PYTS, PERSISTENCE = "pyts", "ripser with persim"
ACTFAST, DIGITAL_HEALTH = "actfast", "scikit-digital-health"


def library_quantizer(width: int, codes: int) -> nn.Module:
    """Its moving-average codebook with the straight-through gradient; skips where the library is not installed."""
    library = pytest.importorskip("vector_quantize_pytorch", reason=f"pip install {LIBRARY}")
    module: nn.Module = library.VectorQuantize(dim=width, codebook_size=codes, decay=0.99, rotation_trick=False)
    return module


def by_distances(rows: Tensor, codes: Tensor) -> Tensor:
    """The nearest code computed directly: all distances, then the minimum."""
    return torch.cdist(rows, codes).argmin(-1)


def library_field(size: int, batch: int) -> Callable[[Tensor], Tensor]:
    """Its Gramian angular summation fields of `(b c t)`, ``batch`` windows at a call; skips where it is missing."""
    library = pytest.importorskip("pyts.image", reason=f"pip install {PYTS}")
    field = library.GramianAngularField(size, method="summation")

    def make(x: Tensor) -> Tensor:
        parts = [field.transform(part.flatten(0, 1).double().numpy()) for part in x.split(batch)]
        return torch.from_numpy(np.concatenate(parts)).unflatten(0, x.shape[:2]).float()

    return make


def library_persistence(
    size: int, low: float, high: float, spread: float, threshold: float
) -> Callable[[Tensor], Tensor]:
    """Persistence images of `(b c t)` as published code makes them; skips where ripser or persim is missing."""
    ripser = pytest.importorskip("ripser", reason="pip install ripser")
    persim = pytest.importorskip("persim", reason="pip install persim")
    imager = persim.PersImage(pixels=[size, size], spread=spread, specs={"minBD": low, "maxBD": high}, verbose=False)

    def one(series: NDArray[np.float32]) -> NDArray[np.float64]:
        pairs = ripser.ripser(_path_graph(series), maxdim=0, distance_matrix=True)["dgms"][0]
        pairs = pairs[np.isfinite(pairs[:, 1])]
        pairs = pairs[pairs[:, 1] - pairs[:, 0] > threshold]
        image: NDArray[np.float64] = imager.transform(pairs)
        return image / image.max()

    def make(x: Tensor) -> Tensor:
        images = np.stack([one(series) for series in x.flatten(0, 1).numpy()])
        return torch.from_numpy(images).unflatten(0, x.shape[:2]).float()

    return make


def library_minirocket(x: Tensor) -> Callable[[Tensor], Tensor]:
    """Its features `(b f)` of windows `(b c t)`, fitted to `x`, in as many threads as torch has."""
    from aeon.transformations.collection.convolution_based import MiniRocket

    with _numba_threads() as threads:
        fitted = MiniRocket(n_jobs=threads, random_state=0).fit(x.numpy())

    def read(x: Tensor) -> Tensor:
        with _numba_threads():
            return torch.from_numpy(fitted.transform(x.numpy()))

    return read


@contextmanager
def _numba_threads() -> Iterator[int]:
    """Give numba torch's number of threads; both may share one OpenMP, whose number numba changes."""
    import numba

    threads = torch.get_num_threads()
    numba.set_num_threads(threads)
    try:
        yield threads
    finally:
        torch.set_num_threads(threads)


def library_recording(who: str) -> Callable[[Path], int]:
    """Read all samples of a .bin, and count them; skips where the library is missing."""
    if who == ACTFAST:
        library = pytest.importorskip("actfast", reason=f"pip install {ACTFAST}")
        return lambda path: len(library.read(str(path))["timeseries"]["high_frequency"]["acceleration"])
    library = pytest.importorskip("skdh.io", reason=f"pip install {DIGITAL_HEALTH}")
    return lambda path: len(library.ReadBin().predict(file=str(path))["accel"])


def _path_graph(series: NDArray[np.float32]) -> sparse.csr_matrix:
    """Values on the diagonal, and beside it the values at which edges enter."""
    place = np.arange(len(series))
    values = np.concatenate([series, np.maximum(series[:-1], series[1:])])
    rows, columns = np.concatenate([place, place[:-1]]), np.concatenate([place, place[1:]])
    return sparse.coo_matrix((values, (rows, columns)), shape=(len(series), len(series))).tocsr()
