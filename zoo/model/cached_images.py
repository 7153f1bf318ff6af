"""Images that were made before, found by the content of their windows."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from zoo.contracts import Image

KEY = 16
"""Bytes of a window's hash."""


class Stored(NamedTuple):
    """Images `(n c h w)`, which may be mapped into memory, and the hashes of their windows, `(n 16)`."""

    images: NDArray[np.float32]
    keys: NDArray[np.uint8]


class CachedImages:
    """Images of windows, found by a hash of the window, whichever split or batch it comes in.

    They were made with the buffers ``state`` of the image. Without arguments it holds none.
    """

    def __init__(self, state: Mapping[str, Tensor] | None = None, parts: Sequence[Stored] = ()) -> None:
        self._state = {} if state is None else {name: tensor.detach().cpu().clone() for name, tensor in state.items()}
        self._parts = parts
        self._places = {
            key.tobytes(): (part, row) for part, one in enumerate(parts) for row, key in enumerate(one.keys)
        }
        # torch's compiler takes a second to import: only where it could meet a lookup.
        self._apart = torch.compiler.disable(self._found) if self._places else None  # type: ignore[no-untyped-call]

    def __reduce__(self) -> tuple[type["CachedImages"], tuple[()]]:
        """Copies hold no images: they would read all of them into memory."""
        return CachedImages, ()

    def of(self, image: Image, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """Images of `x (b c t)`, found here or made by ``image``; both have the same bits.

        All are made for ``x`` in another type than float32, and once the buffers of ``image`` differ from those that
        the stored images were made with.
        """
        if self._apart is None or x.dtype != torch.float32:
            made: Tensor = image(x, mask)
            return made
        found: Tensor = self._apart(image, x, mask)
        return found

    def _found(self, image: Image, x: Tensor, mask: Tensor | None) -> Tensor:
        places = [self._places.get(key) for key in window_keys(x, mask)] if self._fits(image) else []
        if not any(places):
            made: Tensor = image(x, mask)
            return made
        images = torch.empty(len(x), *self._parts[0].images.shape[1:])
        rows = images.numpy()
        for index, place in enumerate(places):
            if place is not None:
                rows[index] = self._parts[place[0]].images[place[1]]
        missing = [index for index, place in enumerate(places) if place is None]
        if missing:
            images[missing] = image(x[missing], None if mask is None else mask[missing]).to(images)
        return images.to(x.device)

    def _fits(self, image: Image) -> bool:
        """Whether ``image`` has the buffers that the stored images were made with."""
        state = image.state_dict()
        return state.keys() == self._state.keys() and all(
            torch.equal(tensor.cpu(), self._state[name]) for name, tensor in state.items()
        )


NOTHING_CACHED = CachedImages()


def window_keys(x: Tensor, mask: Tensor | None) -> Iterator[bytes]:
    """Hashes of windows `x (b c t)` in float32, 0 where not observed in ``mask``: equal for equal content."""
    windows = x.detach().cpu().contiguous().numpy()
    seen = None if mask is None else np.packbits(mask.cpu().flatten(1).numpy(), axis=1)
    for index, window in enumerate(windows):
        digest = blake2b(window, digest_size=KEY)
        if seen is not None:
            digest.update(seen[index])
        yield digest.digest()
