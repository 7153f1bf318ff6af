"""Attention, contrasts and named actions equal independent references in float64, and leave absent actions out."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F
from zoo_text.attention import CrossAttention
from zoo_text.contrast import instances, supervised, supervised_within
from zoo_text.specs import FusedSpec
from zoo_text.words import Words, _divergence

from zoo.contracts import ClassActions
from zoo.testing.text_checks import TextTrial, text_trial

GOLDEN = Path(__file__).parents[3] / "shared/golden/text/text.npz"


@pytest.fixture(scope="module")
def golden() -> dict[str, Tensor]:
    if not GOLDEN.exists():
        pytest.skip("the golden files are not at hand")
    with np.load(GOLDEN) as stored:
        return {name: torch.from_numpy(stored[name]) for name in stored.files if stored[name].dtype.kind in "fib"}


def test_attention_with_a_mask_equals_the_reference(golden):
    attend = CrossAttention(8, 8, 8, 1).double()
    attend.load_state_dict({f"{name}.weight": golden[f"attend/W{name}"] for name in "qkvo"})
    zs, zt, mask = golden["attend/zs"], golden["attend/zt"], golden["attend/mask"]
    text = zt.unsqueeze(1).expand(-1, zs.shape[1], -1, -1)
    given, weights = attend(zs, text, mask.unsqueeze(1).expand(text.shape[:-1]))
    torch.testing.assert_close(weights, golden["attend/weights"], rtol=0, atol=1e-12)
    torch.testing.assert_close(zs + given, golden["attend/out"], rtol=0, atol=1e-9)


def test_several_heads_are_those_of_torch():
    torch.manual_seed(0)
    attend = CrossAttention(12, 12, 12, 3).double()
    other = torch.nn.MultiheadAttention(12, 3, bias=False, batch_first=True, dtype=torch.float64)
    weights = torch.cat([attend.q.weight, attend.k.weight, attend.v.weight])
    other.load_state_dict({"in_proj_weight": weights, "out_proj.weight": attend.o.weight})
    queries, keys = torch.randn(4, 5, 12).double(), torch.randn(4, 6, 12).double()
    present = torch.rand(4, 6) < 0.6
    present[:, 0] = True
    expected = other(queries, keys, keys, key_padding_mask=~present)
    found = attend(queries, keys, present)
    torch.testing.assert_close(found[0], expected[0])
    torch.testing.assert_close(found[1], expected[1])


def test_queries_that_see_nothing_take_nothing():
    attend = CrossAttention(4, 4, 4, 2)
    queries, keys = torch.randn(2, 3, 4, requires_grad=True), torch.randn(2, 5, 4, requires_grad=True)
    given, weights = attend(queries, keys, torch.zeros(2, 5, dtype=torch.bool))
    assert not given.any()
    assert not weights.any()
    given.sum().backward()
    assert not queries.grad.any()
    assert not keys.grad.any()


def test_contrasts_equal_the_reference(golden):
    a, b, y = golden["contrast/a"], golden["contrast/b"], golden["contrast/y"]
    assert float(supervised(a, b, y, 0.1)) == pytest.approx(float(golden["contrast/supcon_a_to_b"]), abs=1e-9)
    assert float(instances(a, b, y, 0.1)) == pytest.approx(float(golden["contrast/infonce_masked_a_to_b"]), abs=1e-9)
    every = torch.arange(len(y))  # each in a class of its own: nothing is masked
    assert float(instances(a, b, every, 0.1)) == pytest.approx(float(golden["contrast/infonce_plain_a_to_b"]), abs=1e-9)


def test_a_window_alone_in_its_class_has_no_weight_in_a_contrast_within_the_batch():
    torch.manual_seed(0)
    given = F.normalize(torch.randn(5, 4).double(), dim=1)
    target = torch.tensor([0, 0, 1, 1, 2])
    pairs = [(0, 1), (1, 0), (2, 3), (3, 2)]
    expected = 0.0
    for one, other in pairs:
        scores = [float(given[one] @ given[j]) / 0.2 for j in range(5) if j != one]
        expected -= float(given[one] @ given[other]) / 0.2 - float(np.log(np.exp(scores).sum()))
    assert float(supervised_within(given, target, 0.2)) == pytest.approx(expected / 4, abs=1e-12)
    given.requires_grad_()
    loss = supervised_within(given, torch.arange(5), 0.2)
    loss.backward()
    assert float(loss.detach()) == 0
    assert given.grad is not None
    assert not given.grad.isnan().any()


def test_attended_and_predicted_actions_are_compared_as_in_the_reference(golden):
    trial = text_trial(FusedSpec())
    module = trial.module
    assert isinstance(module, Words)
    y, index = golden["contrast/y"].long(), golden["action/index"].long()
    module.table.rows = torch.zeros(12, 4, dtype=torch.float64)
    actions = ClassActions(torch.zeros(6, 5, 4).double(), torch.ones(6, 5, dtype=torch.bool), index[y])
    wanted = module.attended(golden["attend/weights"], actions).mean((1, 2))
    torch.testing.assert_close(wanted, golden["action/soft_target"], rtol=0, atol=1e-12)
    found = _divergence(wanted[:, None, None], golden["action/logits"][:, None, None], None)
    assert float(found) == pytest.approx(float(golden["action/kl_mean"]), abs=1e-9)


@pytest.fixture
def trial() -> TextTrial:
    torch.manual_seed(0)
    return text_trial(FusedSpec())


def controlled(how: str) -> Words:
    """A component with one of the controls in place of its vectors."""
    torch.manual_seed(1)
    module = text_trial(FusedSpec.model_validate({"control": how})).module
    assert isinstance(module, Words)
    return module


def test_controls_keep_size_and_lengths_of_the_vectors(trial):
    table = trial.module.table
    shuffled, random, labels = (controlled(how).table for how in ("shuffled", "random", "one-hot"))
    assert torch.equal(shuffled.rows, table.rows)
    for label in range(3):
        assert shuffled.texts_of(label) != table.texts_of(label)
    assert sorted(map(shuffled.texts_of, range(3))) == sorted(map(table.texts_of, range(3)))
    assert torch.equal(random.numbers, table.numbers)
    torch.testing.assert_close(random.rows.norm(dim=1), table.rows.norm(dim=1))
    assert not torch.allclose(random.rows, table.rows)
    assert labels.rows.shape == (3, table.rows.shape[1])
    assert torch.equal(labels.labels(), labels.rows)
    assert labels.texts_of(1) == ["walk"]
