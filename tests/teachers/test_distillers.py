"""Distillation losses equal those computed by NumPy from the formulas, and avoid the known traps."""

import pytest
import torch
from golden import Reference
from torch.nn import functional as F
from zoo_distill.distillers import LogitsSpec, OrthogonalSpec, SimilaritySpec, StandardisedSpec
from zoo_distill.logits import divergence

from zoo.contracts import Lesson, gram, unit_rows
from zoo.testing.lesson_checks import lesson

EXACT = {"rtol": 1e-9, "atol": 1e-9}


@pytest.fixture(scope="module")
def reference():
    return Reference()


def near(found, expected):
    torch.testing.assert_close(found, torch.as_tensor(expected), **EXACT)


@pytest.mark.parametrize("temperature", [1, 4])
def test_the_divergence_is_that_of_the_reference(reference, temperature):
    given = reference.lesson()
    logits = given.student / temperature, given.teachers / temperature
    each = reference[f"kl/T{temperature}/per_window"]
    for teacher in range(3):
        near(divergence(logits[0], logits[1][teacher : teacher + 1], torch.ones(1, 8).double()), each[teacher])
    build = LogitsSpec(temperature=temperature).build
    near(build()(given)["kd"], reference[f"kd/T{temperature}/fixed"])


def test_the_mean_over_elements_is_smaller_by_the_number_of_classes(reference):
    given = reference.lesson()
    classes = given.student.shape[1]
    by_window, by_element = (
        LogitsSpec(reduction=reduction).build()(given)["kd"] for reduction in ("batch", "elements")
    )
    near(by_window, classes * by_element)


@pytest.mark.parametrize("weights", ["entropy", "cross_entropy", "true_class", "prior_times_cross_entropy"])
def test_each_window_is_weighed_by_itself(reference, weights):
    found = LogitsSpec().build()(reference.lesson(reference[f"weights/{weights}"]))["kd"]
    near(found, reference[f"kd/T4/{weights}"])


def test_maps_are_merged_before_rows_are_normalised(reference):
    given = reference.lesson()
    for stage in range(3):
        near(unit_rows(gram(given.features[stage])), reference[f"sp/student_map/{stage}"])
    near(SimilaritySpec().build()(given)["sp"], reference["sp/mean_of_stages"])
    own = [reference[f"sp/student_map/{stage}"] for stage in range(3)]
    before = [F.mse_loss(own[stage], reference[f"sp/merged_after_norm/{stage}"]) for stage in range(3)]
    near(SimilaritySpec(normalise="before").build()(given)["sp"], torch.stack(before).mean())
    assert abs(torch.stack(before).mean() / reference["sp/mean_of_stages"] - 1) > 0.01


def test_maps_of_weights_by_window_are_symmetric_and_those_of_the_reference(reference):
    given = reference.lesson(reference["weights/cross_entropy"])
    near(SimilaritySpec().build()(given)["sp"], reference["sp/pairwise_per_stage"].mean())


def test_one_teacher_is_compared_stage_by_stage(reference):
    for teacher in range(3):
        weights = torch.eye(3).double()[teacher]
        near(
            SimilaritySpec().build()(reference.lesson(weights))["sp"], reference["sp/per_teacher_stage"][teacher].mean()
        )


@pytest.mark.parametrize(("form", "ce"), [("code_form", 0.3), ("draft_form", 1.0)])
def test_both_published_sums_are_weights_of_a_phase(reference, form, ce):
    given = reference.lesson()
    losses = {**LogitsSpec(reduction="elements").build()(given), **SimilaritySpec().build()(given)}
    total = ce * F.cross_entropy(given.student, given.target) + 0.7 * losses["kd"] + 700 * losses["sp"]
    near(total, reference[f"total/{form}"])


def test_standardised_logits_give_the_sum_of_the_earlier_form(reference):
    given = reference.lesson(torch.tensor([0.7, 0.3], dtype=torch.float64), teachers=2)
    losses = StandardisedSpec(reduction="elements").build()(given)
    near(0.01 * losses["sce"] + 0.99 * 16 * losses["kd"], reference["total/standardised_logits_two_teachers"])


def test_a_dead_stage_and_huge_logits_are_as_in_the_reference(reference):
    near(unit_rows(torch.zeros(8, 8).double()), reference["edge/zero_features_map"])
    given, huge = reference.lesson(), reference["edge/huge_logits"]
    found = divergence(given.student / 4, huge[None] / 4, torch.ones(1, 8).double())
    near(found, reference["edge/kl_huge_logits_T4"])


def test_student_and_teachers_are_not_exchangeable(reference):
    given = reference.lesson(torch.tensor([1.0]).double(), teachers=1)
    swapped = given._replace(student=given.teachers[0], teachers=given.student[None])
    loss = LogitsSpec().build()
    assert abs(loss(given)["kd"] / loss(swapped)["kd"] - 1) > 0.01


def test_a_student_equal_to_its_teacher_has_nothing_to_learn():
    torch.manual_seed(0)
    given = lesson()
    same = given._replace(
        teachers=given.student.detach()[None],
        weights=torch.ones(1, len(given.student)),
        grams=[[gram(part.detach()) for part in given.features]],
    )
    for spec in (LogitsSpec(), SimilaritySpec(), OrthogonalSpec(), StandardisedSpec()):
        losses = spec.build()(same)
        assert all(abs(value.item()) < 1e-6 for term, value in losses.items() if term != "sce"), spec.kind


@pytest.mark.parametrize("pairs", ["last", "even"])
def test_a_student_with_fewer_stages_is_compared_with_the_named_ones(pairs):
    torch.manual_seed(0)
    taught = [gram(torch.randn(6, 5)) for _ in range(4)]
    own = tuple(torch.randn(6, 7) for _ in range(2))
    given = Lesson(torch.zeros(6, 3), own, torch.zeros(6).long(), torch.zeros(1, 6, 3), torch.ones(1, 6), [taught])
    chosen = {"last": [2, 3], "even": [1, 3]}[pairs]
    expected = [F.mse_loss(unit_rows(gram(own[i])), unit_rows(taught[j])) for i, j in enumerate(chosen)]
    torch.testing.assert_close(SimilaritySpec(pairs=pairs).build()(given)["sp"], torch.stack(expected).mean())


def test_the_temperature_of_a_phase_replaces_that_of_the_distiller():
    torch.manual_seed(0)
    given = lesson()
    expected = LogitsSpec(temperature=2).build()(given)["kd"]
    assert torch.equal(LogitsSpec(temperature=9).build()(given._replace(temperature=2.0))["kd"], expected)


@pytest.mark.parametrize("windows", [2, 3, 7])
@pytest.mark.parametrize("cut", ["blocks", "rows"])
def test_patches_that_do_not_fill_a_small_batch_are_left_out(cut, windows):
    torch.manual_seed(0)
    assert OrthogonalSpec(cut=cut).build()(lesson(windows=windows))["orth"].isfinite()
