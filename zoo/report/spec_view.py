"""Run specs as comparisons show them: the actions of a text in a few words."""

import json
from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any


def spec_view(run: Mapping[str, Any]) -> dict[str, Any]:
    """A stored ``run`` spec with the actions of its text as their number and a hash, which differs if they do."""
    model = run["model"]
    text = model.get("text")
    if text is None or text.get("actions") is None:
        return dict(run)
    return {**run, "model": {**model, "text": {**text, "actions": _counted(text["actions"])}}}


def _counted(actions: Mapping[str, Sequence[str]]) -> str:
    every = [text for texts in actions.values() for text in texts]
    mark = sha256(json.dumps(actions, sort_keys=True).encode()).hexdigest()[:8]
    return f"{len(every)} actions of {len(actions)} classes, {len(set(every))} different (sha256 {mark}…)"
