"""`zoo bench`: how much faster the zoo is than its peers, from benchmarks run now or before."""

import os
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from zoo_registry import SpecError, TrainingError

from zoo.cli.components import Json
from zoo.cli.tables import print_json, print_table, print_title
from zoo.io.scratch import scratch
from zoo.process.children import SAFE_PATH
from zoo.process.lines import print_line

if TYPE_CHECKING:
    from zoo.bench.results import Case, Pair, Results

_PLACES = (Path(__file__).parents[1] / "bench" / "cases", Path(__file__).parents[2] / "benchmarks")
"""The benchmarks in an installed wheel, and in a clone."""
_NOTHING_SELECTED = 5
"""Exit status of pytest when no test was collected or selected."""


def bench(
    results: Annotated[
        Path | None,
        typer.Argument(help="File of `pytest --benchmark-json`. Default: run the benchmarks now.", show_default=False),
    ] = None,
    only: Annotated[
        str, typer.Option("--only", help="Run the benchmarks whose names match, as `pytest -k` does.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Folder for the picture, as PNG and SVG.")] = None,
    json: Json = False,
) -> None:
    """Compare run times with those of other libraries, measured in the same run on this machine.

    Run it on an otherwise idle machine. It needs the extra `bench` of the package.
    """
    from zoo.bench.results import alone, pairs, read_results

    found = read_results(results) if results is not None else _measure(only)
    compared = pairs(found)
    if json:
        print_json([_plain(pair) for pair in compared])
    else:
        _print(found, compared, alone(found))
    if out is not None and compared:
        from zoo.bench.picture import ratios_picture
        from zoo.io.files import write_files

        write_files(out, ratios_picture(compared).files())
        print_line(error=True)
        print_line(f"picture in {out}", error=True)


def _measure(only: str) -> "Results":
    from zoo.bench.results import read_results

    if find_spec("pytest_benchmark") is None:
        hint = 'pip install "shapezoo[bench]", or give a file of results'
        raise SpecError("zoo bench", "pytest and pytest-benchmark", "not installed", hint)
    cases = next(place for place in _PLACES if place.is_dir())
    with scratch() as folder:
        file = folder / "results.json"
        command = [sys.executable, "-m", "pytest", str(cases), "-q", "--benchmark-only", "--benchmark-quiet"]
        # Without confcutdir, names of the folders above are keywords that --only matches.
        command += ["--rootdir", str(cases), "--confcutdir", str(cases), "--config-file", os.devnull]
        command += ["--override-ini", "python_files=bench_*.py", "-p", "no:cacheprovider"]
        command += ["--benchmark-json", str(file), *(["-k", only] if only else [])]
        done = subprocess.run(command, stdout=sys.stderr, check=False, env={**os.environ, **SAFE_PATH})
        if done.returncode == _NOTHING_SELECTED:
            raise SpecError("--only", "part of the name of a benchmark", only, "leave --only out to run all")
        if done.returncode or not file.is_file() or not file.stat().st_size:
            hint = "see the output of pytest above"
            raise TrainingError("zoo bench", "benchmarks that pass", f"exit status {done.returncode} of pytest", hint)
        return read_results(file)


def _print(found: "Results", compared: Sequence["Pair"], others: Sequence["Case"]) -> None:
    for hardware in dict.fromkeys(f"{c.extra_info.hardware}, torch {c.extra_info.torch}" for c in found.benchmarks):
        print_title(hardware)
    for peer in dict.fromkeys(pair.peer for pair in compared):
        print_title(f"against {peer}")
        _print_pairs([pair for pair in compared if pair.peer == peer])
    if others:
        print_title("without a peer")
        rows_alone = [(case.group, case.extra_info.who, _ms(case), _rate(case), _mb(case)) for case in others]
        columns_alone = ("case", "kind", "ms", "per second", "MB")
        print_table(columns_alone, rows_alone, numbers=columns_alone[2:], wrap=columns_alone[:1])
    if compared or others:
        print_line()
        print_line("ms: medians; MB: peak memory allocated by torch, above what was allocated before")


def _print_pairs(some: Sequence["Pair"]) -> None:
    rows = [
        (p.case, _ms(p.ours), _ms(p.theirs), f"{p.ratio:.1f}×", _rate(p.ours), _mb(p.ours), _mb(p.theirs)) for p in some
    ]
    columns = ("case", "zoo ms", "peer ms", "faster", "zoo per second", "zoo MB", "peer MB")
    print_table(columns, rows, numbers=columns[1:], wrap=columns[:1], grey=[pair.ratio < 1 for pair in some])


def _plain(pair: "Pair") -> dict[str, object]:
    ours, theirs = (
        {
            "seconds": case.stats.median,
            "rounds": case.stats.rounds,
            "per_second": case.rate,
            "most_held": case.extra_info.most_held,
        }
        for case in (pair.ours, pair.theirs)
    )
    return {"case": pair.case, "peer": pair.peer, "ratio": pair.ratio, "zoo": ours, "other": theirs}


def _ms(case: "Case") -> str:
    milliseconds = 1e3 * case.stats.median
    return f"{milliseconds:.2f}" if milliseconds < 10 else f"{milliseconds:.0f}"


def _rate(case: "Case") -> str:
    """Tokens, windows or bytes per second, to three digits."""
    if case.rate is None:
        return ""
    if case.extra_info.bytes:
        return f"{case.rate / 1e6:.3g} MB"
    unit = "tokens" if case.extra_info.tokens else "windows"
    for letter, size in ((" M", 1e6), (" k", 1e3)):
        if case.rate >= size:
            return f"{case.rate / size:.3g}{letter} {unit}"
    return f"{case.rate:.3g} {unit}"


def _mb(case: "Case") -> str:
    return f"{case.extra_info.most_held / 1e6:.1f}"
