"""Files of every format: they give the results of their model, or a component is refused with its operation."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
import torch
from combinations import COMBINATIONS, FREE, spec
from tiny import REGISTRY
from zoo_registry import SpecError, roles_of

import zoo
from zoo.export.agreement import compare
from zoo.export.formats import FACTS_FILE, FORMATS, read, write
from zoo.export.predictor import Predictor
from zoo.export.windows import noise
from zoo.model.assembly import ZooModel
from zoo.testing import adapt

ROOT = Path(__file__).parents[2]
INPUT = {"channels": 3, "length": 64, "classes": 4}
OPERATIONS = {"images.persistence": "shapezoo::persistence_diagram"}
"""What no format has of a component."""
QUICK = COMBINATIONS[6]


def model_of(kinds: tuple[str, ...], **fields: object) -> ZooModel:
    torch.manual_seed(0)
    codebook = {"codebook": "per_channel"} if fields.pop("per_channel", False) else {}
    model = zoo.build({"input": INPUT, **codebook, **spec(kinds, **fields)}).eval()
    adapt(model, model.trace.signal)
    return model


def require_equal(name: str, predictor: Predictor) -> None:
    """Of a file for any number of channels, also for another number than the example had."""
    signal = predictor.model.trace.signal
    run = read(name, write(name, predictor, {}))
    for given in (signal, signal.replace(c=5)) if predictor.model.spec.channelwise else (signal,):
        windows = noise(given)
        found = compare(predictor, run, windows._replace(x=windows.x[:40]))
        assert (found.ties, found.equal) == (0, found.codes)
        assert found.decisions in (None, 40)


def test_the_combinations_hold_every_component():
    """But for text, which no exported model has (tests/test_text_models.py)."""
    assert {kind for kinds in COMBINATIONS for kind in kinds} == {
        kind for role in roles_of("model") if role != "text" for kind in REGISTRY.kinds(role)
    }


EVERY = [(kinds, name) for kinds in COMBINATIONS for name in FORMATS]
ALL = os.environ.get("ZOO_CASES") == "all"
SOME = EVERY if ALL else EVERY[::5]
"""Every fifth pair of a combination and a format; all with ZOO_CASES=all."""
QUICKER = FORMATS if ALL else [name for name in FORMATS if name != "onnx"]
"""ONNX takes longest, and is among the pairs above."""


@pytest.mark.slow
@pytest.mark.parametrize(("kinds", "name"), SOME, ids=lambda part: part if isinstance(part, str) else "+".join(part))
def test_every_component_is_exported_or_refused_by_the_name_of_an_operation(kinds, name):
    predictor = Predictor(model_of(kinds))
    refusing = [kind for kind in kinds if kind in OPERATIONS]
    if not refusing:
        require_equal(name, predictor)
        return
    with pytest.raises(SpecError) as refused:
        write(name, predictor, {})
    assert OPERATIONS[refusing[0]] in refused.value.found
    assert refused.value.where == f"{REGISTRY.find(refusing[0]).role} {refusing[0]}"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, "torchscript") for kind in REGISTRY.kinds("quantizer")]
    + [(kind, "onnx") for kind in (REGISTRY.kinds("quantizer") if ALL else ("quantizers.ema", "quantizers.residual"))],
)
def test_every_quantizer_gives_equal_codes(kind, name):
    """In ONNX one codebook and several levels of it; all with ZOO_CASES=all."""
    require_equal(name, Predictor(model_of(("conv.encoder", kind)), "tokenize"))


@pytest.mark.slow
@pytest.mark.parametrize(("kinds", "name"), [(QUICK, "onnx"), (COMBINATIONS[8], "pt2")], ids=["drawn", "convolved"])
def test_the_reconstruction_of_a_classifier_is_exported(kinds, name):
    predictor = Predictor(model_of(kinds), "reconstruct")
    assert "head" not in dict(predictor.model.spec.components())
    require_equal(name, predictor)


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICKER)
def test_a_codebook_per_channel_is_exported(name):
    require_equal(name, Predictor(model_of(QUICK, per_channel=True)))


@pytest.mark.slow
@pytest.mark.parametrize("name", QUICKER)
def test_a_reconstruction_from_shapes_of_any_length_is_exported(name):
    """The two windows of the example have shorter shapes than others."""
    kinds = ("vqshape.encoder", "quantizers.ema", "vqshape.renderer")
    require_equal(name, Predictor(model_of(kinds, **FREE)))


def test_a_traced_bag_counts_all_windows_of_a_batch_that_is_larger_than_its_chunks(monkeypatch):
    predictor = Predictor(model_of(("bag.signal",)))
    monkeypatch.setattr("zoo_bag.bag._HELD", 2 * predictor.model.head.bag.layout.held)
    require_equal("torchscript", predictor)


@pytest.fixture(scope="module")
def judge() -> Predictor:
    return Predictor(model_of(("wrn.signal",)))


FACTS = {"class_names": ["stand", "sit", "go", "läuft"], "rate": 50.0, "units": "g", "sha256": "0" * 64}


@pytest.fixture(scope="module")
def files(judge) -> dict[str, bytes]:
    """The file of every format."""
    return {name: write(name, judge, FACTS) for name in FORMATS}


def test_onnx_holds_the_facts_and_names_of_its_ends(files):
    import onnx

    model = onnx.load_from_string(files["onnx"])
    onnx.checker.check_model(model)
    found = {entry.key: entry.value for entry in model.metadata_props}
    assert json.loads(found.pop("class_names")) == FACTS["class_names"]
    assert found == {"rate": "50.0", "units": "g", "sha256": "0" * 64}
    ends = [(end.name, end.type.tensor_type.shape.dim) for end in (*model.graph.input, *model.graph.output)]
    sizes = {name: [size.dim_param or size.dim_value for size in dims] for name, dims in ends}
    assert sizes == {"x": ["batch", 3, 64], "logits": ["batch", 4]}


def test_torch_formats_hold_the_facts(files):
    stored = {"torchscript": {FACTS_FILE: ""}, "pt2": {FACTS_FILE: ""}}
    torch.jit.load(BytesIO(files["torchscript"]), _extra_files=stored["torchscript"])
    torch.export.load(BytesIO(files["pt2"]), extra_files=stored["pt2"])
    assert [json.loads(found[FACTS_FILE]) for found in stored.values()] == [FACTS, FACTS]


@pytest.mark.parametrize("name", ["onnx", "pt2"])
def test_a_file_holds_no_path_of_this_machine(name, files):
    assert str(ROOT).encode() not in files[name]


@pytest.mark.parametrize("name", ["onnx", "pt2"])
def test_windows_of_another_length_are_rejected(name, files):
    with pytest.raises(Exception, match="64"):
        read(name, files[name])(torch.zeros(2, 3, 63))


ALONE = """
import sys, numpy, torch, onnxruntime
session = onnxruntime.InferenceSession("onnx")
run = {
    "onnx": lambda x: dict(zip([end.name for end in session.get_outputs()], session.run(None, {"x": x.numpy()}))),
    "torchscript": torch.jit.load("torchscript"),
    "pt2": torch.export.load("pt2").module(),
}
for name in run:
    found = [run[name](torch.zeros(b, 3, 64)) for b in (1, 5)]
    print(name, *found[0], *(len(one["codes"]) for one in found))
