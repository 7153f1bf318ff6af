"""Examples in the documents are valid."""

import ast
import json
import re
import shlex
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
from zoo_registry import Registry, RunSpec, TrainingSpec, ZooError
from zoo_registry.sweep import SweepSpec

from zoo.cli.main import COMMANDS, program

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{index}")
    for page in PAGES
    for index, block in enumerate(re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_json_block_is_a_run_a_sweep_or_a_part_of_one(block):
    shown = json.loads(block if block.startswith("{") else f"{{{block}}}")
    if "vary" in shown:
        assert SweepSpec.model_validate({"run": "run.json"} | shown)
    elif "model" in shown:
        assert Registry.discover().run(shown).dump()
    elif "phases" in shown:
        assert len(TrainingSpec.model_validate(shown).phases) == 2
    else:
        assert shown.keys() <= RunSpec.model_fields.keys()


def test_the_mistake_in_the_readme_gives_the_line_in_the_readme():
    line = next(row for row in (ROOT / "README.md").read_text().splitlines() if row.startswith("zoo: "))
    with pytest.raises(ZooError) as caught:
        Registry.discover().model({"quantizer": {"kind": "vqshape.codebok"}})
    assert line == f"zoo: {caught.value}"


def test_every_command_is_in_the_readme():
    shown = set(re.findall(r"`zoo (\w+)", (ROOT / "README.md").read_text()))
    assert set(COMMANDS) <= shown


def fenced(language: str) -> list[Any]:
    """Code blocks of all pages in ``language``, by page and number."""
    pattern = re.compile(rf"```{language}\n(.*?)```", re.DOTALL)
    return [
        pytest.param(block, id=f"{page.stem}-{index}")
        for page in PAGES
        for index, block in enumerate(pattern.findall(page.read_text()))
    ]


@pytest.mark.parametrize("block", fenced("python"))
def test_imports_of_a_python_block_exist(block, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "examples" / "zoo-acme"))
    for node in ast.walk(ast.parse(block)):
        if isinstance(node, ast.Import):
            for alias in node.names:
                import_module(alias.name)
        if isinstance(node, ast.ImportFrom):
            module = import_module(str(node.module))
            assert [alias.name for alias in node.names if getattr(module, alias.name, None) is None] == []


def test_the_source_on_the_page_of_plugins_is_the_file_of_the_example():
    page = (ROOT / "docs" / "plugins.md").read_text()
    (shown,) = re.findall(r"<!-- source -->\n```python\n(.*?)```\n<!-- end -->", page, re.DOTALL)
    assert shown == (ROOT / "examples/zoo-acme/zoo_acme/json_lines.py").read_text()


def typed() -> list[Any]:
    """Command lines of `zoo` in the code blocks of all pages."""
    lines = [(page.stem, line) for page in PAGES for block in re.findall(r"```\n(.*?)```", page.read_text(), re.DOTALL)
             for line in block.splitlines() if re.match(r"(\$ )?(\.venv/bin/)?zoo [a-z]", line)]  # fmt: skip
    return [pytest.param(line.partition("zoo ")[2], id=f"{page}-{index}") for index, (page, line) in enumerate(lines)]


@pytest.mark.parametrize("line", typed())
def test_a_command_line_uses_existing_commands_and_options(line):
    name, *words = shlex.split(line, comments=True)
    command = typer.main.get_command(program([name])).commands[name]
    if words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in known] == []


def named_files() -> list[Any]:
    """Python files and folders of this repository that the pages name."""
    found = {(page.stem, name) for page in [*PAGES, ROOT / "CONTRIBUTING.md"]
             for name in re.findall(r"`((?:zoo|zoo_\w+|tests|benchmarks|examples|registry|plugins)/[\w/.-]*)`",
                                    page.read_text())}  # fmt: skip
    return [pytest.param(name, id=f"{page}-{name}") for page, name in sorted(found)]


@pytest.mark.parametrize("name", named_files())
def test_a_file_that_a_page_names_exists(name):
    assert any((home / name).exists() for home in (ROOT, ROOT / "plugins", ROOT / "registry"))
