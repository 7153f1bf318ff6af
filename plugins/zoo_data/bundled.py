"""Read data sets that come with the aeon package; nothing is downloaded."""

from importlib.resources import files
from pathlib import Path

from zoo_registry import DataError

from zoo.sources import Extent, RawSet, Sensor
from zoo_data.specs import BundledSource, TsSource
from zoo_data.ts import peek_ts, read_ts

_AXES = tuple(f"{sensor} {axis}" for sensor in ("acceleration", "rotation") for axis in "xyz")
_SENSORS = {"basic_motions": Sensor(_AXES, rate=10.0)}
"""From the descriptions at timeseriesclassification.com, which give no units."""


def read_bundled(source: BundledSource) -> RawSet:
    """Training and test split of a bundled set."""
    return read_ts(_folder(source))._replace(sensor=_SENSORS.get(source.name, Sensor()))


def peek_bundled(source: BundledSource) -> Extent:
    """The extent from its header and first series; does not import aeon's loaders."""
    return peek_ts(_folder(source))._replace(sensor=_SENSORS.get(source.name, Sensor()))


def _folder(source: BundledSource) -> TsSource:
    name = {"gunpoint": "GunPoint"}.get(source.name, source.name.title().replace("_", ""))
    folder = Path(str(files("aeon"))) / "datasets" / "data" / name
    if not folder.is_dir():
        raise DataError(source.name, "the set in aeon's package", f"no {folder}", "install another version of aeon")
    return TsSource(path=str(folder))
