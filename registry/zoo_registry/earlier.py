"""Specs as earlier versions wrote them."""

from typing import Any


def respelled(run: Any) -> Any:
    """``run``, plain data of a run or an object with its `data` alone, in the spelling of today.

    Version 0.1 wrote the kind of a source as `"format": "npy"`, which is `"kind": "data.npy"`.
    """
    data = run.get("data") if isinstance(run, dict) else None
    source = data.get("source") if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(source, dict) or "format" not in source or "kind" in source:
        return run
    fields = {name: value for name, value in source.items() if name != "format"}
    return {**run, "data": {**data, "source": {"kind": f"data.{source['format']}", **fields}}}


def respelled_change(path: str, value: Any) -> tuple[str, Any]:
    """The ``path`` of a changed field and its new ``value``, in the spelling of today."""
    return ("data.source.kind", f"data.{value}") if path == "data.source.format" else (path, value)
