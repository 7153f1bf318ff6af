"""Classes are matched by name: a judge whose classes are in another order gives the same answers."""

from pathlib import Path

import pytest
import torch
from zoo_registry import InputSpec, SpecError, ZooNote

import zoo
from zoo.evaluation.judge import NetworkJudge
from zoo.evaluation.judges import load_networks

NAMES = ("walk", "run", "sit")
KNOWN = {"channel_names": ("x", "y"), "rate": 50.0, "units": "g", "smooth": 0.0}


def windows(names: tuple[str, ...] | None = NAMES, **facts: object) -> InputSpec:
    return InputSpec(channels=2, length=40, classes=3, class_names=names, **facts)


def saved(home: Path, entering: InputSpec) -> str:
    """The bundle of a network for such windows, with the weights of seed 0."""
    torch.manual_seed(0)
    model = zoo.build({"input": entering.model_dump(mode="json"), "head": {"kind": "wrn.signal", "depth": 10}})
    model.head.classifier.standardize.fill(torch.zeros(2), torch.ones(2))
    zoo.save(model, home / "bundle")
    return str(home / "bundle")


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> str:
    return saved(tmp_path_factory.mktemp("judge"), windows(**KNOWN))


def judge(bundle: str, data: InputSpec) -> NetworkJudge:
    return load_networks({"wrn": bundle}, data)["wrn"]


def test_a_bundle_stores_the_facts_of_its_windows(bundle: str):
    assert zoo.load(bundle).spec.input == windows(**KNOWN)


@pytest.mark.parametrize("names", [("sit", "walk", "run"), ("Sit", "WALK", "run")], ids=["order", "case"])
def test_a_judge_reads_the_same_whatever_the_order_of_classes(bundle: str, names: tuple[str, ...]):
    x = torch.randn(5, 2, 40, generator=torch.Generator().manual_seed(1))
    home, away = judge(bundle, windows()).read(x, None), judge(bundle, windows(names)).read(x, None)
    assert [NAMES[label] for label in home.classes] == [names[label].lower() for label in away.classes]
    assert torch.equal(away.logits, home.logits[:, [2, 0, 1]])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (windows(("walk", "run", "lie")), "only the data have 'lie'"),
        (windows(("0", "1", "2")), "only the data have '0'.*data.source.classes"),
        (windows(channel_names=("y", "x")), "channel_names .'y', 'x'., as the data have"),
        (windows(rate=25.0), "rate 25.0, as the data have, found 50.0"),
        (windows(units="m/s²"), "units 'm/s²', as the data have, found 'g'"),
        (windows(smooth=0.05), "smooth 0.05, as the data have, found 0.0"),
    ],
)
def test_a_judge_of_other_windows_is_refused(bundle: str, data: InputSpec, words: str):
    with pytest.raises(SpecError, match=words):
        judge(bundle, data)


def test_a_judge_without_class_names_reports_how_they_are_matched(tmp_path: Path):
    bundle = saved(tmp_path, windows(None))
    with pytest.warns(
        ZooNote, match="has no class names; its classes are assumed to be in the order of the data, walk first"
    ):
        assert judge(bundle, windows()).order is None
