"""Weights are loaded from a bundle as the policy says, and every tensor of either side is accounted for."""

import json
from copy import deepcopy

import pytest
import torch
from small_runs import PUBLISHED
from zoo_registry import BundleError, TransferSpec, ZooError

import zoo
from zoo.contracts import CodebookMaintenance
from zoo.weights.plan import plan
from zoo.weights.report import STATUSES, origins
from zoo.weights.source import read_source
from zoo.weights.transfer import transfer


def changed(model, before):
    """Components in which any tensor differs from before."""
    now = model.state_dict()
    return {name.partition(".")[0] for name, tensor in before.items() if not torch.equal(now[name], tensor)}


def take(model, source, **fields):
    return transfer(model, TransferSpec(source=str(source), **fields))


def rows(report, status):
    return {row.known_as: row.reason for row in report.tensors if row.status == status}


@pytest.fixture
def bundle(make, tmp_path):
    """A bundle of the spec with other weights than those of seed 0."""
    model = make(seed=1)
    torch.nn.init.constant_(model.quantizer.scale, 2)
    zoo.save(model, tmp_path / "bundle")
    return tmp_path / "bundle"


def vqshape(length=64, patches=8, **fields):
    """A small VQShape over one channel; ``fields`` go to the component that has them."""
    parts = {
        "encoder": {
            **PUBLISHED,
            "patches": patches,
            "dim": 8,
            "heads": 2,
            "layers": 2,
            "tokenizer_heads": 2,
            "tokenizer_layers": 2,
        },
        "quantizer": {"codes": 8},
        "decoder": {"dim": 8, "heads": 2, "layers": 2, "shape_samples": 16},
    }
    kinds = {"encoder": "vqshape.encoder", "quantizer": "vqshape.codebook", "decoder": "vqshape.decoder"}
    spec = {role: {"kind": kinds[role]} | part | fields.get(role, {}) for role, part in parts.items()}
    return {"input": {"channels": 1, "length": length}} | spec


def saved(spec, folder, seed=0):
    torch.manual_seed(seed)
    zoo.save(zoo.build(spec), folder)
    return folder


# Which weights are loaded.


def test_by_default_every_shared_component_is_loaded(make, bundle):
    model = make()
    report = take(model, bundle)
    assert report.total("loaded") == len(report.tensors)
    stored = zoo.load(bundle).state_dict()
    assert all(torch.equal(tensor, stored[name]) for name, tensor in model.state_dict().items())


@pytest.mark.parametrize("policy", ["strict", "fit", "resize"])
def test_onto_its_own_spec_a_bundle_is_the_identity_bit_for_bit(policy, tmp_path):
    bundle = saved(vqshape(), tmp_path / "bundle", seed=1)
    model = zoo.build(vqshape())
    report = take(model, bundle, policy=policy)
    stored = zoo.load(bundle).state_dict()
    assert all(torch.equal(tensor, stored[name]) for name, tensor in model.state_dict().items())
    assert {row.status for row in report.tensors} == {"loaded"}
    assert report.differences == ()


@pytest.mark.parametrize("only", [["encoder"], ["quantizer", "head"], ["encoder.project", "head"]])
def test_only_the_chosen_paths_are_loaded(make, bundle, only):
    model = make()
    before = deepcopy(model.state_dict())
    report = take(model, bundle, only=only)
    assert changed(model, before) == {path.partition(".")[0] for path in only}
    assert set(rows(report, "skipped").values()) == {"not in `only`"}


def test_a_model_without_a_head_gives_its_encoder_to_one_with_a_head(make, spec, tmp_path):
    del spec["head"]
    zoo.save(zoo.build(spec), tmp_path / "bundle")
    model = zoo.build(spec | {"head": {"kind": "wrn.recon"}})
    report = take(model, tmp_path / "bundle")
    assert {name.partition(".")[0] for name in rows(report, "loaded")} == {"encoder", "quantizer", "decoder"}
    assert set(rows(report, "missing").values()) == {
        "the source has no head",
        "the source has no head; learned from the training data",
    }


