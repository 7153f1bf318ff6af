"""The plan of a run as text: its data, its phases and the bundles it reads."""

from pathlib import Path
from typing import Any

from zoo_registry import PhaseSpec, RampSpec, RunSpec

from zoo.cli.tables import print_facts, print_table, print_title
from zoo.runs.folder import RunFolder
from zoo.runs.protocol import UPPER_BOUND


def require_run(path: Path) -> RunFolder:
    """The folder of a run; raises TrainingError if there is none, which takes no heavy import to find out."""
    folder = RunFolder(path)
    folder.read()
    return folder


def run_data(run: RunSpec) -> dict[str, Any]:
    """The fields that `zoo check --json` adds for a run."""
    return {"name": run.name, "training": run.training.model_dump(mode="json")}


def print_run(run: RunSpec) -> None:
    """Print the plan of a run: its settings, then a row per phase."""
    training, source = run.training, run.data.source
    facts = [
        ("run", run.name),
        ("data", f"{source.kind} {source.location}"),
        ("training", f"{training.epochs} epochs, batches of {training.batch}, {training.optimizer.kind}"),
    ]
    facts += [("transfer", f"{', '.join(t.only or ('all',))} from {t.source}, {t.policy}") for t in run.transfer]
    facts += [("judge", f"{name} from {path}") for name, path in run.evaluation.bundles.items()]
    facts += [("judge", f"{name}, {spec}, after training") for name, spec in run.evaluation.estimators.items()]
    facts += [("teacher", f"{name} from {spec.source}, weight {spec.weight:g}") for name, spec in run.teachers.items()]
    if run.teachers:
        facts.append(("distillation", ", ".join(str(part.kind) for part in run.distill)))
        facts.append(("weights of teachers", str(run.weigh.kind) if run.weigh else "fixed"))
    if run.evaluation.protocol == "paper":
        facts.append(("selection", UPPER_BOUND))
    print_title("Run")
    print_facts(facts)
    print_title("Phases")
    rows = [(phase.name, _time(phase.length, phase), _learns(phase), _weights(phase, run)) for phase in training.phases]
    print_table(["phase", "length", "learns", "weights"], rows)


def _learns(phase: PhaseSpec) -> str:
    if phase.learn is None:
        return "all"
    solved = f", solved for ({phase.closed.method})" if phase.fit == "closed" else ""
    return (", ".join(phase.learn) or "nothing: it measures") + solved


def _weights(phase: PhaseSpec, run: RunSpec) -> str:
    if phase.fit == "closed" and phase.weights is None:
        return ""  # it solves for the head, without a gradient of any term
    given = phase.weights if phase.weights is not None else dict.fromkeys(run.terms(), 1.0)
    warmth = {} if phase.temperature is None else {"temperature": phase.temperature}
    return ", ".join(f"{term} {_weight(weight, phase)}" for term, weight in {**given, **warmth}.items()) or "none"


def _weight(weight: float | RampSpec, phase: PhaseSpec) -> str:
    if isinstance(weight, RampSpec):
        return f"{weight.start:g} to {weight.end:g} over {_time(weight.over, phase)}"
    return f"{weight:g}"


def _time(length: int, phase: PhaseSpec) -> str:
    several = {"epoch": "epochs", "batch": "batches"}
    return f"{length} {several[phase.every] if length > 1 else phase.every}"
