"""The folders of `zoo/` are ordered: no cycle of imports between folders, not even of imports for types."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
ZOO = ROOT / "zoo"
PACKAGE = {"__init__.py", "__main__.py", "py.typed", "sklearn.py"}
"""What a package needs, and a public module."""


def imported(file: Path) -> Iterator[str]:
    """Modules of the zoo and its registry that a file imports anywhere."""
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def rooms() -> dict[str, set[str]]:
    """The folders that each folder imports from."""
    found: dict[str, set[str]] = defaultdict(set)
    for folder in [folder for folder in ZOO.iterdir() if (folder / "__init__.py").exists()]:
        for file in folder.rglob("*.py"):
            names = {match[1] for name in imported(file) if (match := re.match(r"zoo\.(\w+)", name))}
            found[folder.name] |= {name for name in names if (ZOO / name).is_dir()} - {folder.name}
    return found


def test_the_registry_imports_nothing_of_the_zoo():
    for file in (ROOT / "registry").rglob("*.py"):
        assert not [name for name in imported(file) if re.match(r"(zoo\.|zoo$|zoo_(?!registry))", name)], file


def test_the_zoo_imports_no_plugin():
    plugins = {path.name for path in (ROOT / "plugins").iterdir()}
    for file in ZOO.rglob("*.py"):
        assert not [name for name in imported(file) if name.partition(".")[0] in plugins], file


def test_kernels_have_one_door():
    files = [file for folder in ("zoo", "plugins") for file in (ROOT / folder).rglob("*.py")]
    outside = [file for file in files if ZOO / "kernels" not in file.parents]
    modules = {f"zoo.kernels.{file.stem}" for file in (ZOO / "kernels").glob("*.py")}
    inside = [(file.name, name) for file in outside for name in imported(file) if name.rpartition(".")[0] in modules]
    assert inside == []


def test_no_file_is_outside_the_folders():
    assert {path.name for path in ZOO.iterdir() if path.is_file()} <= PACKAGE


def test_the_list_in_contributing_has_every_folder_above_its_imports():
    page = (ROOT / "CONTRIBUTING.md").read_text()
    listed = re.findall(r"^  (\w+)/  ", page, re.MULTILINE)
    found = rooms()
    assert set(listed) == set(found)
    upward = [(room, other) for room in listed for other in found[room] if listed.index(other) < listed.index(room)]
    assert upward == []
