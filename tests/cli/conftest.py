"""The command line run in this process, and a small plugin for it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from zoo.cli.main import main


@dataclass(frozen=True)
class Result:
    """Result of a command: its exit status, standard output and standard error."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Zoo = Callable[..., Result]


@pytest.fixture
def zoo(capsys) -> Zoo:
    """Run one command line."""

    def run(*arguments: str | Path) -> Result:
        capsys.readouterr()
        status = main([str(argument) for argument in arguments])
        return Result(status, *capsys.readouterr())

    return run


@pytest.fixture
def toys(installed_toys) -> dict[str, Any]:
    """A valid model spec of toy components; their plugin is installed."""
    return installed_toys


@pytest.fixture
def write(tmp_path) -> Callable[..., Path]:
    """Write plain data as JSON, or text unchanged, into a file."""

    def write(data: Any, name: str = "model.json") -> Path:
        path = tmp_path / name
        path.write_text(data if isinstance(data, str) else json.dumps(data))
        return path

    return write
