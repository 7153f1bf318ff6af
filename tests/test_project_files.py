"""The files that describe the project agree with the package."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
GROUPS = [PROJECT["dependencies"], *PROJECT["optional-dependencies"].values()]


def test_the_citation_has_the_version_and_license_of_the_package():
    cited = dict(re.findall(r"^(\w+): (.+)$", (ROOT / "CITATION.cff").read_text(), re.MULTILINE))
    assert (cited["version"], cited["license"]) == (PROJECT["version"], PROJECT["license"])


def test_the_changelog_begins_with_this_version_and_has_the_usual_sections():
    text = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\S+)", text, re.MULTILINE)[0] == PROJECT["version"]
    sections = set(re.findall(r"^### (.+)$", text, re.MULTILINE))
    assert sections <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


@pytest.mark.parametrize("package", sorted({re.split(r"[\[>=]", name)[0] for group in GROUPS for name in group}))
def test_the_table_says_why_a_dependency_is_there(package):
    table = (ROOT / "CONTRIBUTING.md").read_text().partition("## Why each dependency is there")[2]
    assert re.search(rf"^\|[^|]*\b{re.escape(package)}\b[^|]*\|", table, re.MULTILINE)
