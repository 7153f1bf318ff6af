"""`ZooModel.decode`, the second half of a forward pass."""

import pytest
import torch
from made_models import batches, made
from zoo_registry import SpecError

from zoo.model.build import build


def test_encode_and_decode_make_a_forward_pass():
    model, (batch,) = made(), batches(8, 0)
    with torch.no_grad():
        encoded, whole = model.encode(batch.x), model(batch.x)
        decoded = model.decode(encoded)
    assert torch.equal(decoded.x_recon, whole.x_recon)
    assert torch.equal(decoded.shapes, whole.shapes)
    assert encoded.x_recon is None  # the inputs stay unchanged


def test_a_model_without_decoder_is_refused():
    model = build({"input": {"channels": 2, "length": 64}, "encoder": {"kind": "conv.encoder", "dim": 8}}).eval()
    with pytest.raises(SpecError, match="decoder: expected one to decode with"):
        model.decode(model.encode(torch.zeros(1, 2, 64)))
