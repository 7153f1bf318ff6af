"""Models with text: nothing that a model gives depends on the label, and bundles need no file and no embedder."""

import json
from typing import Any

import numpy as np
import pytest
import torch
from tiny import REGISTRY
from zoo_registry import ModelSpec, SpecError, TransferSpec, ZooError

import zoo
from zoo import load, save
from zoo.export.predictor import Predictor
from zoo.model.assembly import ZooModel
from zoo.model.build import build
from zoo.testing import adapt
from zoo.texts.filling import with_words
from zoo.weights.transfer import transfer

CLASSES = {"drink": ["raise the hand", "lower the hand"], "walk": ["swing the arm", "step"], "rest": ["lie still"]}
INPUT = {"channels": 2, "length": 64, "classes": 3, "class_names": list(CLASSES)}
PARTS: dict[str, Any] = {
    "input": INPUT,
    "encoder": {"kind": "vqshape.encoder", "read": "both", "tokens": 6, "dim": 16, "layers": 1, "heads": 2},
    "decoder": {"kind": "vqshape.renderer"},
    "head": {"kind": "heads.token-linear"},
}
CODED = {**PARTS, "quantizer": {"kind": "quantizers.ema"}}
BOOKS: list[dict[str, Any] | None] = [None, {"kind": "quantizers.ema", "codes": 4}, {"kind": "quantizers.fsq"}]
TEXTS = [
    *({"kind": kind} for kind in REGISTRY.kinds("text")),
    *({"kind": "text.fused", "codebook": book, "feed": "tokens"} for book in BOOKS),
    {"kind": "text.fused", "control": "one-hot"},
]


def spec_of(text: dict[str, Any] | None, quantizer: str = "quantizers.ema", **parts: Any) -> ModelSpec:
    """A complete spec with a tiny encoder, and ``text`` with the actions of three classes."""
    if text is not None and REGISTRY.find(text["kind"], "text").needs_words:
        text = {"actions": CLASSES, **text}
    book = {"kind": quantizer, **({"codes": 8} if quantizer == "quantizers.ema" else {})}
    return with_words(REGISTRY.model({**PARTS, "quantizer": book, "text": text, **parts}))


def model_of(text: dict[str, Any] | None, **parts: Any) -> ZooModel:
    torch.manual_seed(0)
    model = build(spec_of(text, **parts))
    adapt(model, model.trace.signal)
    return model


def given() -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    return torch.randn(6, 2, 64), torch.tensor([0, 1, 2, 0, 1, 1])


@pytest.mark.parametrize("text", TEXTS, ids=str)
@pytest.mark.parametrize("training", [False, True], ids=["eval", "training"])
def test_what_a_model_gives_does_not_depend_on_the_label(text, training):
    model, (x, y) = model_of(text).train(training), given()
    found = []
    for target in (None, y, y.roll(1), torch.zeros_like(y)):
        torch.manual_seed(2)  # of dropout and of hidden gaps
        found.append(model(x, target=target))
    for other in found[1:]:
        for name in ("logits", "x_recon"):
            assert torch.equal(getattr(found[0], name), getattr(other, name)), name
        assert torch.equal(found[0].tokens.values, other.tokens.values)
        assert torch.equal(found[0].quantized.codes, other.quantized.codes)
        for name, value in (found[0].quantized.stats or {}).items():
            assert torch.equal(value, other.quantized.stats[name]), f"the codebook would learn from the label: {name}"
        for term in ("x", "z", "s"):
            assert torch.equal(found[0].losses[term], other.losses[term]), term
    terms = [term for term in model.spec.text.terms if term not in found[0].losses]
    assert terms == list(model.spec.text.terms)
    assert any(not torch.equal(found[1].losses[term], found[2].losses[term]) for term in terms)


@pytest.mark.parametrize("text", TEXTS, ids=str)
def test_a_bundle_needs_neither_file_nor_embedder(text, tmp_path, monkeypatch):
    model, (x, y) = model_of(text).eval(), given()
    save(model, tmp_path / "bundle")
    monkeypatch.setattr("zoo_text.embedders.TfidfSpec.rows", None)
    monkeypatch.setattr("zoo_text.embedders.TfidfSpec.width", None)
    loaded = load(tmp_path / "bundle").eval()
    with torch.no_grad():
        for term, value in model(x, target=y).losses.items():
            assert torch.equal(value, loaded(x, target=y).losses[term]), term


def test_text_can_be_left_out_by_a_transfer(tmp_path):
    """A teacher with text gives its encoder, codebook and decoder to a student without."""
    teacher = model_of({"kind": "text.fused"})
    save(teacher, tmp_path / "teacher")
    student = model_of(None)
    transfer(student, TransferSpec(source=str(tmp_path / "teacher")))
    (x, _), plain = given(), student.eval()
    with torch.no_grad():
        assert torch.equal(plain(x).x_recon, teacher.eval()(x).x_recon)


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"quantizer": None, "decoder": None}, "a quantizer, whose codes text.fused reads"),
        ({"input": {**INPUT, "class_names": ["drink", "sit", "rest"]}}, "with sit"),
        ({"input": {**INPUT, "class_names": ["walk", "drink", "rest"]}}, "with walk"),
        ({"input": {"channels": 2, "length": 64, "classes": 4}}, "4 classes"),
    ],
)
def test_text_that_does_not_fit_the_model_is_refused(parts, words):
    with pytest.raises(ZooError, match=words):
        REGISTRY.model(
            {
                **PARTS,
                "quantizer": {"kind": "quantizers.ema"},
                "text": {"kind": "text.fused", "actions": CLASSES},
                **parts,
            }
        )


