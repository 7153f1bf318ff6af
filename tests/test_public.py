"""Plugins and documents use only the public API: what the public modules list in `__all__`."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOR_PLUGINS = ("zoo_registry", "zoo.contracts", "zoo.sources")
PUBLIC = ("zoo", "zoo.sklearn", "zoo.testing", *FOR_PLUGINS)
"""As CONTRIBUTING.md names them."""


def imports(code: str) -> Iterator[tuple[str, str | None]]:
    """Modules of the zoo and of its registry that ``code`` imports, each with a name from it, None for all of it."""
    for node in ast.walk(ast.parse(code)):
        found: list[tuple[str, str | None]] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            found = [(node.module, alias.name) for alias in node.names]
        elif isinstance(node, ast.Import):
            found = [(alias.name, None) for alias in node.names]
        yield from ((module, name) for module, name in found if module.partition(".")[0] in ("zoo", "zoo_registry"))


def private(code: str, modules: tuple[str, ...]) -> list[tuple[str, str | None]]:
    """What ``code`` imports that is not public in ``modules``."""
    public = {(module, name) for module in modules for name in (None, *importlib.import_module(module).__all__)}
    return [found for found in imports(code) if found not in public]


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("import zoo.runs.folder", [("zoo.runs.folder", None)]),
        ("import zoo, zoo.io.files as files", [("zoo.io.files", None)]),
        ("from zoo import runs", [("zoo", "runs")]),
        ("from zoo.runs import folder", [("zoo.runs", "folder")]),
        ("import zoo.sklearn\nfrom zoo import train\nimport zoology", []),
    ],
)
def test_private_imports_are_found_in_every_form(code, found):
    assert private(code, PUBLIC) == found


def test_contributing_names_the_public_modules():
    paragraph = (ROOT / "CONTRIBUTING.md").read_text().partition("The public API is")[2].partition("\n\n")[0]
    assert all(f"`{module}`" in paragraph for module in PUBLIC)


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_exists(name):
    module = importlib.import_module(name)
    assert [part for part in module.__all__ if not hasattr(module, part)] == []


@pytest.mark.parametrize("folder", ["plugins", "examples/zoo-acme/zoo_acme"])
def test_plugins_import_only_public_names(folder):
    found = {str(file): private(file.read_text(), FOR_PLUGINS) for file in (ROOT / folder).rglob("*.py")}
    assert {file: names for file, names in found.items() if names} == {}


@pytest.mark.parametrize(
    "page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))], ids=lambda page: page.stem
)
def test_documents_import_only_public_names(page):
    found = re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    assert [names for block in found for names in private(block, PUBLIC)] == []