def test_a_judge_of_signals_becomes_a_judge_of_reconstructions(spec, tmp_path):
    judge = zoo.build({"input": spec["input"], "head": {"kind": "wrn.signal"}})
    (standardize,) = [m for m in judge.modules() if type(m).__name__ == "Standardize"]
    standardize.fill(torch.arange(3.0), torch.ones(3))
    zoo.save(judge, tmp_path / "judge")
    model = zoo.build(spec | {"head": {"kind": "wrn.recon"}})
    take(model, tmp_path / "judge", only=["head"])
    x = torch.randn(2, 3, 32, generator=torch.Generator().manual_seed(0))
    output = model.eval()(x)
    assert torch.equal(output.logits, judge.eval()(output.x_recon).logits)


def test_the_folder_of_a_run_stands_for_its_bundle(make, bundle, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run/run.json").write_text("{}")
    bundle.rename(tmp_path / "run/bundle")
    assert take(make(), tmp_path / "run").total("loaded") > 0


def test_several_transfers_in_order_name_the_last_source_of_each_tensor(make, tmp_path):
    for seed in (1, 2):
        zoo.save(make(seed=seed), tmp_path / str(seed))
    model = make()
    first, second = take(model, tmp_path / "1"), take(model, tmp_path / "2", only=["encoder"])
    found = origins([first, second])
    assert found["encoder.project.weight"] == f"{tmp_path / '2'}: encoder.project.weight"
    assert found["decoder.project.weight"] == f"{tmp_path / '1'}: decoder.project.weight"
    assert torch.equal(model.encoder.project.weight, zoo.load(tmp_path / "2").encoder.project.weight)


# Refusals.


@pytest.mark.parametrize(
    ("changes", "fields", "words"),
    [
        ({"encoder": {"dim": 6}}, {"only": ["encoder"]}, "encoder.project.weight: .*4 × 8 in the source, 6 × 8 here"),
        ({"encoder": {"dim": 6}}, {}, r"cannot be resized \(and 5 more\)"),
        ({"encoder": {"dim": 6}}, {"policy": "resize", "only": ["encoder"]}, "policy resize.*cannot be resized"),
        (
            {"encoder": {"dim": 6}},
            {"policy": "fit", "only": ["encoder"]},
            "weights that the model can take, found none",
        ),
        ({}, {"only": ["image"]}, "a part with weights, found none in the model"),
        ({}, {"only": ["encodr"]}, "did you mean 'encoder'"),
        ({}, {"only": ["encoder.projct"]}, "encoder holds encoder.project"),
        ({}, {"map": {"encodr": "encoder"}}, "map encodr=encoder: expected a path in the source.*'encoder'"),
        ({}, {"map": {"encoder": "encodr"}}, "map encoder=encodr: expected a path in the model.*'encoder'"),
    ],
)
def test_a_misfit_is_refused_and_nothing_is_changed(make, bundle, changes, fields, words):
    model = make(**changes)
    before = deepcopy(model.state_dict())
    with pytest.raises(ZooError, match=words) as refused:
        take(model, bundle, **fields)
    assert changed(model, before) == set()
    assert "\n" not in str(refused.value)


def test_a_component_that_the_bundle_lacks_is_refused(make, spec, tmp_path):
    del spec["decoder"]
    zoo.save(zoo.build(spec), tmp_path / "bundle")
    model = zoo.build(spec | {"decoder": {"kind": "toy.unpatches"}})
    with pytest.raises(BundleError, match=r"decoder.project.weight.*the source has no decoder \(and 1 more\)"):
        take(model, tmp_path / "bundle", only=["decoder"])


def test_a_deeper_classifier_is_refused_by_strict_and_truncated_by_resize(spec, tmp_path):
    classifier = {"input": spec["input"], "head": {"kind": "wrn.signal", "depth": 16}}
    zoo.save(zoo.build(classifier), tmp_path / "deep")
    model = zoo.build({"input": spec["input"], "head": {"kind": "wrn.signal", "depth": 10}})
    with pytest.raises(BundleError, match="2 layers in the source, 1 here"):
        take(model, tmp_path / "deep")
    report = take(model, tmp_path / "deep", policy="resize")
    assert report.total("loaded") == len(model.state_dict())


def test_two_tensors_for_one_place_are_refused(make, spec, tmp_path):
    zoo.save(make(), tmp_path / "bundle")
    with pytest.raises(BundleError, match=r"one tensor for decoder\.project"):
        take(make(), tmp_path / "bundle", map={"encoder": "decoder", "head": "decoder"})


def test_nothing_in_common_is_refused(spec, tmp_path):
    zoo.save(zoo.build({"input": spec["input"], "head": {"kind": "wrn.signal"}}), tmp_path / "judge")
    del spec["head"]
    with pytest.raises(BundleError, match="weights that the model can take, found none"):
        take(zoo.build(spec), tmp_path / "judge")


# Resizing.


def test_patches_positions_queries_and_samples_of_another_window_are_resized(tmp_path):
    source = saved(vqshape(64, 8), tmp_path / "source", seed=1)
    model = zoo.build(vqshape(60, 6))
    report = take(model, source, policy="resize")
    assert rows(report, "resized") == {
        "encoder.input_project.weight": "8 × 8 in the source, 8 × 10 here: patches resampled",
        "encoder.pos_embed.positional_embeddings.weight": "8 × 8 in the source, 6 × 8 here: positions interpolated",
        "encoder.tokenizer.tokens": "1 × 8 × 8 in the source, 1 × 6 × 8 here: queries interpolated",
        "decoder.out_layer.weight": "8 × 8 in the source, 10 × 8 here: samples of a token interpolated",
        "decoder.out_layer.bias": "8 in the source, 10 here: samples of a token interpolated",
    }
    assert report.total("loaded") == len(model.state_dict()) - 5
    assert {d.field: (d.source, d.here) for d in report.differences} == {"encoder.patches": (8, 6)}


@pytest.mark.parametrize(("layers", "which"), [("first", [0, 1]), ("even", [0, 3])])
def test_fewer_layers_use_the_first_or_evenly_spaced_ones(tmp_path, layers, which):
    source = saved(vqshape(encoder={"layers": 4}), tmp_path / "source", seed=1)
    model = zoo.build(vqshape())
    report = take(model, source, policy="resize", layers=layers)
    stored = zoo.load(source)
    for here, there in enumerate(which):
        theirs = stored.encoder.transformer.layers[there].linear1.weight
        assert torch.equal(model.encoder.transformer.layers[here].linear1.weight, theirs)
    words = "the first 2 taken" if layers == "first" else "layers 0, 3 taken"
    assert set(rows(report, "unused").values()) == {f"4 layers in the source, 2 here: {words}"}
    assert report.total("unused") == 2 * 12


def test_more_layers_keep_new_ones_and_report_them(tmp_path):
    source = saved(vqshape(), tmp_path / "source", seed=1)
    torch.manual_seed(0)
    model = zoo.build(vqshape(decoder={"layers": 3}))
    fresh = deepcopy(model.state_dict())
    report = take(model, source, policy="resize", layers="even")
    reasons = rows(report, "missing")
    assert len(reasons) == 12
    assert set(reasons.values()) == {"2 layers in the source, 3 here: layers 0, 2 filled"}
    assert all(torch.equal(model.state_dict()[name], fresh[name]) for name in reasons)


def test_a_head_for_other_classes_restarts_completely(spec, tmp_path):
    source = saved({"input": spec["input"], "head": {"kind": "wrn.signal", "depth": 10}}, tmp_path / "source", seed=1)
    model = zoo.build({"input": spec["input"] | {"classes": 7}, "head": {"kind": "wrn.signal", "depth": 10}})
    before = deepcopy(model.state_dict())
    report = take(model, source, policy="resize")
    assert set(rows(report, "skipped")) == {"head.classifier.network.fc.weight", "head.classifier.network.fc.bias"}
    now = model.state_dict()
    assert all(torch.equal(now[name], before[name]) for name in rows(report, "skipped"))


def test_statistics_that_do_not_fit_leave_the_judge_refusing(spec, tmp_path):
    """`filled` fits whatever the channels, and must not be loaded without the statistics it belongs to."""
    judge = zoo.build({"input": spec["input"], "head": {"kind": "wrn.signal", "depth": 10}})
    (standardize,) = [m for m in judge.modules() if type(m).__name__ == "Standardize"]
    standardize.fill(torch.zeros(3), torch.ones(3))
    zoo.save(judge, tmp_path / "judge")
    model = zoo.build({"input": spec["input"] | {"channels": 2}, "head": {"kind": "wrn.signal", "depth": 10}})
    report = take(model, tmp_path / "judge", policy="fit")
    assert rows(report, "skipped")["head.classifier.standardize.filled"] == "goes with head.classifier.standardize.mean"
    with pytest.raises(BundleError, match="none filled"):
        model.eval()(torch.zeros(1, 2, 32))


def test_an_omitted_tensor_says_what_resizing_would_do(tmp_path):
    source = saved(vqshape(64, 8), tmp_path / "source", seed=1)
    report = take(zoo.build(vqshape(60, 6)), source, policy="fit")
    skipped = rows(report, "skipped")
    assert skipped["encoder.input_project.bias"] == "goes with encoder.input_project.weight"
    assert skipped["encoder.tokenizer.tokens"].endswith("6 × 8 here: policy resize would have queries interpolated")


def test_a_path_under_another_name_is_mapped(make, bundle):
    model = make()
    report = take(model, bundle, policy="fit", map={"head.project.bias": "encoder.project.bias"})
    assert torch.equal(model.encoder.project.bias, zoo.load(bundle).head.project.bias)
    assert rows(report, "unused") == {"encoder.project.bias": "`map` gives its place to head.project.bias"}
    assert rows(report, "missing") == {"head.project.bias": "name unknown in the source"}
    assert rows(report, "skipped") == {"head.project.weight": "goes with head.project.bias, which the source lacks"}


def test_one_codebook_becomes_the_codebook_of_a_channel(tmp_path):
    source = saved(vqshape(), tmp_path / "source", seed=1)
    model = zoo.build(vqshape() | {"input": {"channels": 2, "length": 64}, "codebook": "per_channel"})
    for channel in (0, 1):
        take(model, source, policy="fit", only=["quantizer"], map={"quantizer": f"quantizer.quantizers.{channel}"})
    book = zoo.load(source).quantizer.embedding.weight
    assert all(torch.equal(member.embedding.weight, book) for member in model.quantizer.quantizers)


def test_codebooks_of_every_channel_grow(tmp_path):
    two = {"input": {"channels": 2, "length": 64}, "codebook": "per_channel"}
    source = saved(vqshape() | two, tmp_path / "source", seed=1)
    model = zoo.build(vqshape(quantizer={"codes": 12}) | two)
    assert take(model, source, policy="resize").total("resized") == 2


# The report.


def test_changed_fields_that_affect_fitting_tensors_are_reported(tmp_path):
    source = saved(vqshape(), tmp_path / "source", seed=1)
    report = take(zoo.build(vqshape(encoder={"heads": 4})), source)
    assert [(d.field, d.source, d.here) for d in report.differences] == [("encoder.heads", 2, 4)]


def test_a_report_counts_every_module_and_can_be_read_back_from_json(make, bundle):
    report = plan(make(encoder={"dim": 6}), read_source(bundle), TransferSpec(source="b", policy="fit")).report
    counted = sum(module.count(status) for module in report.modules() for status in STATUSES)
    assert counted == len(report.tensors)
    assert type(report).model_validate(json.loads(report.model_dump_json())) == report


# Codebooks with k-means initialisation and resets.


@pytest.mark.parametrize("policy", ["strict", "fit", "resize"])
@pytest.mark.parametrize("kind", ["vqshape.codebook", "quantizers.ema", "quantizers.cosine", "quantizers.residual"])
def test_transferred_codes_are_not_initialised_again(kind, policy, tmp_path):
    """Whether the source has these options or not; missing state of theirs is not refused either."""
    care = {"kind": kind, "codes": 8, "start": "kmeans", "reset_after": 5}
    bare = {"encoder": {"code_dim": 4}, "quantizer": {"kind": kind, "codes": 8}}
    bundle = saved(vqshape(**bare), tmp_path / "bundle", seed=1)
    model = zoo.build(vqshape(encoder={"code_dim": 4}, quantizer=care))
    report = take(model, bundle, policy=policy)
    assert len(rows(report, "missing")) == 1
    care_of = next(module for module in model.modules() if isinstance(module, CodebookMaintenance))
    stats = model.train().quantizer(torch.randn(2, 1, 8, 4)).stats
    assert not care_of.due(stats)
    assert care_of.due({"waiting": torch.tensor(1)})
    zoo.save(model, tmp_path / "again")
    again = zoo.build(vqshape(encoder={"code_dim": 4}, quantizer=care))
    assert take(again, tmp_path / "again", policy=policy).total("loaded") == len(again.state_dict())


def test_use_is_reset_for_another_number_of_codes(tmp_path):
    care = {"reset_after": 5}
    bundle = saved(vqshape(quantizer={"codes": 8, **care}), tmp_path / "bundle", seed=1)
    model = zoo.build(vqshape(quantizer={"codes": 12, **care}))
    take(model, bundle, policy="resize")
    assert model.quantizer.care.use.tolist() == [[1.0] * 12]
