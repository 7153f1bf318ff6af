"""How much memory torch holds for a while."""

from collections.abc import Callable

from torch.profiler import ProfilerActivity, profile


def most_held(work: Callable[[], object]) -> int:
    """Bytes that ``work`` holds at once at most, of those that torch gives out on the CPU."""
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as seen:
        work()
    held = most = 0
    for event in seen.profiler.kineto_results.events():  # type: ignore[union-attr]
        if event.name() == "[memory]":
            held += event.nbytes()
            most = max(most, held)
    return most
