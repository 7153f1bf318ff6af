"""The installed version of the zoo."""

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as _installed

from zoo_registry.registry import OUR_DISTRIBUTION


def version() -> str:
    """Version of the installed distribution, or "unknown" if it is not installed."""
    try:
        return _installed(OUR_DISTRIBUTION)
    except PackageNotFoundError:
        return "unknown"
