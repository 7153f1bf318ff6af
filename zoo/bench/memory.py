"""How much memory torch holds for a while."""

from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile


def most_held(work: Callable[[], object], device: torch.device) -> int:
    """Bytes that torch gives out for ``work`` at once at most, beyond what is held before."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
        before = torch.cuda.memory_allocated(device)
        work()
        return torch.cuda.max_memory_allocated(device) - before
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    held = most = 0
    for event in seen.profiler.kineto_results.events():
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most
