"""Runs that can be trained without one subject after the other. Never imports torch."""

from zoo_registry import RunSpec, SpecError


def require_crossable(run: RunSpec) -> None:
    """Raise SpecError for a run that cannot be trained without one subject after the other."""
    if run.model.head is None:
        raise SpecError("model.head", "a classifier, whose accuracy is measured", "none", "add one")
    for field, given in (("transfer", run.transfer), ("teachers", run.teachers)):
        if given:
            hint = "remove it, or train and evaluate each subject by itself with data.split.hold_out"
            raise SpecError(field, "none, as its weights may have seen the subject left out", "some", hint)
    for field, part in (("test", run.data.split.test), ("hold_out", ", ".join(run.data.split.hold_out) or None)):
        if part is not None:
            hint = f"remove it, such as with --set data.split.{field}={'null' if field == 'test' else '[]'}"
            raise SpecError(f"data.split.{field}", "none, as each subject is the test split once", str(part), hint)
    if run.evaluation.protocol == "paper":
        hint = "remove evaluation.protocol"
        raise SpecError("evaluation.protocol", "honest, as no epoch is selected on the subject", "paper", hint)
