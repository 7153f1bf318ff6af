"""Checkpoints of the public release of VQShape (Lightning's, with `hyper_parameters`) as models of this plugin."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from torch.nn import functional as F
from zoo_registry import BundleError, Checkpoint, Imported, Importer, input_sizes

from zoo_vqshape.hyperparameters import HyperParameters

if TYPE_CHECKING:
    from torch import Tensor

HOMES = {
    "encoder": "encoder",
    "tokenizer": "encoder.tokenizer",
    "attr_decoder": "encoder.attr_decoder",
    "codebook": "quantizer",
    "attr_encoder": "decoder.attr_encoder",
    "decoder": "decoder",
    "shape_decoder": "decoder.shapes",
}
"""Path in our model of each part of the public model; within a part, tensors have the same names."""

POSITIONS = "encoder.pos_embed.positional_embeddings.weight"
PATCHES = "encoder.input_project.weight"


class Windows(NamedTuple):
    """Patches of the public model: ``number`` patches of ``size`` samples, ``step`` apart."""

    number: int
    size: int
    step: int


class PublicVQShape(Importer):
    """A VQShape of the public release, of any size.

    Sizes come from the tensors and must agree with `hyper_parameters`, which also hold the values that no tensor holds.
    """

    published = "release v0.1.0-cls of github.com/YunshiWen/VQShape, whose code is under the MIT licence"

    def convert(self, checkpoint: Checkpoint, given: Mapping[str, int]) -> Imported:
        """One-channel model with the weights of ``checkpoint``, which determines every size: ``given`` must be
        empty."""
        input_sizes(given, {})
        hyper = HyperParameters(checkpoint)
        sizes = _sizes(checkpoint)
        hyper.require_agreement(sizes)
        windows = _windows(checkpoint, sizes)
        model = _spec(hyper, sizes, windows)
        tensors = _fitted(_renamed(checkpoint), sizes, windows)
        return Imported(model, tensors, [*hyper.notes(), *_window_notes(sizes, windows)])


def _sizes(checkpoint: Checkpoint) -> dict[str, int]:
    """Hyper-parameters read from the tensors, under their public names."""
    dim, patch = checkpoint.shape(PATCHES, 2)
    tokens = checkpoint.shape("tokenizer.tokens", 3)[1]
    codes, code_dim = checkpoint.shape("codebook.embedding.weight", 2)
    return {
        "dim_embedding": dim,
        "normalize_length": checkpoint.shape("decoder.out_layer.weight", 2)[0] * tokens,
        "patch_size": patch,
        "num_patch": checkpoint.shape(POSITIONS, 2)[0],
        "num_token": tokens,
        "num_transformer_enc_layers": checkpoint.layers("encoder.transformer.layers"),
        "num_tokenizer_layers": checkpoint.layers("tokenizer.transformer.layers"),
        "num_transformer_dec_layers": checkpoint.layers("decoder.transformer.layers"),
        "num_code": codes,
        "dim_code": code_dim,
        "len_s": checkpoint.shape("shape_decoder.layers.0.weight", 2)[0] // 8,
        "s_smooth_factor": checkpoint.shape("shape_decoder.layers.9.weight", 3)[2],
    }


def _windows(checkpoint: Checkpoint, sizes: Mapping[str, int]) -> Windows:
    """Whole windows of a series; raise BundleError if there are more windows than positions."""
    length, positions, size = sizes["normalize_length"], sizes["num_patch"], sizes["patch_size"]
    step = length // max(1, positions)
    count = (length - size) // step + 1 if step and size <= length else 0
    if not 1 <= count <= positions:
        expected = f"1 to {positions} windows of patch_size {size} in {length} samples, one per position"
        found = f"{max(0, count)}, one every {step} samples"
        raise BundleError(checkpoint.where, expected, found, "the public model cannot run with these sizes either")
    return Windows(count, size, step)


def _reach(sizes: Mapping[str, int], windows: Windows) -> int:
    """Minimum samples of a patch for patches without gaps."""
    return max(windows.size, windows.step, sizes["normalize_length"] - (windows.number - 1) * windows.step)


def _spec(hyper: HyperParameters, sizes: Mapping[str, int], windows: Windows) -> dict[str, Any]:
    encoder = {
        "kind": "vqshape.encoder",
        "read": "query",
        "place": "free",
        "level": "learned",
        "patches": windows.number,
        "patch": _reach(sizes, windows),
        "step": None if windows.step == sizes["normalize_length"] // windows.number else windows.step,
        "tokens": sizes["num_token"],
        "dim": sizes["dim_embedding"],
        "heads": hyper.count("num_transformer_enc_heads"),
        "layers": sizes["num_transformer_enc_layers"],
        "tokenizer_heads": hyper.tokenizer_heads(),
        "tokenizer_layers": sizes["num_tokenizer_layers"],
        "code_dim": sizes["dim_code"],
        "mask_ratio": hyper.number("mask_ratio"),
        "shortest": hyper.shortest(),
    }
    quantizer = {
        "kind": "vqshape.codebook",
        "codes": sizes["num_code"],
        "codebook_weight": hyper.number("lambda_vq_commit"),
        "entropy_weight": hyper.number("lambda_vq_entropy"),
        "entropy_gamma": hyper.number("entropy_gamma"),
    }
    decoder = {
        "kind": "vqshape.decoder",
        "dim": sizes["dim_embedding"],
        "heads": hyper.count("num_transformer_dec_heads"),
        "layers": sizes["num_transformer_dec_layers"],
        "shape_samples": sizes["len_s"],
        "smooth": sizes["s_smooth_factor"],
    }
    signal = {"channels": 1, "length": sizes["normalize_length"]}
    return {"input": signal, "encoder": encoder, "quantizer": quantizer, "decoder": decoder}


def _renamed(checkpoint: Checkpoint) -> dict[str, "Tensor"]:
    """Tensors under our names; raise BundleError if two get the same name."""
    renamed: dict[str, Tensor] = {}
    for name, tensor in checkpoint.tensors.items():
        part, _, rest = name.partition(".")
        ours = f"{HOMES[part]}.{rest}" if part in HOMES else name
        if ours in renamed:
            hint = "the file was changed: ask the sender for the original"
            raise BundleError(checkpoint.where, f"one tensor for {ours}", f"{name} and another", hint)
        renamed[ours] = tensor
    return renamed


def _fitted(tensors: dict[str, "Tensor"], sizes: Mapping[str, int], windows: Windows) -> dict[str, "Tensor"]:
    """The tensors, with positions cut to the number of windows and patches padded with weights of 0."""
    patches = F.pad(tensors[PATCHES], (0, _reach(sizes, windows) - windows.size))
    return {**tensors, POSITIONS: tensors[POSITIONS][: windows.number], PATCHES: patches}


def _window_notes(sizes: Mapping[str, int], windows: Windows) -> list[str]:
    notes = []
    if windows.number < sizes["num_patch"]:
        whole = f"{windows.number} whole windows of {windows.size} samples, one every {windows.step}"
        notes.append(
            f"a series has {whole}: of the {sizes['num_patch']} positions the first {windows.number} were taken"
        )
    if (reach := _reach(sizes, windows)) > windows.size:
        notes.append(f"patches of {windows.size} samples leave some out: they became {reach} long, with weights of 0")
    return notes
