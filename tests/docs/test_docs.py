"""What the documents show and name is valid: code blocks, command lines, files."""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer
from pages import PAGES, ROOT, Block, blocks, commands, links, spans
from zoo_registry import Registry, ZooError
from zoo_registry.sweep import SweepSpec

from zoo.cli.main import COMMANDS, program
from zoo.specs.presets import names as presets
from zoo.texts.actions import read_actions

LANGUAGES = ("python", "sh", "console", "json", "text")
BLOCKS = [block for page in PAGES for block in blocks(page)]


def among(*languages: str) -> list[Any]:
    """Blocks in ``languages`` by their place."""
    return [pytest.param(block, id=block.place) for block in BLOCKS if block.language in languages]


@pytest.mark.parametrize(
    "block", [block for block in BLOCKS if not block.language.startswith("{")], ids=lambda b: b.place
)
def test_a_block_names_its_language_and_only_text_is_never_run(block: Block):
    assert block.language in LANGUAGES
    assert block.language != "text" or not re.search(
        r"^(\$ )?(\S*/)?(zoo|pip|pytest|python3?) ", block.text, re.MULTILINE
    )


def test_a_block_without_a_language_is_not_one_of_them(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("```\na\n```\n")
    assert [block.language in LANGUAGES for block in blocks(page)] == [False]


def test_a_comment_excuses_only_the_block_below_it(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- not run: needs a GPU -->\n```sh\na\n```\n\n```sh\nb\n```\n\n<!-- not run -->\n```sh\nc\n```\n"
    )
    assert [(block.text, block.needs) for block in blocks(page)] == [("a\n", "needs a GPU"), ("b\n", ""), ("c\n", "")]


MODEL = {
    "encoder": {"kind": "vqshape.encoder"},
    "quantizer": {"kind": "quantizers.ema"},
    "decoder": {"kind": "vqshape.renderer"},
    "head": {"kind": "heads.token-linear"},
}
RUN: dict[str, Any] = {
    "model": MODEL,
    "data": {"source": {"kind": "data.npy", "path": "data/windows", "layout": "c t"}},
    "training": {"epochs": 2},
}
PARTS = {"quantizer": "model", "phases": "training"}
"""Fields that a page shows on their own, and the part of a run they belong to. Others belong to the run itself."""


def completed(shown: dict[str, Any]) -> dict[str, Any]:
    """A run with what a page shows of one in its place."""
    whole = dict(RUN)
    for field, value in shown.items():
        if part := PARTS.get(field):
            whole[part] = whole[part] | {field: value}
        else:
            whole[field] = value
    return whole


@pytest.mark.parametrize("block", among("json"))
def test_a_json_block_is_a_model_a_run_a_part_of_one_a_sweep_or_a_file_of_texts(block: Block, tmp_path: Path):
    shown = json.loads(block.text if block.text.startswith("{") else f"{{{block.text}}}")
    if "activities" in shown:
        (tmp_path / "actions.json").write_text(block.text)
        assert len(read_actions(tmp_path / "actions.json").classes) == len(shown["activities"])
    elif "vary" in shown:
        SweepSpec.model_validate({"run": "run.json"} | shown)
    elif "input" in shown:
        Registry.discover().model(shown)
    else:
        Registry.discover().run(shown if "model" in shown else completed(shown))


@pytest.mark.parametrize(
    "shown",
    [
        {"quantizer": {"kind": "quantizers.ema", "cods": 64}},
        {"phases": [{"name": "joint", "lenght": 20}]},
        {"trainer": {"devises": 8}},
        {"evaluation": {"judges": {"wrn": 1}}},
        {"transfer": [{"source": "runs/best", "policy": "resise"}]},
        {"data": {"source": {"kind": "data.csv", "path": "samples.csv", "labl": "label"}}},
    ],
    ids=lambda shown: next(iter(shown)),
)
def test_a_mistake_in_a_part_of_a_run_is_refused(shown: dict[str, Any]):
    with pytest.raises(ZooError):
        Registry.discover().run(completed(shown))


def test_every_command_is_in_the_readme():
    shown = set(re.findall(r"`zoo (\w+)", (ROOT / "README.md").read_text()))
    assert set(COMMANDS) <= shown


def test_every_preset_is_in_the_table_of_presets():
    assert set(presets()) <= set(spans(ROOT / "docs" / "training.md"))


def typed() -> list[Any]:
    """Command lines of `zoo` in blocks and in sentences."""
    shown = [line for block in BLOCKS if block.language in ("sh", "console") for line in commands(block)]
    shown += [span for page in PAGES for span in spans(page)]
    lines = [line.removeprefix(".venv/bin/") for line in shown]
    return sorted({line for line in lines if re.match(r"zoo [a-z]+( |$)", line)})


@pytest.mark.parametrize("line", typed())
def test_a_command_line_uses_existing_commands_and_options(line: str):
    name, *words = shlex.split(line.partition(" >")[0], comments=True)[1:]
    command = typer.main.get_command(program([name])).commands[name]
    if words and words[0] in getattr(command, "commands", {}):
        command = command.commands[words.pop(0)]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert [word for word in words if word.startswith("--") and word.partition("=")[0] not in known] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_links_of_a_page_lead_to_files(page: Path):
    assert [link for link in links(page) if not (page.parent / link).exists()] == []


def named_files() -> list[Any]:
    """Files and folders of this repository that the pages name, from its top or beside the page."""
    pattern = re.compile(r"`((?:zoo|zoo_\w+|tests|benchmarks|examples|registry|plugins)/[\w/.-]*)`")
    found = {(page, name) for page in PAGES for name in pattern.findall(page.read_text())}
    return [pytest.param(page, name, id=f"{page.stem}-{name}") for page, name in sorted(found)]


@pytest.mark.parametrize(("page", "name"), named_files())
def test_a_file_that_a_page_names_exists(page: Path, name: str):
    assert any((home / name).exists() for home in (ROOT, ROOT / "plugins", ROOT / "registry", page.parent))
