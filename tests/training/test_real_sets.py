"""Real recordings are trained on and evaluated with one model spec; only the data part changes."""

from pathlib import Path

import pytest
from small_runs import SHAPES
from zoo_registry import Registry, ZooNote

from zoo.evaluation.judge_run import judge_run
from zoo.evaluation.loaded_run import open_run
from zoo.training.fit import train

SHARED = Path(__file__).parents[2] / ".." / "shared" / "data"
MODEL = SHAPES | {
    "encoder": SHAPES["encoder"] | {"patches": None, "tokens": 10},
    "quantizer": {"kind": "vqshape.codebook", "codes": 8},
}
WRIST = {"source": {"kind": "data.npy", "path": str(SHARED / "wrist_adl14"), "layout": "c t", "test": "val",
                    "subject": "subject", "group": "trial", "classes": "classes.txt"}}  # fmt: skip
EPILEPSY = {"source": {"kind": "data.ts", "path": str(SHARED / "uea/Epilepsy")}, "length": {"to": 500}}


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="the shared folder with real recordings is not here")
@pytest.mark.filterwarnings("ignore::zoo_registry.errors.ZooNote")
@pytest.mark.parametrize(
    ("data", "windows", "classes"), [(WRIST, 886, 14), (EPILEPSY, 138, 4)], ids=["wrist", "epilepsy"]
)
def test_the_same_model_trains_on(tmp_path, data, windows, classes):
    run = Registry.discover().run({"model": MODEL, "data": data, "training": {"epochs": 1, "batch": 64}})
    report = judge_run(open_run(train(run, tmp_path / "run", quiet=True)))
    assert report.head.total == windows
    assert len(report.head.classes) == classes
    assert report.reconstruction is not None
    assert len(report.reconstruction) == 4


@pytest.mark.skipif(not SHARED.exists(), reason="the shared folder with real recordings is not here")
def test_shared_subjects_are_reported():
    from zoo.training.data import load_data

    with pytest.warns(ZooNote, match="share 16 subjects"):
        load_data(Registry.discover().run({"model": MODEL, "data": WRIST}))
