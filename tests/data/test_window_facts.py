"""Facts of a window: names of classes and channels, rate and unit, from the source, the spec and the length step."""

import os
from pathlib import Path

import numpy as np
import pytest
from toy_sets import Write
from zoo_data import BundledSource, NpySource
from zoo_data.npy import open_array
from zoo_registry import DataError, DataSpec, InputSpec, Registry, SpecError
from zoo_registry.data import LengthSpec

from zoo.data import prepare
from zoo.data.peek import input_of
from zoo.sources.raw import RawSplit, require_whole


def spec_of(folder: Path, **fields: object) -> DataSpec:
    return DataSpec(source=NpySource(path=str(folder), layout="c t"), **fields)


def facts(spec: DataSpec) -> InputSpec:
    """Facts of a model's input, the same before and after reading everything."""
    early = input_of(spec)
    assert prepare(spec).input == early
    return early


def test_a_bundled_set_knows_its_channels_and_its_rate() -> None:
    found = facts(DataSpec(source=BundledSource()))
    assert found.class_names == ("Standing", "Running", "Walking", "Badminton")
    assert found.channel_names is not None
    assert found.channel_names[3] == "rotation x"
    assert (found.rate, found.units) == (10.0, None)


def test_a_spec_overrides_the_source() -> None:
    found = facts(DataSpec(source=BundledSource(), channel_names=tuple("abcdef"), rate=12.5, units="m/s²", smooth=0))
    assert (found.channel_names, found.rate, found.units) == (tuple("abcdef"), 12.5, "m/s²")
    assert found.smooth == 0


@pytest.mark.parametrize(
    ("step", "rate"), [(LengthSpec(to=39), 100.0), (LengthSpec(to=10, method="crop"), 50.0), (None, 50.0)]
)
def test_the_rate_is_that_of_the_samples_a_model_reads(write_npy: Write, step: LengthSpec | None, rate: float) -> None:
    assert facts(spec_of(write_npy(), rate=50.0, length=step)).rate == rate


def test_a_rate_that_differs_between_series_is_unknown() -> None:
    source = BundledSource(name="japanese_vowels")
    assert facts(DataSpec(source=source, rate=100.0, length=LengthSpec(to=20))).rate is None


def test_names_for_another_number_of_channels_are_refused(write_npy: Write) -> None:
    with pytest.raises(SpecError, match=r"data.channel_names: expected 3 names, .* found 2"):
        input_of(spec_of(write_npy(), channel_names=("x", "y")))


def test_a_run_keeps_facts_missing_in_the_data_and_refuses_contradictions() -> None:
    model = {"head": {"kind": "wrn.signal"}, "input": {"channels": 3, "length": 20, "classes": 2, "units": "g"}}
    run = Registry.discover().run({"name": "a", "model": model, "data": {"source": {"kind": "data.aeon"}}})
    assert run.with_input(InputSpec(channels=3, length=20, classes=2, rate=5.0)).model.input == InputSpec(
        channels=3, length=20, classes=2, rate=5.0, units="g"
    )
    with pytest.raises(SpecError, match=r"model.input.units: expected 'm/s²', as the data have it, found 'g'"):
        run.with_input(InputSpec(channels=3, length=20, classes=2, units="m/s²"))


def test_a_mapped_file_that_was_truncated_is_refused_before_it_is_read(write_npy: Write) -> None:
    path = write_npy() / "X_train.npy"
    split = RawSplit(str(path), open_array(path, "windows"), np.zeros(24, np.int64))
    data = prepare(spec_of(path.parent))
    os.truncate(path, 2000)
    with pytest.raises(DataError, match="found 2000; write data to another file and rename it"):
        next(split.blocks())
    with pytest.raises(DataError, match="windows of the train split: expected"):
        data.train.read(slice(0, 1))
    require_whole(np.zeros(3), "memory")
