"""The commit of the working folder, read without running programs that its repository configures."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from zoo.io.scratch import scratch

_PATIENCE = 10
"""Time limit for git in seconds."""


def revision() -> str | None:
    """The commit of the working folder, with `+` if tracked files differ from it; None if git finds none.

    Files within submodules are not compared.
    """
    try:
        found = _git("rev-parse", "HEAD", "--show-toplevel", "--git-path", "index", "--git-path", "objects")
        commit, top, index, objects = found.splitlines()
        return commit + ("+" if _differs(commit, Path(top), Path(index), Path(objects)) else "")
    except (OSError, ValueError, subprocess.SubprocessError):
        return None


def _differs(commit: str, top: Path, index: Path, objects: Path) -> bool:
    """Whether tracked files under ``top`` differ from ``commit``.

    `git status` runs programs from the repository's configuration: a file monitor, hooks, filters. Therefore index and
    objects are read through a temporary repository without configuration.
    """
    with scratch() as home:
        (home / "refs").mkdir()
        (home / "HEAD").write_text(f"{commit}\n")
        places = {"GIT_DIR": home, "GIT_WORK_TREE": top, "GIT_INDEX_FILE": index, "GIT_OBJECT_DIRECTORY": objects}
        environment = {key: str(path.absolute()) for key, path in places.items()}
        quiet = ("--no-optional-locks", "status", "--porcelain", "--untracked-files=no", "--ignore-submodules=all")
        return bool(_git(*quiet, environment=environment))


def _git(*arguments: str, environment: Mapping[str, str] | None = None) -> str:
    variables = {**os.environ, **(environment or {})}
    done = subprocess.run(
        ["git", *arguments], capture_output=True, text=True, check=True, timeout=_PATIENCE, env=variables
    )
    return done.stdout.strip()
