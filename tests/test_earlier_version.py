"""A run of version 0.1, stored before specs named classes and codes were read from stretches, still works the same."""

import json
import shutil
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from zoo_registry import TransferSpec

import zoo
from zoo.cli.main import main
from zoo.codebook.report import CodebookReport
from zoo.evaluation.report import EvalReport
from zoo.evaluation.score import HEAD, HEAD_ON_RAW, on_raw, on_rebuilt
from zoo.evaluation.stored import stored_evaluation
from zoo.runs.folder import RunFolder
from zoo.specs.read import read_result
from zoo.weights.manifest import Manifest, read_manifest
from zoo.weights.transfer import transfer

STORED = Path(__file__).parent / "earlier"
"""`run` was trained for one epoch on windows of float64 by the code of commit 86f09af.

`judged` and `headless` hold results by the code of 57e803d on the same windows: of a model with the head `wrn.recon`
and a judge, and of one without a head. `bundle_2` is the bundle of `run`, written again in format 2.

`bag` is a bag of shapes of the same windows, by the code of 56c48c9: its codebooks were tensors of the bag itself.
"""


@pytest.fixture
def earlier(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(STORED, tmp_path / "earlier")
    monkeypatch.chdir(tmp_path / "earlier")
    return Path("run")


def test_its_evaluation_gives_the_same_numbers(earlier: Path, capsys):
    then = stored_evaluation(RunFolder(earlier)).head
    assert main(["eval", str(earlier), "--json"]) == 0
    now = EvalReport.model_validate_json(capsys.readouterr().out).head
    assert now.classes == then.classes
    assert now.ece == pytest.approx(then.ece, abs=1e-6)


def test_its_stored_scores_are_read_as_they_are(earlier: Path):
    stored = json.loads((earlier / "eval.json").read_text())
    assert list(stored["classifiers"]) == ["head"]
    report = stored_evaluation(RunFolder(earlier))
    assert [score.reader for score in report.scores] == [HEAD]
    assert report.head.model_dump(exclude={"reader"}) == stored["classifiers"]["head"]


def test_stored_scores_of_judges_are_read_by_their_names():
    stored = read_result(STORED / "judged" / "eval.json")
    report = EvalReport.model_validate(stored)
    assert [score.reader for score in report.scores] == [HEAD, HEAD_ON_RAW, on_raw("tree"), on_rebuilt("tree")]
    for score in report.scores:
        assert score.model_dump(exclude={"reader"}) == stored["classifiers"][score.reader.label]


def test_a_stored_codebook_names_the_classifier_of_its_faithfulness():
    stored = read_result(STORED / "headless" / "codebook.json")
    report = CodebookReport.model_validate(stored)
    assert stored["faithfulness"]["classifier"] == "tree on rebuilt"
    assert report.faithfulness.classifier == on_rebuilt("tree")
    assert report.score == stored["score"]


def test_its_bundle_is_the_published_form_and_transfers_completely(earlier: Path):
    model = zoo.load(earlier / "bundle")
    assert (model.spec.encoder.read, model.spec.head.pool, model.spec.head.units) == ("query", "none", "scale")
    report = transfer(zoo.build(model.spec), TransferSpec(source=str(earlier)))
    assert {row.status for row in report.tensors} == {"loaded"}
    assert report.differences == ()


def test_a_bundle_of_every_format_is_kept_and_gives_the_same_output():
    kept = {read_manifest(folder).format: folder for folder in (STORED / "run" / "bundle", STORED / "bundle_2")}
    assert tuple(kept) == get_args(Manifest.model_fields["format"].annotation)
    models = [zoo.load(folder) for folder in kept.values()]
    x = torch.from_numpy(np.load(STORED / "windows" / "X_test.npy")).float()
    first, *others = (model(x).logits for model in models)
    assert all(torch.equal(first, other) for other in others)


def test_a_bag_is_read_with_the_names_of_today():
    model = zoo.load(STORED / "bag")
    x = torch.from_numpy(np.load(STORED / "windows" / "X_test.npy")).float()
    expected = [[2.33434, -1.12759, 0.82527], [0.59547, 0.52941, 0.90715]]
    torch.testing.assert_close(model(x).logits[:2], torch.tensor(expected), rtol=0, atol=1e-5)
    report = transfer(zoo.build(model.spec), TransferSpec(source=str(STORED / "bag")))
    assert {row.status for row in report.tensors} == {"loaded"}


def test_a_checkpoint_is_read_with_the_names_of_today():
    """Lightning loads a model that is a part of its module."""
    model = zoo.load(STORED / "bag")
    stored = {f"model.{name}": tensor for name, tensor in load_file(STORED / "bag" / "model.safetensors").items()}
    outer = torch.nn.ModuleDict({"model": zoo.build(model.spec)})
    outer.load_state_dict(stored)
    assert all(torch.equal(tensor, outer.model.state_dict()[name]) for name, tensor in model.state_dict().items())


def test_it_can_be_trained_further(earlier: Path, capsys):
    assert main(["train", str(earlier), "--resume"]) == 0
    assert "bundle in" in capsys.readouterr().out


def test_its_data_are_recognised_only_by_their_bytes(earlier: Path, capsys):
    x = np.load("windows/X_test.npy")
    np.save("windows/X_test.npy", x.astype(">f8"))
    assert main(["eval", str(earlier)]) == 2  # version 0.1 hashed bytes, and these differ
    assert "the data it was trained on" in capsys.readouterr().err
    np.save("windows/X_test.npy", x)
    assert main(["eval", str(earlier)]) == 0
