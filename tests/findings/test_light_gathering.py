"""Stored results are read without the packages that measure and draw, which take seconds to import."""

import subprocess
import sys

import pytest

PROGRAM = """
import importlib, sys
importlib.import_module(sys.argv[1])
print(*sorted({"torchmetrics", "matplotlib", "lightning"} & sys.modules.keys()))
"""


@pytest.mark.parametrize("module", ["zoo.findings.gather", "zoo.report.comparison", "zoo.codebook.book"])
def test_reading_results_imports_neither_metrics_nor_figures(module):
    done = subprocess.run([sys.executable, "-c", PROGRAM, module], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