print([name for name in sys.modules if "zoo" in name])
"""


@pytest.mark.slow
def test_files_run_without_the_zoo(tmp_path):
    predictor = Predictor(model_of(QUICK), "tokenize")
    for name in FORMATS:
        (tmp_path / name).write_bytes(write(name, predictor, {}))
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ALONE], capture_output=True, text=True, cwd=tmp_path, env=os.environ,
        check=True,
    )  # fmt: skip
    names = " ".join(predictor.named(predictor(predictor.example())))
    assert done.stdout.splitlines() == [*(f"{name} {names} 1 5" for name in FORMATS), "[]"]


class Odd(torch.nn.Module):
    """A module of a component, before which there is an operation that a format does not have."""

    def __init__(self, inner: torch.nn.Module, operation: Callable[[torch.Tensor], torch.Tensor]) -> None:
        super().__init__()
        self.inner, self.operation = inner, operation

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.inner(self.operation(x))
        return found


def odd(operation: Callable[[torch.Tensor], torch.Tensor]) -> Predictor:
    """A predictor whose encoder has ``operation``; the components before and after it can be exported."""
    predictor = Predictor(model_of(("fusion.mean", "conv.encoder", "quantizers.ema", "heads.token-linear")))
    predictor.model.encoder.norm = Odd(predictor.model.encoder.norm, operation)
    return predictor


def searched(x: torch.Tensor) -> torch.Tensor:
    return torch.searchsorted(x[0, 0].contiguous(), x.contiguous()).float()


def branched(x: torch.Tensor) -> torch.Tensor:
    return x if x.sum() > 0 else -x


def failing(x: torch.Tensor) -> torch.Tensor:
    raise ValueError("nothing but\na mistake")


@pytest.mark.parametrize(
    ("name", "operation", "words"),
    [
        ("onnx", searched, "aten::searchsorted"),
        ("onnx", branched, "data-dependent"),
        ("pt2", branched, "data-dependent"),
        ("pt2", failing, "nothing but"),
        ("torchscript", failing, "nothing but"),
    ],
)
def test_what_a_format_lacks_is_refused_with_its_component(name, operation, words):
    with pytest.raises(SpecError) as refused:
        write(name, odd(operation), {})
    assert refused.value.where == "encoder conv.encoder"
    assert refused.value.expected == f"operations that {name} has"
    assert words in refused.value.found
    assert "\n" not in str(refused.value)


def test_a_component_is_unknown_if_none_calls_the_operation(judge, monkeypatch):
    monkeypatch.setattr(Predictor, "forward", lambda self, x: torch.searchsorted(x.mean(1), x[:, 0]))
    with pytest.raises(SpecError, match="model: expected operations that onnx has, found aten::searchsorted"):
        write("onnx", judge, {})
