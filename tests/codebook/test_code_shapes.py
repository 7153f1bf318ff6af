"""Where the shape of a code comes from: the code alone, a mean over tokens, or nowhere."""

import json
from dataclasses import replace
from typing import ClassVar

import numpy as np
import pytest
import torch
from made_models import CLASSES, NAMES, SAMPLES, TEMPLATES, BookSpec, SegmentsSpec, batches, made, measured
from small_runs import PUBLISHED
from zoo_registry import STRETCH, Attribute, InputSpec, ModelSpec

from zoo.codebook.book import books_of
from zoo.codebook.code_statistics import survey
from zoo.codebook.measure import Windows, measure
from zoo.codebook.shapes import decoded_shapes, drawn_shapes, shape_source
from zoo.contracts import Tokens
from zoo.data.batch import Batch
from zoo.evaluation.score import HEAD
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.model.coded import CodedModel

LENGTH = 64
VQSHAPE = {
    "encoder": {"kind": "vqshape.encoder", **PUBLISHED, "patches": 8, "dim": 16, "heads": 2, "layers": 1,
                "tokenizer_heads": 2, "tokenizer_layers": 1},
    "quantizer": {"kind": "vqshape.codebook", "codes": 12},
    "decoder": {"kind": "vqshape.decoder", "dim": 16, "heads": 2, "layers": 1, "shape_samples": 16},
}  # fmt: skip
CONV = {"encoder": {"kind": "conv.encoder", "dim": 8}, "decoder": {"kind": "conv.decoder", "dim": 8}}


def model_of(**parts):
    torch.manual_seed(0)
    return build({"input": {"channels": 2, "length": LENGTH, "classes": CLASSES}, **parts}).eval()


def everything(model, masked: bool = False):
    split, train = batches(9, 1), batches(12, 2)
    if masked:
        split, train = ([_masked(batch) for batch in part] for part in (split, train))
    return measure(model, Windows("test", split, split, train), NAMES)


def _masked(batch: Batch) -> Batch:
    mask = torch.ones_like(batch.x, dtype=torch.bool)
    mask[:, :, 40:] = False
    return batch._replace(mask=mask)


def test_the_shape_of_a_code_is_the_one_vqshape_draws_for_its_tokens():
    model = model_of(**VQSHAPE)
    codes = np.array([7, 2, 11, 0, 5])
    (found,) = decoded_shapes(CodedModel(model), [codes])
    with torch.no_grad():
        alone = model.decoder.shapes(model.quantizer.embedding.weight[torch.from_numpy(codes)]).double().numpy()
    assert np.corrcoef(np.concatenate([found, alone]))[:5, 5:].diagonal() == pytest.approx(1)
    assert found.mean(1) == pytest.approx(0, abs=1e-9)
    assert found.std(1) == pytest.approx(1)


def test_the_shape_of_a_code_depends_on_no_other_token():
    model = model_of(**VQSHAPE)
    every = decoded_shapes(CodedModel(model), [np.arange(12)])[0]
    for code in range(12):
        assert decoded_shapes(CodedModel(model), [np.array([code])])[0][0] == pytest.approx(every[code], abs=1e-4)


def test_shapes_drawn_in_a_forward_are_those_of_the_codes():
    model = model_of(**VQSHAPE)
    (batch,) = batches(4, 0)
    with torch.no_grad():
        output = model(batch.x)
        drawn = drawn_shapes(model, output.quantized.values)
        mu, sigma = output.attributes["mu"], output.attributes["sigma"]
        scaled = model.decoder(Tokens(output.quantized.values, None, output.attributes)).shapes
    shapes = decoded_shapes(CodedModel(model), [np.arange(12)])[0][output.quantized.codes.squeeze(-1).numpy()]
    assert drawn.numpy() == pytest.approx(shapes, abs=1e-3)
    assert (scaled - mu[..., None]).div(sigma[..., None]).numpy() == pytest.approx(shapes, abs=0.1)


