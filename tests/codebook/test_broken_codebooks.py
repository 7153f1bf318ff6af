"""A healthy codebook and three broken on purpose: each fault shows in its own measure and lowers the score."""

import pytest
import torch
from made_models import TEMPLATES, batches, made, measured

from zoo.codebook.faithfulness import reduced
from zoo.evaluation.score import HEAD
from zoo.model.coded import CodedModel


@pytest.fixture(scope="module")
def healthy():
    return measured(made()).report


def test_a_healthy_codebook_is_reported_as_healthy(healthy):
    (book,) = healthy.books
    assert (book.usage.used, book.shapes.groups, book.shapes.flat, book.shapes.pairs) == (6, 6, 0, 0)
    assert book.shapes.effective > 5.5
    assert book.shapes.distinctness > 0.8
    assert healthy.bypass.reliance > 0.8
    assert healthy.bypass.mse < 0.1 * healthy.bypass.averaged
    assert healthy.probe.correct >= 0.9 * healthy.probe.total
    assert healthy.score > 0.8


def test_codes_that_all_draw_one_shape_are_detected_whatever_their_usage():
    generator = torch.Generator().manual_seed(0)
    vectors = TEMPLATES[:1] + 0.05 * torch.randn(6, TEMPLATES.shape[1], generator=generator)
    report = measured(made(vectors)).report
    shapes = report.books[0].shapes
    assert report.books[0].usage.used == 6
    assert shapes.groups == 1
    assert shapes.effective == pytest.approx(1)
    assert shapes.distinctness < 0.02
    assert shapes.pairs == 15
    assert report.score < 0.35


def test_identical_codes_score_zero():
    vectors = torch.cat([TEMPLATES[:1], TEMPLATES[:1] * 1.5, TEMPLATES[:1] * 0.5])
    report = measured(made(vectors)).report
    assert report.books[0].shapes.distinctness == 0
    assert report.score == 0


def test_a_codebook_of_straight_lines_is_detected():
    line = torch.linspace(-1.7, 1.7, TEMPLATES.shape[1])
    report = measured(made(torch.stack([line, -line]))).report
    assert report.books[0].shapes.flat == 2
    assert report.books[0].shapes.groups == 2  # a falling line differs from a rising one
    assert report.parts["varied"] == 0
    assert report.score == 0


def test_dead_codes_lower_only_their_share(healthy):
    report = measured(made(torch.cat([TEMPLATES, torch.full_like(TEMPLATES, 50)]))).report
    assert report.books[0].usage.codes - report.books[0].usage.used == 6
    assert report.parts == healthy.parts | {"used": 0.5}
    assert report.score == pytest.approx(healthy.score * 0.5 ** (1 / len(report.parts)))


def test_a_decoder_that_ignores_codes_is_detected(healthy):
    report = measured(made(deaf=True)).report
    bypass = report.bypass
    assert bypass.mse < bypass.mean_mse  # offsets alone explain part of the signal
    assert bypass.mse == bypass.shuffled == bypass.averaged == bypass.nearest
    assert bypass.reliance == 0
    assert report.score == 0
    assert report.books == healthy.books  # no other measure would detect it


def test_informative_codes_are_those_the_head_uses(healthy):
    found = healthy.faithfulness
    assert found.classifier == HEAD
    assert found.windows == len(batches(30, 1)[0].y)
    for area in (found.deletion, found.insertion, found.random):
        assert 0 <= area <= 1


def test_the_score_is_the_geometric_mean_of_its_parts(healthy):
    product = 1.0
    for part in healthy.parts.values():
        product *= part
    assert set(healthy.parts) == {"used", "effective", "distinct", "varied", "fit", "classes", "needed"}
    assert healthy.score == pytest.approx(product ** (1 / len(healthy.parts)))


def with_a_code_of_every_class(windows):
    """The same windows, but half of each is one template whatever the class."""
    tail = TEMPLATES[5].repeat(2)
    return [
        batch._replace(x=torch.cat([batch.x[..., : -len(tail)], tail.expand(*batch.x.shape[:2], -1)], -1))
        for batch in windows
    ]


def test_a_classifier_fails_first_without_its_informative_codes():
    split, train = (with_a_code_of_every_class(batches(48, seed)) for seed in (1, 2))
    found = measured(made(), split, train).report.faithfulness
    assert found.deletion < found.random < found.insertion


def test_an_ablated_token_contributes_nothing():
    model, (batch,) = made(), batches(8, 1)
    typical = torch.tensor([[2]])
    with torch.no_grad():
        output = model.encode(batch.x)
        whole = reduced(CodedModel(model), output, torch.ones(1, 6, dtype=torch.bool), typical)
        assert torch.equal(model.decode(whole).x_recon, model.decode(output).x_recon)
        kept = torch.tensor([[True, True, False, True, True, True]])
        codes = output.quantized.codes.squeeze(-1)
        assert torch.equal(reduced(CodedModel(model), output, kept, typical).tokens.mask, codes != 2)
        empty = model.decode(reduced(CodedModel(model), output, torch.zeros(1, 6, dtype=torch.bool), typical)).x_recon
    pieces = empty.unflatten(-1, (4, 16))
    assert torch.allclose(pieces, pieces[:, :, :1].expand_as(pieces))  # one code, one position, one scale
    assert torch.allclose(empty.mean(-1), output.attributes["mu"].mean(-1), atol=1e-5)
