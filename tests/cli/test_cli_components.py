"""`zoo list`, `zoo show`, `zoo schema`, `zoo doctor`."""

import platform
import re
import sys

import pytest
import torch
from zoo_registry import ROLES, Registry

TOY_ROWS = {
    "toy.patches": "Linear patches.",
    "toy.signs": "Signs of features.",
    "toy.unpatches": "The inverse of linear patches.",
    "toy.mean": "Mean of tokens, then a linear layer.",
}


def test_list_shows_every_component_with_role_plugin_version_and_sentence(zoo, toys):
    rows = {line.split()[0]: line for line in zoo("list").out.splitlines()[1:] if line}
    for kind, sentence in TOY_ROWS.items():
        assert rows[kind].endswith(sentence)
        assert rows[kind].split()[2] == "1.5"
    assert rows["toy.signs"].split()[1] == "quantizer"


def test_columns_are_aligned_and_nothing_is_truncated(zoo, install):
    sentence = "A very long sentence, " * 20 + "that ends here."
    install("wordy", HEAD.format(name="wordy", sentence=sentence))
    header, *lines = zoo("list", "head").out.splitlines()
    assert any(line.endswith(sentence) for line in lines)
    assert {line[header.index("role") :].split()[0] for line in lines if line} == {"head"}


def test_list_of_one_role_shows_only_that_role(zoo, toys):
    found = zoo("list", "decoder", "--json").json["components"]
    assert {part["role"] for part in found} == {"decoder"}
    assert "toy.unpatches" in {part["kind"] for part in found}


def test_list_as_json_matches_the_registry(zoo, toys):
    registry = Registry.discover()
    found = zoo("list", "--json").json
    assert [part["kind"] for part in found["components"]] == [kind for role in ROLES for kind in registry.kinds(role)]
    toy = next(part for part in found["components"] if part["kind"] == "toy.mean")
    assert toy == {
        "role": "head",
        "kind": "toy.mean",
        "plugin": "toy",
        "version": "1.5",
        "summary": TOY_ROWS["toy.mean"],
    }


def test_broken_plugins_are_named_with_the_reason_and_affect_no_other(zoo, toys, install):
    install("broken", "raise RuntimeError('no such luck')")
    listing = zoo("list")
    assert listing.status == 0
    assert "toy.signs" in listing.out
    assert re.search(r"^broken +.*no such luck", listing.out, re.MULTILINE)
    assert "no such luck" in zoo("list", "--json").json["broken"]["broken"]
    assert "no such luck" in zoo("doctor", "--json").json["broken"]["broken"]
    schema = zoo("schema")
    assert "toy.signs" in schema.out
    assert "no such luck" in schema.err


def test_show_prints_fields_with_bounds_defaults_and_meaning(zoo, toys):
    found = zoo("show", "toy.patches", "--json").json
    assert found["doc"] == TOY_ROWS["toy.patches"]
    assert (found["reads"], found["returns"]) == ("c t", "c n d")
    assert found["fields"] == [
        {"name": "patch", "type": "integer 1 to 1,000", "default": 8, "description": "Samples of a patch."},
        {"name": "dim", "type": "integer 1 to 64", "default": 4, "description": "Width of a token."},
    ]
    text = zoo("show", "toy.patches").out
    for word in ("toy.patches", "encoder", "toy 1.5", "integer 1 to 1,000", "Samples of a patch."):
        assert word in text


def test_show_prints_the_loss_terms_of_a_component(zoo, toys):
    assert zoo("show", "toy.signs", "--json").json["terms"] == {"z": "squared distance of tokens from their codes"}
    assert "squared distance of tokens from their codes" in zoo("show", "toy.signs").out


@pytest.mark.parametrize("kind", [kind for role in ROLES for kind in Registry.discover().kinds(role)])
def test_every_installed_component_can_be_shown(zoo, kind):
    found = zoo("show", kind, "--json").json
    assert found["kind"] == kind
    assert found["doc"]
    assert all(field["description"] and field["type"] for field in found["fields"])
    text = zoo("show", kind).out
    assert all(field["name"] in text for field in found["fields"])


FIELDS = '''
    choice: Literal["a", "b"] = "a"
    """A choice."""
    share: float = Field(default=0.5, gt=0, lt=1)
    """A share."""
    widths: tuple[int, ...] = Field(default=(1, 2), min_length=1, max_length=4)
    """Widths."""
    limit: int | None = Field(default=None, ge=3)
    """A limit."""
'''


def test_types_are_described_in_words(zoo, install):
    install("typed", HEAD.format(name="typed", sentence="Typed.") + FIELDS)
    fields = {field["name"]: field["type"] for field in zoo("show", "typed.head", "--json").json["fields"]}
    assert fields == {
        "choice": "a or b",
        "share": "number above 0, below 1",
        "widths": "list of integer, 1 to 4 long",
        "limit": "integer from 3 or null",
    }


@pytest.mark.parametrize(("what", "part"), [("model", "encoder"), ("run", "training")])
def test_the_schema_of_a_spec_is_json_with_its_parts(zoo, toys, what, part):
    found = zoo("schema", what).json
    assert part in found["properties"]
    assert "PatchSpec" in found["$defs"]


def test_the_schema_of_a_model_is_the_default(zoo):
    assert zoo("schema").out == zoo("schema", "model").out


def test_doctor_prints_versions_devices_and_plugins(zoo, toys):
    found = zoo("doctor", "--json").json
    assert found["system"]["python"] == platform.python_version()
    assert found["packages"]["torch"] == torch.__version__.partition("+")[0]
    assert found["plugins"]["toy"] == "1.5"
    assert "cpu" in found["devices"]
    text = zoo("doctor").out
    assert all(word in text for word in ("Packages", "Devices", "Cache", "Plugins", "toy", "pydantic"))


def test_doctor_prints_the_cache_and_its_size(zoo, tmp_path, monkeypatch):
    monkeypatch.setenv("ZOO_CACHE", str(tmp_path / "cache"))
    assert zoo("doctor", "--json").json["cache"]["size"].startswith("0 MB")
    (tmp_path / "cache" / "images").mkdir(parents=True)
    (tmp_path / "cache" / "images" / "one").write_bytes(bytes(3_000_000))
    found = zoo("doctor", "--json").json["cache"]
    assert found["folder"].startswith(str(tmp_path / "cache"))
    assert found["size"].startswith("3 MB")


def test_doctor_names_a_torch_that_cannot_be_imported(zoo, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    found = zoo("doctor", "--json")
    assert found.status == 0
    assert "cannot be imported" in found.json["devices"]["torch"]


def test_no_command_prints_help(zoo):
    assert zoo().out == zoo("--help").out == zoo("-h").out
    for name in ("list", "show", "schema", "check", "build", "doctor"):
        assert name in zoo().out
        assert "Usage: zoo " + name in zoo(name, "--help").out


def test_version(zoo):
    assert re.fullmatch(r"zoo \S+\n", zoo("--version").out)


HEAD = '''
from typing import Literal
from pydantic import Field
from zoo_registry import HeadSpec, hookimpl

@hookimpl
def zoo_components():
    return [Component]

class Component(HeadSpec):
    """{sentence}"""
    needs = "signal"
    kind: Literal["{name}.head"] = "{name}.head"
    def build(self, x, classes):
        raise AssertionError("never built here")
'''
