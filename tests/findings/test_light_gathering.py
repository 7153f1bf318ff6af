"""Stored results are read without the packages that measure and draw, which take seconds to import."""

import subprocess
import sys

PROGRAM = """
import importlib, sys
for module in sys.argv[1:]:
    importlib.import_module(module)
print(*sorted({"torchmetrics", "matplotlib", "lightning"} & sys.modules.keys()))
"""


def test_reading_results_imports_neither_metrics_nor_figures():
    modules = ["zoo.findings.gather", "zoo.report.comparison", "zoo.codebook.book"]
    done = subprocess.run([sys.executable, "-c", PROGRAM, *modules], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