def test_codebooks_of_channels_have_their_own_shapes_and_counts():
    model = made(per_channel=True)
    with torch.no_grad():
        model.quantizer.quantizers[1].vectors.copy_(TEMPLATES.flip(0))
    books = books_of(survey(CodedModel(model), batches(12, 0), CLASSES))
    assert [book.usage.book for book in books] == ["channel 0", "channel 1"]
    for book, vectors in zip(books, (TEMPLATES, TEMPLATES.flip(0)), strict=True):
        assert book.shapes == pytest.approx(vectors[book.codes].numpy(), abs=1e-5)
        assert book.counts.sum() == 12 * 4


def test_without_drawn_shapes_a_code_has_the_mean_input_under_its_tokens():
    model = model_of(**{**VQSHAPE, "decoder": {"kind": "conv.decoder", "dim": 8}})
    assert shape_source(CodedModel(model)) == "mean input"
    report = everything(model).report
    assert report.books[0].shapes.source == "mean input"
    straight = [torch.linspace(-1, 1, LENGTH).expand(2, 2, LENGTH), torch.zeros(2, dtype=torch.int64)]
    lines = [Batch(straight[0], None, straight[1], torch.arange(2))]
    (book,) = books_of(survey(CodedModel(model), lines, CLASSES))
    ramp = np.linspace(-1, 1, 64) / np.linspace(-1, 1, 64).std()
    assert book.shapes == pytest.approx(np.tile(ramp, (len(book.codes), 1)), abs=1e-4)


class OtherWordsSpec(SegmentsSpec):
    """The same attributes, described in other words."""

    attributes: ClassVar[tuple[Attribute, ...]] = tuple(replace(one, meaning=f"its {one.name}") for one in STRETCH)


@pytest.mark.parametrize("encoder", [SegmentsSpec, OtherWordsSpec])
def test_an_encoder_gives_positions_by_their_names_whatever_their_description(encoder):
    given = InputSpec(channels=2, length=LENGTH, classes=CLASSES)
    book = BookSpec(vectors=tuple(map(tuple, TEMPLATES.tolist())))
    model = ZooModel(ModelSpec(input=given, encoder=encoder(), quantizer=book)).eval()
    assert shape_source(CodedModel(model)) == "mean input"
    (found,) = books_of(survey(CodedModel(model), batches(12, 0), CLASSES))
    assert found.shapes is not None


def test_without_positions_shapes_are_not_measured():
    model = model_of(**CONV, quantizer={"kind": "quantizers.ema", "codes": 5})
    report = everything(model).report
    assert report.books[0].shapes is None
    assert {(row.start, row.flatness, row.group) for row in report.books[0].codes} == {(None, None, None)}
    assert set(report.parts) == {"used", "classes", "needed"}


@pytest.mark.parametrize(
    "quantizer",
    [
        {"kind": "quantizers.residual", "codes": 6, "levels": 3},
        {"kind": "quantizers.fsq", "levels": [4, 3]},
        {"kind": "quantizers.lfq", "bits": 4},
    ],
    ids=lambda quantizer: quantizer["kind"],
)
@pytest.mark.parametrize("codebook", ["shared", "per_channel"])
@pytest.mark.parametrize("masked", [False, True], ids=["whole", "masked"])
def test_every_quantizer_is_measured(quantizer, codebook, masked):
    model = model_of(**{**VQSHAPE, "quantizer": quantizer}, codebook=codebook, head={"kind": "heads.token-linear"})
    report = everything(model, masked).report
    levels = quantizer["levels"] if quantizer["kind"] == "quantizers.residual" else 1
    assert len(report.books) == levels * (2 if codebook == "per_channel" else 1)
    assert {book.shapes.source for book in report.books} == {"mean decoded" if levels == 3 else "decoded"}
    tokens = report.tokens * levels
    assert sum(sum(book.usage.counts) for book in report.books) == tokens
    assert sum(row.count for book in report.books for row in book.codes) == tokens
    assert report.faithfulness.classifier == HEAD
    assert 0 <= report.score <= 1
    json.dumps(report.model_dump(mode="json"), allow_nan=False)


