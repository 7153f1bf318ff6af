"""Write tests/golden/vqshape_small.npz: the outputs of a small VQShape, so that later changes cannot drift.

Run it only when the model is meant to give different outputs: `python tests/plugins/make_golden.py`.
"""

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from public_vqshape import SIZES, model_of

KEPT = Path(__file__).parents[1] / "golden/vqshape_small.npz"
SEED = 21
SMALL = SIZES | {
    "dim_embedding": 16,
    "normalize_length": 96,
    "patch_size": 12,
    "num_patch": 12,
    "num_token": 8,
    "num_transformer_enc_heads": 4,
    "num_transformer_enc_layers": 2,
    "num_transformer_dec_layers": 2,
    "num_code": 10,
    "dim_code": 4,
    "len_s": 32,
    "s_smooth_factor": 3,
}


def signals() -> NDArray[np.float32]:
    """Four random walks `(4 1 96)` with different offsets and scales."""
    random = np.random.RandomState(1)
    walks = random.normal(size=(4, 1, SMALL["normalize_length"])).cumsum(-1)
    scales = np.array([0.1, 1, 3, 20]).reshape(4, 1, 1)
    found: NDArray[np.float32] = (walks * scales + scales).astype(np.float32)
    return found


def computed() -> dict[str, NDArray[np.generic]]:
    """All outputs of the small model for them."""
    model = model_of(SMALL, seed=SEED)
    x = torch.from_numpy(signals())
    with torch.no_grad():
        output = model(x)
    assert output.quantized is not None
    assert output.coded is not None
    found = {
        "x_recon": output.x_recon,
        "shapes": output.shapes,
        "codes": output.quantized.codes,
        "tokens": output.coded.features(),
        "attributes": torch.stack(list(output.attributes.values())),
        **{f"losses.{name}": value for name, value in output.losses.items()},
    }
    return {name: tensor.numpy() for name, tensor in found.items()}


if __name__ == "__main__":
    KEPT.parent.mkdir(exist_ok=True)
    np.savez_compressed(KEPT, **computed())
    print(f"{KEPT}: {KEPT.stat().st_size} bytes")
