"""Detect from the environment whether torchrun or srun started this process as one of several."""

import os
from typing import NamedTuple

from zoo_registry import SpecError


class Launched(NamedTuple):
    """The launcher, its number of processes, and the rank of this one."""

    by: str
    processes: int
    rank: int


_LAUNCHERS = (
    ("torchrun", "TORCHELASTIC_RUN_ID", "WORLD_SIZE", "RANK"),
    ("srun", "SLURM_STEP_ID", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
)
"""A launcher, a variable that only it sets, and the variables of the number of processes and the rank."""


def launched() -> Launched | None:
    """The launch of this process; None if it was not started as one of several.

    Variables that other programs set too are not enough: RANK or WORLD_SIZE alone, or those of a Slurm batch script
    before srun (SLURM_NTASKS, SLURM_PROCID).
    """
    for by, mark, *counts in _LAUNCHERS:
        processes, rank = (os.environ.get(name, "") for name in counts)
        if mark in os.environ and processes.isdecimal() and rank.isdecimal() and int(processes) > 1:
            return Launched(by, int(processes), int(rank))
    return None


def require_alone(command: str) -> None:
    """Raise SpecError if several processes were started that would all run ``command`` and write the same."""
    found = launched()
    if found is not None:
        group = f"{found.processes} started by {found.by}"
        raise SpecError(
            f"zoo {command}", "one process", group, f"start it without {found.by}; `zoo train` is for several"
        )
