"""What the documents show is what the zoo takes."""

import json
import re
from pathlib import Path

import pytest
from zoo_registry import Registry, RunSpec, TrainingSpec, ZooError
from zoo_registry.sweep import SweepSpec

from zoo.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{index}")
    for page in PAGES
    for index, block in enumerate(re.findall(r"```json\n(.*?)```", page.read_text(), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_json_block_is_a_run_or_a_sweep_or_a_part_of_one(block):
    shown = json.loads(block if block.startswith("{") else f"{{{block}}}")
    if "vary" in shown:
        assert SweepSpec.model_validate({"run": "run.json"} | shown)
    elif "model" in shown:
        assert Registry.discover().run(shown).dump()
    elif "phases" in shown:
        assert len(TrainingSpec.model_validate(shown).phases) == 2
    else:
        assert shown.keys() <= RunSpec.model_fields.keys()


def test_the_mistake_in_the_readme_gets_the_line_in_the_readme():
    line = next(row for row in (ROOT / "README.md").read_text().splitlines() if row.startswith("zoo: "))
    with pytest.raises(ZooError) as caught:
        Registry.discover().model({"quantizer": {"kind": "vqshape.codebok"}})
    assert line == f"zoo: {caught.value}"


def test_every_command_is_in_the_readme():
    shown = set(re.findall(r"`zoo (\w+)", (ROOT / "README.md").read_text()))
    assert set(COMMANDS) <= shown