def test_a_kind_that_reads_labels_alone_has_no_words():
    for field in ({"file": "actions.json"}, {"actions": CLASSES}, {"embed": {"kind": "text.tfidf"}}):
        with pytest.raises(SpecError, match="which reads labels alone"):
            with_words(REGISTRY.model({**PARTS, "text": {"kind": "text.labels", **field}}))


def test_words_have_one_source(tmp_path):
    """So that another file is never ignored because a trained run has its actions already."""
    file = tmp_path / "actions.json"
    activities = [
        {"action_label": n, "sub_actions": [{"Arm": t, "Leg": "stand"} for t in texts]} for n, texts in CLASSES.items()
    ]
    file.write_text(json.dumps({"activities": activities}))
    given = {"kind": "text.fused", "file": str(file), "use": "arm"}
    filled = with_words(REGISTRY.model({**CODED, "text": given})).text
    assert {name: list(texts) for name, texts in filled.actions.items()} == CLASSES
    assert (filled.file, filled.use) == (None, "both")
    stored = filled.model_dump(mode="json")
    for change, words in (
        ({"file": str(file)}, "null, as the actions are given"),
        ({"use": "leg"}, "a file to choose from"),
    ):
        with pytest.raises(SpecError, match=words):
            REGISTRY.model({**CODED, "text": {**stored, **change}})


def test_another_embedder_for_a_trained_run_needs_another_width():
    stored = with_words(REGISTRY.model({**CODED, "text": {"kind": "text.fused", "actions": CLASSES}})).dump()
    stored["text"]["embed"] = {"kind": "text.hash"}
    model = build(stored)
    with pytest.raises(ZooError, match="width"):
        adapt(model, model.trace.signal)


def test_a_text_without_a_file_names_the_next_step():
    with pytest.raises(SpecError, match="a file of actions for text"):
        with_words(REGISTRY.model({**CODED, "text": {"kind": "text.fused"}}))


def test_actions_are_those_of_the_classes_whatever_their_order_in_the_file(tmp_path):
    file = tmp_path / "actions.json"
    turned = dict(reversed(CLASSES.items()))
    activities = [{"action_label": name, "sub_actions": texts} for name, texts in turned.items()]
    file.write_text(json.dumps({"activities": activities}))
    text = {"kind": "text.fused", "file": str(file)}
    spec = with_words(REGISTRY.model({**CODED, "text": text}))
    assert {name: list(texts) for name, texts in spec.text.actions.items()} == CLASSES
    assert list(spec.text.actions) == list(CLASSES)
    model = build(spec)
    adapt(model, model.trace.signal)
    assert [model.text.table.texts_of(label) for label in range(3)] == list(CLASSES.values())


def test_an_exported_model_is_that_of_a_model_without_text():
    plain, worded = (Predictor(model_of(text).eval()) for text in (None, {"kind": "text.fused"}))
    assert worded.parameters_in_all == plain.parameters_in_all
    assert [type(part) for part in worded.modules()] == [type(part) for part in plain.modules()]
    assert not any(name.startswith("model.text") for name in worded.state_dict())


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ({"heads": 3}, "text.heads"),
        ({"kind": "text.labels", "control": "random"}, "text.control"),
        ({"kind": "text.labels", "width": 8}, "text.width"),
    ],
)
def test_a_field_that_cannot_be_used_is_refused_before_anything_is_built(text, where):
    given = {"kind": "text.fused", "actions": CLASSES, **text}
    if given["kind"] == "text.labels":
        del given["actions"]
    with pytest.raises(SpecError) as caught:
        with_words(REGISTRY.model({**CODED, "text": given}))
    assert caught.value.where == where


def test_one_hot_vectors_have_a_number_for_each_class():
    given = {"kind": "text.fused", "control": "one-hot", "width": 2}
    spec = spec_of(given)
    assert spec.trace().actions.sizes == (3, 3)
    assert build(spec).text.table.rows.shape == (3, 3)


def test_a_codebook_of_actions_is_started_and_moved_by_training(tmp_path):
    rng = np.random.default_rng(0)
    for split in ("train", "test"):
        np.save(tmp_path / f"X_{split}.npy", rng.normal(size=(24, 2, 64)).astype(np.float32))
        np.save(tmp_path / f"y_{split}.npy", np.arange(24) % 3)
    (tmp_path / "classes.txt").write_text("\n".join(CLASSES))
    book = {"kind": "quantizers.ema", "codes": 4, "start": "kmeans"}
    model = {name: part for name, part in CODED.items() if name != "input"}
    source = {"kind": "data.npy", "path": str(tmp_path), "layout": "c t", "classes": "classes.txt"}
    run = {
        "model": {**model, "text": {"kind": "text.fused", "actions": CLASSES, "codebook": book}},
        "data": {"source": source},
        "training": {"epochs": 2, "batch": 6},
    }
    trained = zoo.train(run, tmp_path / "run", quiet=True).model
    codes, tokens = trained.text.codebook.decode(torch.arange(4)[:, None]), trained.quantizer
    assert codes.any(1).all()  # they wait for their start as zeros
    assert len(torch.unique(codes, dim=0)) == 4
    assert tokens is not trained.text.codebook
