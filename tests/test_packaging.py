"""What is installed matches the folders."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
PLUGINS = sorted(folder.name for folder in ROOT.glob("plugins/*/") if any(folder.glob("*.py")))


def test_every_plugin_folder_is_packaged_and_registered():
    announced = PROJECT["project"]["entry-points"]["zoo.plugins"]
    assert sorted(path.removeprefix("plugins/") for path in PACKAGES if path.startswith("plugins/")) == PLUGINS
    assert {name.removeprefix("zoo_"): name for name in PLUGINS}.items() <= announced.items()
    assert {module.partition(".")[0] for module in announced.values()} == set(PLUGINS)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_is_importable_and_typed(package):
    assert (ROOT / package / "__init__.py").is_file()
    assert (ROOT / package / "py.typed").is_file()


def test_the_wheel_holds_files_other_than_python():
    """Templates, specs and trained models are stored in the packages and must be installed with them."""
    held = {file.distribution_path for file in WheelBuilder(str(ROOT)).recurse_included_files()}
    wanted = {
        path.relative_to((ROOT / package).parent).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.suffix in (".html", ".css", ".json", ".safetensors")
    }
    assert {"zoo/report/templates/run.html", "zoo_models/bundles/shapes-small/model.safetensors"} <= wanted
    assert wanted <= held


@pytest.mark.parametrize("folder", ["registry", "plugins", "tests", "benchmarks"])
def test_folders_without_packages_have_generic_names(folder):
    """An editable install would put a package of that name on everyone's path."""
    assert not (ROOT / folder / "__init__.py").exists()


def test_test_files_have_unique_names():
    """Without packages, two test files of one name cannot be collected together."""
    names = [path.name for path in ROOT.glob("tests/**/test_*.py")]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("group", ["dependencies", "dev"])
def test_dependencies_have_a_lower_bound_and_no_upper_bound(group):
    project = PROJECT["project"]
    needed = project["dependencies"] if group == "dependencies" else project["optional-dependencies"]["dev"]
    assert [need for need in needed if not re.fullmatch(r"[a-z0-9-]+(\[[a-z]+\])?>=[\d.]+", need)] == []


def imports(source: Path) -> Iterator[str]:
    """Top-level names of everything that ``source`` imports."""
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        if isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def test_every_import_is_declared():
    project = PROJECT["project"]
    extras = project["optional-dependencies"]
    needed = [*project["dependencies"], *extras["export"], *extras["recordings"], *extras["text"]]
    declared = {need.partition(">=")[0].replace("-", "_") for need in needed}
    found = {name for package in PACKAGES for path in (ROOT / package).rglob("*.py") for name in imports(path)}
    ours = {Path(package).name for package in PACKAGES}
    with_torch = {"triton"}  # where there is CUDA
    assert found - ours - set(sys.stdlib_module_names) - declared - with_torch <= {"sklearn", "pydantic_core"}


@pytest.mark.parametrize("plugin", PLUGINS)
def test_a_plugin_registers_itself_without_heavy_imports(plugin):
    heavy = ("torch", "timm", "numpy", "scipy", "aeon", "lightning", "matplotlib")
    hooks = ("zoo_components", "zoo_recordings", "zoo_models")
    call = f"[hook() for name, hook in vars(plugin).items() if name in {hooks}]"
    code = f"import sys, {plugin} as plugin; {call}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
