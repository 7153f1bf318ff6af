"""Whether torchrun or srun started this process as one of several, as its environment says."""

import os
from typing import NamedTuple

from zoo_registry import SpecError


class Launched(NamedTuple):
    """Who started how many processes, of which this is one."""

    by: str
    processes: int


_LAUNCHERS = (("torchrun", "TORCHELASTIC_RUN_ID", "WORLD_SIZE"), ("srun", "SLURM_STEP_ID", "SLURM_STEP_NUM_TASKS"))
"""A launcher, the variable that it alone sets, and the one that holds the number of processes."""


def launched() -> Launched | None:
    """None for a process that stands alone.

    Variables that others set too mean nothing: RANK or WORLD_SIZE by themselves, or what a batch script finds of a
    Slurm job (SLURM_NTASKS, SLURM_PROCID) before srun.
    """
    for by, mark, count in _LAUNCHERS:
        found = os.environ.get(count, "")
        if mark in os.environ and found.isdecimal() and int(found) > 1:
            return Launched(by, int(found))
    return None


def require_alone(command: str) -> None:
    """Raise SpecError where several processes were started, each of which would do ``command`` and write the same."""
    found = launched()
    if found is not None:
        told = f"{found.processes} started by {found.by}"
        raise SpecError(
            f"zoo {command}", "one process", told, f"start it without {found.by}; `zoo train` is for several"
        )
