"""Explain one decision of a trained run, and write the explanation into the run's folder."""

import numpy as np
import torch
from zoo_registry import DataError, SpecError
from zoo_registry.explain import unknown

from zoo.contracts import ShapesHead
from zoo.evaluation.loaded_run import LoadedRun, SplitName
from zoo.explain.decision import decide
from zoo.explain.picture import decision_picture
from zoo.explain.report import Explanation
from zoo.io.files import write_files, write_json


def explain_run(opened: LoadedRun, window: int, split: SplitName = "test", of: str | None = None) -> Explanation:
    """Explain the class predicted for ``window`` of ``split``, or the logit of class ``of``; writes JSON, PNG and SVG.

    Raises SpecError for a head that does not count shapes or an unknown class, DataError for an unknown window.
    """
    head, windows = opened.model.head, opened.split(split)
    if not isinstance(head, ShapesHead):
        kind = "none" if opened.run.model.head is None else str(opened.run.model.head.kind)
        hint = "train a model with a bag of shapes, such as bag.signal; `zoo list head` shows the kinds"
        raise SpecError("head", "a head that counts shapes, which can be explained", kind, hint)
    if not 0 <= window < len(windows):
        raise DataError("--window", f"0 to {len(windows) - 1}", str(window), f"{split} has {len(windows)} windows")
    if of is not None and of not in opened.classes:
        known = ", ".join(opened.classes)
        raise unknown("--of", f"one of {known}", of, list(opened.classes), f"the classes are {known}")
    (batch,) = opened.read(split, np.array([window]))
    with torch.no_grad():
        output = opened.model(batch.x, batch.mask)
    predicted = int(output.logits[0].argmax())
    decision = decide(head, output, predicted if of is None else opened.classes.index(of))
    found = Explanation(
        split=split,
        window=window,
        label=opened.classes[int(batch.y[0])],
        predicted=opened.classes[predicted],
        of=opened.classes[decision.of],
        logit=decision.logit,
        bias=decision.bias,
        parts=decision.parts,
        codes=decision.codes,
        counted=decision.counted,
        curve=tuple(tuple(row) for row in decision.curve.tolist()),
    )
    name = stem(found)
    mask = None if output.mask is None else output.mask[0].cpu()
    picture = decision_picture(name, decision, head.read(output)[0].cpu(), mask, title(found))
    write_files(opened.folder.figures, picture.files())
    write_json(opened.folder.explanation(name), {**opened.stamp, **found.model_dump(mode="json")})
    return found


def stem(found: Explanation) -> str:
    """The name of its files, without ending."""
    split = "" if found.split == "test" else f"-{found.split}"
    other = "" if found.of == found.predicted else f"-{''.join(c if c.isalnum() else '_' for c in found.of)}"
    return f"explain-{found.window}{split}{other}"


def title(found: Explanation) -> str:
    """The decision in a line."""
    truth = "correct" if found.predicted == found.label else f"label {found.label}"
    decision = f"{found.split} window {found.window}: predicted {found.predicted} ({truth})"
    return f"{decision}; logit of {found.of} {found.logit:+.3f}"
