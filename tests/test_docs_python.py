"""Every code block of the page on Python runs unchanged, in order."""

import re
from pathlib import Path
from typing import Any

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.mark.slow
def test_every_block_of_the_page_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in BLOCKS:
        exec(compile(block, str(PAGE), "exec"), names)
    said = capsys.readouterr().out
    assert names["head"].correct >= 30
    assert "head.kind did you mean 'heads.token-linear'?" in said
    assert (tmp_path / "runs" / "swapped" / "bundle").is_dir()
    assert names["classifier"].classes_.tolist() == ["badminton", "running", "standing", "walking"]
