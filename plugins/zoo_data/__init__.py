"""Data sources: `.npy`, `.ts`, `.mat` and `.csv` files, sets that come with aeon, and mixes. Never imports torch."""

from zoo_registry import SourceSpec, hookimpl

from zoo_data.csv_spec import CsvSource
from zoo_data.mix_spec import MixSource
from zoo_data.specs import BundledSource, MatSource, NpySource, TsSource

__all__ = ["BundledSource", "CsvSource", "MatSource", "MixSource", "NpySource", "TsSource", "zoo_components"]


@hookimpl
def zoo_components() -> list[type[SourceSpec]]:
    return [BundledSource, CsvSource, MatSource, MixSource, NpySource, TsSource]