def test_masked_tokens_never_count():
    rubbish = [_masked(batch)._replace(x=batch.x.index_fill(2, torch.arange(40, 64), 99.0)) for batch in batches(9, 1)]
    clean = [_masked(batch) for batch in batches(9, 1)]
    model = model_of(**CONV, quantizer={"kind": "quantizers.ema", "codes": 5}, head={"kind": "heads.token-linear"})
    train = [_masked(batch) for batch in batches(12, 2)]
    found = [measure(model, Windows("test", part, part, train), NAMES).report for part in (clean, rubbish)]
    assert found[0] == found[1]
    assert found[0].tokens == 9 * 2 * 5  # of 8 tokens of 8 samples, those with an observed sample


def test_batching_changes_no_number():
    model = made()
    one = measured(model, batches(30, 1, batch=30), batches(45, 2, batch=45)).report
    other = measured(model, batches(30, 1, batch=7), batches(45, 2, batch=4)).report
    for name in ("probe", "tokens"):
        assert getattr(one, name) == getattr(other, name)
    for book, same in zip(one.books, other.books, strict=True):
        assert book.model_copy(update={"codes": ()}) == same.model_copy(update={"codes": ()})
        for row, twin in zip(book.codes, same.codes, strict=True):
            assert row.fit.model_dump() == pytest.approx(twin.fit.model_dump())
            assert row.model_copy(update={"fit": None}) == twin.model_copy(update={"fit": None})
    assert one.fit.model_dump() == pytest.approx(other.fit.model_dump())
    ablations = [[found.model_dump() for found in report.bypass.ablations] for report in (one, other)]
    assert [row.pop("name") for row in ablations[0]] == [row.pop("name") for row in ablations[1]]
    for row, same in zip(*ablations, strict=True):
        assert row.pop("correct") == same.pop("correct")
        assert row == pytest.approx(same)
    bypasses = [report.bypass.model_dump(exclude={"ablations"}) for report in (one, other)]
    assert bypasses[0] == pytest.approx(bypasses[1])


def test_renumbering_codes_renumbers_the_report():
    order = torch.tensor([3, 0, 5, 1, 4, 2])
    one, other = measured(made()).report, measured(made(TEMPLATES[order])).report
    (book,), (mixed,) = one.books, other.books
    assert {order[row.code].item(): row.count for row in mixed.codes} == {row.code: row.count for row in book.codes}
    assert mixed.information == pytest.approx(book.information)
    assert mixed.shapes.effective == pytest.approx(book.shapes.effective)
    assert mixed.shapes.distinctness == pytest.approx(book.shapes.distinctness)
    assert (one.probe.correct, one.probe.total) == (other.probe.correct, other.probe.total)
    assert one.bypass.averaged == pytest.approx(other.bypass.averaged)
    assert one.bypass.nearest == pytest.approx(other.bypass.nearest)


@pytest.mark.parametrize(
    ("vectors", "split"),
    [
        (TEMPLATES[:2], batches(30, 1)),
        (TEMPLATES[:1].repeat(4, 1), batches(30, 1)),
        (torch.zeros(3, SAMPLES), batches(30, 1)),
        (TEMPLATES, batches(1, 1)),
        (TEMPLATES, batches(6, 1, classes=1)),
    ],
    ids=["two codes", "identical codes", "constant shapes", "one window", "one class"],
)
def test_unusual_codebooks_and_splits_give_numbers_or_nothing(vectors, split):
    report = measured(made(vectors), split).report
    json.dumps(report.model_dump(mode="json"), allow_nan=False)
    assert 0 <= report.score <= 1


def test_training_windows_of_one_class_leave_the_probe_one_answer():
    report = measured(made(), train=batches(6, 2, classes=1)).report
    assert report.probe.correct == sum(int((batch.y == 0).sum()) for batch in batches(30, 1))
