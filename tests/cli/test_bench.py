"""`zoo bench` on a file of results; `.ci/run` runs a benchmark from the wheel."""

import json
from pathlib import Path
from typing import Any

import pytest

from zoo.cli import bench
from zoo.cli.main import main


def case(group: str, who: str, median: float, held: int = 1_000_000, **sizes: int) -> dict[str, Any]:
    """A case as `pytest --benchmark-json` writes it, without the fields that the zoo ignores."""
    facts = {"who": who, "hardware": "2 threads", "torch": "2.15.0", "dtype": "float32", "most_held": held, **sizes}
    return {"group": group, "name": "test", "stats": {"median": median, "rounds": 7, "min": 0.0}, "extra_info": facts}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """Two cases with a peer, one of them slower than it, and two kinds of component."""
    cases = [
        case("nearest, cpu", "zoo", 0.002, tokens=32_768),
        case("nearest, cpu", "cdist", 0.010, held=64_000_000),
        case("step, cpu", "library", 0.003),
        case("step, cpu", "zoo", 0.006),
        case("encoder, cpu", "conv.encoder", 0.004, windows=2),
        case("encoder, cpu", "vqshape.encoder", 0.008),
        case("too large for others, cpu", "zoo", 0.5),
        case("recording, cpu", "zoo", 0.1, bytes=15_000_000),
    ]
    path = tmp_path / "results.json"
    path.write_text(json.dumps({"machine_info": {}, "benchmarks": cases}))
    return path


def test_ratios_are_those_of_the_medians(results, capsys):
    assert main(["bench", str(results), "--json"]) == 0
    found = {row["case"]: row for row in json.loads(capsys.readouterr().out)}
    assert {name: row["ratio"] for name, row in found.items()} == {"nearest, cpu": 5.0, "step, cpu": 0.5}
    other = {"seconds": 0.010, "rounds": 7, "per_second": None, "most_held": 64_000_000}
    assert found["nearest, cpu"]["other"] == other
    assert found["nearest, cpu"]["zoo"]["per_second"] == 32_768 / 0.002


def test_a_table_and_a_picture(results, tmp_path, capsys):
    assert main(["bench", str(results), "--out", str(tmp_path / "figures")]) == 0
    lines = capsys.readouterr().out.splitlines()
    (row,) = [line.split() for line in lines if line.startswith("nearest")]
    assert row == ["nearest,", "cpu", "2.00", "10", "5.0×", "16.4", "M", "tokens", "1.0", "64.0"]
    assert lines.index("against cdist") < lines.index("against library") < lines.index("without a peer")
    assert any(line.split() == ["too", "large", "for", "others,", "cpu", "zoo", "500", "1.0"] for line in lines)
    (row,) = [line.split() for line in lines if "conv.encoder" in line]
    assert row == ["encoder,", "cpu", "conv.encoder", "4.00", "500", "windows", "1.0"]
    (row,) = [line.split() for line in lines if line.startswith("recording")]
    assert row == ["recording,", "cpu", "zoo", "100", "150", "MB", "1.0"]
    drawn = (tmp_path / "figures" / "ratios.svg").read_text()
    assert "5×" in drawn
    assert "0.5×" in drawn
    assert (tmp_path / "figures" / "ratios.png").stat().st_size > 5_000


@pytest.mark.parametrize(("content", "message"), [("[]", "expected"), ('{"benchmarks": [{"group": "x"}]}', "stats")])
def test_a_file_of_another_kind_is_refused_in_one_line(content, message, tmp_path, capsys):
    path = tmp_path / "other.json"
    path.write_text(content)
    assert main(["bench", str(path)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert "--benchmark-json" in said
    assert said.count("\n") == 1


def test_without_pytest_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setattr(bench, "find_spec", lambda name: None)
    assert main(["bench"]) == 2
    assert 'pip install "shapezoo[bench]"' in capsys.readouterr().err


@pytest.mark.slow
def test_a_name_that_no_benchmark_has_is_refused(capfd, monkeypatch):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)  # under which pytest-benchmark measures nothing
    assert main(["bench", "--only", "no_such_benchmark"]) == 2
    assert "--only: expected part of the name of a benchmark, found no_such_benchmark" in capfd.readouterr().err


def test_only_does_not_match_names_of_the_folders_above(capfd, monkeypatch, tmp_path):
    monkeypatch.delenv("PYTEST_XDIST_WORKER", raising=False)
    cases = tmp_path / "folder_above" / "cases"
    cases.mkdir(parents=True)
    (cases / "bench_some.py").write_text("def test_some(benchmark):\n    benchmark(int)\n")
    monkeypatch.setattr(bench, "_PLACES", (cases,))
    assert main(["bench", "--only", "folder_above"]) == 2
    assert "--only: expected part of the name of a benchmark, found folder_above" in capfd.readouterr().err
