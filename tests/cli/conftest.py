"""The command line run in this process, and a small plugin for it."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hub_server import Hub
from huggingface_hub import constants

from zoo.cli.main import main
from zoo.hub import download


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


@pytest.fixture
def hub(monkeypatch, tmp_path) -> Iterator[Hub]:
    """An empty hub on this machine, with an empty cache; nobody is logged in, and nothing was asked for."""
    made = Hub()
    for name, value in {
        "ENDPOINT": made.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": made.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_TOKEN_PATH": str(tmp_path / "token"),
        "AGENT_HARNESSES_PATH": str(tmp_path / "harnesses.json"),
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_OFFLINE": False,
    }.items():
        monkeypatch.setattr(constants, name, value)  # read from the environment when the library is imported
    monkeypatch.delenv("HF_TOKEN", raising=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(download, "_COMMITS", {})
    yield made
    made.close()
