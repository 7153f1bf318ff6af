"""Whether torchrun or srun started this process as one of several, as its environment says."""

import os
from typing import NamedTuple

from zoo_registry import SpecError


class Launched(NamedTuple):
    """Who started how many processes, and which of them this is."""

    by: str
    processes: int
    rank: int


_LAUNCHERS = (
    ("torchrun", "TORCHELASTIC_RUN_ID", "WORLD_SIZE", "RANK"),
    ("srun", "SLURM_STEP_ID", "SLURM_STEP_NUM_TASKS", "SLURM_PROCID"),
)
"""A launcher, the variable that it alone sets, and those that hold the number of processes and of this one."""


def launched() -> Launched | None:
    """None for a process that stands alone.

    Variables that others set too mean nothing: RANK or WORLD_SIZE by themselves, or what a batch script finds of a
    Slurm job (SLURM_NTASKS, SLURM_PROCID) before srun.
    """
    for by, mark, *counts in _LAUNCHERS:
        processes, rank = (os.environ.get(name, "") for name in counts)
        if mark in os.environ and processes.isdecimal() and rank.isdecimal() and int(processes) > 1:
            return Launched(by, int(processes), int(rank))
    return None


def require_alone(command: str) -> None:
    """Raise SpecError where several processes were started, each of which would do ``command`` and write the same."""
    found = launched()
    if found is not None:
        told = f"{found.processes} started by {found.by}"
        raise SpecError(
            f"zoo {command}", "one process", told, f"start it without {found.by}; `zoo train` is for several"
        )
