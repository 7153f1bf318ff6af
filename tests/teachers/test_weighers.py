"""Weights of teachers equal those computed by NumPy, and a learned gate finds the teacher that is right."""

import pytest
import torch
from golden import Reference
from zoo_distill.weighers import AgreementSpec, CrossEntropySpec, EntropySpec, LearnedSpec, TrueClassSpec
from zoo_distill.weights import agreement, entropy


@pytest.fixture(scope="module")
def reference():
    return Reference()


def weights(reference, spec, prior=None):
    equal = torch.full((3,), 1 / 3).double()
    return spec.build(3)(reference["teachers"], reference["y"], equal if prior is None else prior)


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        (EntropySpec(floor=0), "entropy"),
        (EntropySpec(floor=0, form="log"), "entropy_share_of_log_k"),
        (CrossEntropySpec(floor=0), "cross_entropy"),
        (TrueClassSpec(floor=0), "true_class"),
    ],
)
def test_weights_are_those_of_the_reference(reference, spec, name):
    torch.testing.assert_close(weights(reference, spec), reference[f"weights/{name}"], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("spec", [CrossEntropySpec(floor=0), TrueClassSpec(floor=0)])
def test_evidence_multiplies_the_prior_weights(reference, spec):
    expected = reference[f"weights/prior_times_{str(spec.kind).removeprefix('weigh.')}"]
    torch.testing.assert_close(weights(reference, spec, reference["alpha"]), expected, rtol=1e-9, atol=1e-9)


def test_entropy_and_agreement_are_those_of_the_reference(reference):
    torch.testing.assert_close(entropy(reference["teachers"]), reference["entropy"], rtol=1e-9, atol=1e-9)
    assert torch.equal(agreement(reference["teachers"]), reference["agreement"])


def test_without_any_agreement_the_prior_weights_stay(reference):
    prior = torch.tensor([0.5, 0.3, 0.2]).double()
    logits = 9 * torch.eye(3).double()[:, None].expand(-1, 4, -1)
    found = AgreementSpec().build(3)(logits, torch.zeros(4).long(), prior)
    torch.testing.assert_close(found, prior[:, None].expand(-1, 4))


def test_the_floor_keeps_every_teacher_of_positive_prior_weight(reference):
    found = weights(reference, TrueClassSpec(floor=0.3), reference["alpha"])
    assert bool((found >= 0.3 * reference["alpha"][:, None] - 1e-12).all())


def learned(logits, target):
    torch.manual_seed(0)
    gate = LearnedSpec(floor=0).build(len(logits))
    prior = torch.full((len(logits),), 1 / len(logits))
    gate.fit(logits, target, prior)
    return gate(logits, target, prior)


def test_an_unfitted_gate_gives_the_prior_weights():
    torch.manual_seed(0)
    prior = torch.tensor([0.5, 0.3, 0.2])
    found = LearnedSpec().build(3)(torch.randn(3, 5, 4), torch.zeros(5).long(), prior)
    torch.testing.assert_close(found, prior[:, None].expand(-1, 5))


def test_a_gate_gives_little_weight_to_a_constant_teacher_though_it_is_the_easiest_to_imitate():
    """Of the distillation loss, a constant teacher leaves least; of the mixture's cross-entropy, most."""
    torch.manual_seed(1)
    target = torch.randint(4, (200,))
    useful = 4 * torch.nn.functional.one_hot(target, 4).float() + torch.randn(200, 4)
    constant = torch.tensor([2.0, 0.0, 0.0, 0.0]).expand(200, -1)
    found = learned(torch.stack([useful, constant]), target)
    assert float(found[1].mean()) < 0.1


def test_a_gate_turns_a_teacher_down_where_it_is_noise_and_not_elsewhere():
    torch.manual_seed(2)
    target, noisy = torch.randint(4, (400,)), torch.arange(400) < 200
    one = torch.nn.functional.one_hot(target, 4).float()
    steady = 1.5 * one + 0.5 * torch.randn(400, 4)
    sometimes = torch.where(noisy[:, None], 0.5 * torch.randn(400, 4), 5 * one + torch.randn(400, 4))
    found = learned(torch.stack([steady, sometimes]), target)
    assert float(found[1, noisy].mean()) < 0.5 * float(found[1, ~noisy].mean())
