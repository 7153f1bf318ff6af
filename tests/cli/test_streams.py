"""Closed, broken or narrow streams, and Ctrl-C before the program starts: no traceback, a documented status."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from zoo_registry import TrainingError

from zoo.runs.metrics import MetricsFile

PROGRAM = [sys.executable, "-m", "zoo"]
posix = pytest.mark.skipif(os.name != "posix", reason="the shell of POSIX closes the streams")


def shell(command: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """``command`` with `"$@"` for the program and its arguments."""
    words = ["sh", "-c", command, "sh", *PROGRAM, *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=120)


@posix
@pytest.mark.parametrize(
    ("closed", "arguments", "status"),
    [
        (">&-", ["list"], 0),
        (">&-", ["nothing"], 2),
        ("2>&-", ["nothing"], 2),
        ("<&- >&- 2>&-", ["show", "wrn.signal"], 0),
    ],
)
def test_a_command_without_streams_does_its_work(closed: str, arguments: list[str], status: int) -> None:
    done = shell(f'"$@" {closed}', *arguments)
    assert done.returncode == status
    assert "Traceback" not in done.stdout + done.stderr
    assert done.stdout == "" or "<&-" not in closed


@posix
def test_an_opened_file_does_not_take_the_place_of_a_closed_output(tmp_path: Path) -> None:
    opening = "import sys; from zoo.process.streams import open_streams; open_streams(); file = open(sys.argv[1], 'w')"
    words = ["sh", "-c", '"$@" >&-', "sh", sys.executable, "-c", f"{opening}; print('lost')", str(tmp_path / "file")]
    assert subprocess.run(words, check=False).returncode == 0
    assert (tmp_path / "file").read_bytes() == b""


@posix
@pytest.mark.parametrize("broken", ["stdout", "stderr"])
def test_a_broken_pipe_is_silent_and_has_its_status(broken: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | {broken: writer}
    arguments = ["schema"] if broken == "stdout" else ["nothing"]
    done = subprocess.run([*PROGRAM, *arguments], **streams, check=False)
    os.close(writer)
    assert done.returncode == 141
    assert not done.stderr
    assert not done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_output_to_a_full_disk_gives_one_line() -> None:
    done = shell('"$@" > /dev/full', "schema")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "room" in done.stderr


def test_a_narrow_terminal_gets_escapes() -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "LC_ALL": "C"}
    for arguments in (["list"], ["show", "wrn.signal"], ["--help"], ["listé"]):
        done = subprocess.run([*PROGRAM, *arguments], capture_output=True, env=environment, check=False)
        assert done.returncode == (2 if arguments == ["listé"] else 0)
        assert (done.stdout + done.stderr).isascii()
        assert b"Traceback" not in done.stderr


@pytest.mark.slow
def test_descriptions_remain_when_python_drops_docstrings() -> None:
    for arguments in (["list"], ["check", "--help"]):
        plain, bare = (
            subprocess.run(
                [*PROGRAM, *arguments],
                capture_output=True,
                env={**os.environ, "PYTHONOPTIMIZE": level, "COLUMNS": "200"},
                check=True,
            )
            for level in ("", "2")
        )
        assert bare.stdout == plain.stdout


@posix
@pytest.mark.parametrize("module", ["typer", "pydantic_core", "zoo_registry"])
def test_ctrl_c_while_modules_are_imported_gives_one_line(tmp_path: Path, module: str) -> None:
    # Sends itself the interrupt where it would import the module, inside a handler that swallows exceptions.
    (tmp_path / "interrupting.py").write_text(f"""
import os, signal, sys

class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r} and "zoo.cli.start" in sys.modules:
            sys.meta_path.remove(self)
            try:
                os.kill(os.getpid(), signal.SIGINT)
                for _ in range(100): pass
            except BaseException as error:
                raise ImportError(name) from error

sys.meta_path.insert(0, Finder())
signal.signal(signal.SIGINT, signal.default_int_handler)
from zoo.cli.start import main
sys.exit(main())
""")
    done = subprocess.run([sys.executable, tmp_path / "interrupting.py", "list"], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"zoo: interrupted\n")


def test_the_end_of_a_file_is_no_interruption(zoo, monkeypatch) -> None:
    from zoo.cli import components

    def fail(*_: object) -> None:
        raise EOFError("a bug")

    monkeypatch.setattr(components, "print_table", fail)
    with pytest.raises(EOFError, match="a bug"):
        zoo("list")


@pytest.mark.parametrize(
    "text",
    ["epoch,loss\n0,0.5\n1", "epoch,loss\n0,half\n", "loss\n0.5\n", "epoch,loss\n0,1,2\n", "epoch,loss\n\xff\0,1\n"],
)
def test_an_incomplete_metrics_file_gives_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.csv").write_text(text, encoding="latin-1")
    with pytest.raises(TrainingError, match=r"metrics\.csv: expected a row per epoch"):
        MetricsFile(tmp_path / "metrics.csv").rows()
