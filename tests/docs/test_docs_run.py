"""Every code block of the documents runs, in order and as written, in the folder of a reader."""

import os
import re
import shlex
import subprocess
import sys
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest
from pages import PAGES, ROOT, Block, blocks, commands

import zoo
from zoo.cli.main import main

RUN = ("python", "sh", "console")
SLOW = ("bag", "python", "report")
TUTORIAL = ROOT / "docs" / "tutorial.md"


def pages() -> list[Any]:
    """The pages that have something to run, but for the tutorial."""
    found = [page for page in PAGES if any(block.language in RUN and not block.needs for block in blocks(page))]
    found.remove(TUTORIAL)
    return [pytest.param(page, id=page.stem, marks=[pytest.mark.slow] * (page.stem in SLOW)) for page in found]


@pytest.mark.parametrize("page", pages())
def test_every_block_of_a_page_runs(page, reader, capsys):
    run_page(page, capsys)


@pytest.mark.slow
def test_the_tutorial_trains_evaluates_draws_shapes_and_swaps_the_head(reader, capsys, monkeypatch):
    run = run_page(TUTORIAL, capsys)["run"]
    assert run.evaluate().head.correct >= 30
    assert (reader / "runs" / "shapes" / "figures" / "shapes.png").exists()
    assert zoo.Run("runs/swapped").spec.model.head.kind == "heads.histogram-linear"
    monkeypatch.syspath_prepend(str(ROOT / "docs" / "pictures"))
    from draw import overview

    assert len(overview(run).axes) == 2 + 32  # the README's picture: two of a window, one per code


def test_the_tutorial_has_at_most_fifteen_lines_of_python():
    lines = [line for block in blocks(TUTORIAL) if block.language == "python" for line in block.text.splitlines()]
    assert 0 < len([line for line in lines if line.strip()]) <= 15


def run_page(page: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    """Run the blocks of ``page``; returns the names that its Python defined."""
    names: dict[str, Any] = {}
    for block, below in zip_longest(found := blocks(page), found[1:]):
        if block.needs:
            continue
        if block.language == "python":
            capsys.readouterr()
            # Empty lines give an error the line numbers of the page.
            exec(compile("\n" * block.line + block.text, str(page), "exec"), names)
            if below and below.is_output_of(block):
                assert without_digits(capsys.readouterr().out) == without_digits(below.text), below.place
        elif block.language in RUN:
            run_shell(block, capsys)
    return names


def without_digits(text: str) -> str:
    """``text`` with `#` for every number: scores differ between versions of torch and processors."""
    return re.sub(r"\d+(\.\d+)?", "#", text)


def run_shell(block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    """The commands of an `sh` block must succeed; those of a `console` block must print what it shows."""
    output = ""
    for line in commands(block):
        status, said = command(line, capsys)
        assert block.language == "console" or status == 0, f"{block.place}: {line}\n{said}"
        output += f"$ {line}\n{said}"
    if block.language == "console":
        assert output == block.text, block.place


def command(line: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Status and output of one line; a single `zoo` command runs in this process."""
    words = shlex.split(line, comments=True)
    if words[0] == "zoo" and not set(line) & set("|&;<>"):
        capsys.readouterr()
        status = main(words[1:])
        return status, "".join(capsys.readouterr())
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", line], capture_output=True, text=True, check=False,
        env=os.environ | {"PATH": path},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr
