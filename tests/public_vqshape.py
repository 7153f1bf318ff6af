"""Checkpoints in the layout of the public VQShape release, made from our models: the inverse of the importer."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from small_runs import PUBLISHED
from torch import Tensor

import zoo

PARTS = {
    "encoder.tokenizer": "tokenizer",
    "encoder.attr_decoder": "attr_decoder",
    "encoder": "encoder",
    "quantizer": "codebook",
    "decoder.attr_encoder": "attr_encoder",
    "decoder.shapes": "shape_decoder",
    "decoder": "decoder",
}
SIZES: dict[str, Any] = {
    "dim_embedding": 8,
    "normalize_length": 64,
    "patch_size": 8,
    "num_patch": 8,
    "num_token": 8,
    "num_transformer_enc_heads": 2,
    "num_transformer_enc_layers": 1,
    "num_tokenizer_heads": 2,
    "num_tokenizer_layers": 1,
    "num_transformer_dec_heads": 2,
    "num_transformer_dec_layers": 1,
    "num_code": 6,
    "dim_code": 3,
    "codebook_type": "standard",
    "len_s": 16,
    "s_smooth_factor": 1,
    "lambda_x": 1.0,
    "lambda_z": 1.0,
    "lambda_s": 1.0,
    "lambda_dist": 0.8,
    "lambda_vq_commit": 0.25,
    "lambda_vq_entropy": 0.1,
    "entropy_gamma": 1.0,
    "mask_ratio": 0.25,
    "lr": 1e-4,
}


def model_of(h: dict[str, Any], seed: int = 0) -> zoo.ZooModel:
    """One of our models with the sizes of `hyper_parameters`, with adjacent patches."""
    encoder = {
        "kind": "vqshape.encoder",
        **PUBLISHED,
        "patches": h["num_patch"],
        "patch": h["patch_size"],
        "tokens": h["num_token"],
        "dim": h["dim_embedding"],
        "heads": h["num_transformer_enc_heads"],
        "layers": h["num_transformer_enc_layers"],
        "tokenizer_heads": h["num_tokenizer_heads"],
        "tokenizer_layers": h["num_tokenizer_layers"],
        "code_dim": h["dim_code"],
        "shortest": 1 / 64,
    }
    quantizer = {
        "kind": "vqshape.codebook",
        "codes": h["num_code"],
        "codebook_weight": h["lambda_vq_commit"],
        "entropy_weight": h["lambda_vq_entropy"],
        "entropy_gamma": h["entropy_gamma"],
    }
    decoder = {
        "kind": "vqshape.decoder",
        "dim": h["dim_embedding"],
        "heads": h["num_transformer_dec_heads"],
        "layers": h["num_transformer_dec_layers"],
        "shape_samples": h["len_s"],
        "smooth": h["s_smooth_factor"],
    }
    signal = {"channels": 1, "length": h["normalize_length"]}
    model = zoo.build({"input": signal, "encoder": encoder, "quantizer": quantizer, "decoder": decoder})
    fill(model, seed)
    return model.eval()


def fill(model: zoo.ZooModel, seed: int) -> None:
    """Weights from numpy's RandomState, whose stream never changes, tensor by tensor in the order of their names.

    They are large enough for tokens to differ, and so for several codes to be chosen.
    """
    random = np.random.RandomState(seed)
    for name, tensor in sorted(model.state_dict().items()):
        values = torch.from_numpy(random.normal(0, _spread(name, tensor), tuple(tensor.shape)))
        tensor.copy_(values + 1 if tensor.dim() == 1 and name.endswith("weight") else values)


def _spread(name: str, tensor: Tensor) -> float:
    if tensor.dim() == 1:
        return 0.1
    if name.endswith("token") or name.endswith("tokens"):
        return 2
    return float(2 / tensor[0].numel() ** 0.5)


def public_state(model: zoo.ZooModel) -> dict[str, Tensor]:
    """Tensors of ``model`` under the names of the public release."""
    return {f"model.{_public(name)}": tensor for name, tensor in model.state_dict().items()}


def _public(name: str) -> str:
    ours = next(part for part in PARTS if name.startswith(f"{part}."))
    return PARTS[ours] + name.removeprefix(ours)


def write(path: Path, state: dict[str, Tensor], h: dict[str, Any], **beside: Any) -> Path:
    """A checkpoint as Lightning writes it, with the entries it stores beside the weights."""
    stored = {
        "epoch": 3,
        "global_step": 7,
        "pytorch-lightning_version": "2.4.0",
        "state_dict": state,
        "loops": {"fit_loop": {"state_dict": {}}},
        "callbacks": {"ModelCheckpoint": {"best_model_path": "", "current_score": torch.tensor(0.5)}},
        "optimizer_states": [{"state": {0: {"step": torch.tensor(7.0), "exp_avg": torch.zeros(3)}}}],
        "lr_schedulers": [{"last_epoch": 7}],
        "hparams_name": "args",
        "hyper_parameters": h,
    }
    torch.save(stored | beside, path)
    return path
