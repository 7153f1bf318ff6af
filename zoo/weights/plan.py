"""Plan a transfer: the target of every source tensor, or the reason why it has none."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from zoo_registry import BundleError, TransferSpec, roles_of
from zoo_registry.explain import unknown
from zoo_registry.suggest import nearest

from zoo.contracts import Adapted, ClassRows, Component, Resizing
from zoo.contracts.resizing import Resized
from zoo.model.assembly import ZooModel
from zoo.specs.differences import SpecDifference, differences
from zoo.weights.classes import ClassMatch
from zoo.weights.naming import Pairs, pair
from zoo.weights.report import FieldDifference, Status, TensorRow, TransferReport, inside
from zoo.weights.source import Source

Tensors = Mapping[str, Tensor]
_ROLES = roles_of("model")


@dataclass(frozen=True)
class Plan:
    """The result of a planned transfer: the report, and the new tensors of the model by name."""

    report: TransferReport
    tensors: Tensors


@torch.no_grad()
def plan(model: ZooModel, source: Source, spec: TransferSpec, seed: int = 0) -> Plan:
    """Plan a transfer without changing ``model``; ``seed`` is for the random new codes of a grown codebook.

    Raises SpecError or BundleError for a path that does not exist.
    """
    own = {name: tensor for name, tensor in model.state_dict().items() if _role(name) in _ROLES}
    _require_paths(spec, own)
    source = replace(source, tensors={model.renamed(name): tensor for name, tensor in source.tensors.items()})
    resizing = _resizing(model)
    classes = ClassMatch.of(model.spec, source.model)
    pairs = pair(source.tensors, own, resizing.stacks, spec)
    planner = _Planner(own, source, spec, resizing, classes, pairs, _adapted(model), seed)
    rows = [*planner.rows(), *planner.left_over()]
    report = TransferReport(transfer=spec, tensors=tuple(rows), differences=tuple(planner.differences(model)))
    return Plan(report, planner.found)


class _Planner:
    """The rows of one transfer; ``found`` collects the tensors for the model."""

    def __init__(
        self,
        own: Tensors,
        source: Source,
        spec: TransferSpec,
        resizing: Resizing,
        classes: ClassMatch,
        pairs: Pairs,
        adapted: Collection[str],
        seed: int,
    ) -> None:
        self.own, self.source, self.spec, self.resizing, self.pairs = own, source, spec, resizing, pairs
        self.classes, self.adapted = classes, adapted
        self.by_class = {owner for owner, rule in resizing.rules.items() if isinstance(rule, ClassRows)}
        self.random = torch.Generator().manual_seed(seed)
        self.found: dict[str, Tensor] = {}
        self.shared = {_role(name) for name in own} & {_role(name) for name in pairs.here}
        self.owners = _by_owner(own)
        self.chosen = {owner for owner, names in self.owners.items() if self._choose(owner, names)}

    def rows(self) -> Iterator[TensorRow]:
        """A row for every tensor of the model, module by module, because the tensors of a module belong together."""
        for owner, names in self.owners.items():
            given = [name for name in names if name in self.pairs.here]
            if owner not in self.chosen:
                yield from self._unchosen(names)
            elif not given and owner in self.resizing.free:
                yield from (self._row("missing", name, "the source has no counts: starts at zero") for name in names)
            elif len(given) < len(names):
                yield from self._incomplete(names, given)
            elif not self.classes.equal and self._knows_classes(owner):
                yield from self._other_classes(owner, names)
            elif not self._odd(owner, names):
                self.found.update({name: self._theirs(name) for name in names})
                yield from (self._row("loaded", name, self._as_it_is(name)) for name in names)
            else:
                yield from self._misfit(owner, names)

    def _odd(self, owner: str, names: list[str]) -> list[str]:
        """Tensors that do not fit, because of which ``names`` are not loaded.

        What a module has learned from data depends on all that is inside it.
        """
        if owner not in self.adapted:
            return [name for name in names if not self._fits(name)]
        needed = [(part, name) for part in self.owners if inside(part, owner) for name in self.owners[part]]
        return [name for part, name in needed if part not in self.chosen or not self._fits(name)]

    def _fits(self, name: str) -> bool:
        return name in self.pairs.here and self._theirs(name).shape == self.own[name].shape

    def _knows_classes(self, owner: str) -> bool:
        """Whether a module's tensors depend on the class order; if a head does not list such modules, all its tensors
        do."""
        return owner in self.by_class if self.by_class else _role(owner) == "head"

    def _other_classes(self, owner: str, names: list[str]) -> Iterator[TensorRow]:
        """Rows of a class head are matched by name; different classes are handled like a size mismatch."""
        rule, order = self.resizing.rules.get(owner), self.classes.order
        if isinstance(rule, ClassRows) and order is not None and all(map(self._fits, names)):
            tensors, words = rule.reordered({_last(name): self._theirs(name) for name in names}, order)
            self.found.update({name: tensors[_last(name)] for name in names})
            yield from (self._row("resized", name, words) for name in names)
            return
        resized = self._resize(owner, names)
        answered = resized is not None and self.spec.policy == "resize"
        for name in names:
            yield self._row("skipped", name, f"{self.classes.words}: {self._instead(resized)}", refused=not answered)

    def _choose(self, owner: str, names: list[str]) -> bool:
        if self.spec.only is None:
            return _role(owner) in self.shared
        return any(inside(name, path) for name in names for path in self.spec.only)

    def _unchosen(self, names: list[str]) -> Iterator[TensorRow]:
        role = _role(names[0])
        lost = f"the source has no {role}" if role not in self.shared else "not in `only`"
        if names[0].rpartition(".")[0] in self.adapted:
            lost += "; learned from the training data"
        for name in names:
            yield self._row("skipped" if name in self.pairs.here else "missing", name, lost, asked=False)

    def _incomplete(self, names: list[str], given: list[str]) -> Iterator[TensorRow]:
        absent = next(name for name in names if name not in given)
        for name in names:
            if name in given:
                yield self._row("skipped", name, f"goes with {absent}, which the source lacks", refused=True)
            else:
                uneven = name in self.pairs.reasons and self.spec.policy != "strict"
                yield self._row("missing", name, self._why_missing(name), refused=not uneven)

    def _why_missing(self, name: str) -> str:
        if name in self.pairs.reasons:
            return self.pairs.reasons[name]
        if _role(name) not in self.shared:
            return f"the source has no {_role(name)}"
        close = nearest(name, [free for free in self.pairs.here if free not in self.own])
        return "name unknown in the source" + (f"; nearest is {close}" if close else "")

    def _misfit(self, owner: str, names: list[str]) -> Iterator[TensorRow]:
        resized = self._resize(owner, names)
        if resized is None or self.spec.policy != "resize" or not resized.tensors:
            yield from self._skip(owner, names, resized)
            return
        for name in names:
            tensor = resized.tensors[_last(name)]
            self.found[name] = tensor
            same = tensor is self._theirs(name)
            yield self._row("loaded" if same else "resized", name, "" if same else self._sizes(name, resized.words))

    def _resize(self, owner: str, names: list[str]) -> Resized | None:
        rule = self.resizing.rules.get(owner)
        theirs, ours = ({_last(name): get(name) for name in names} for get in (self._theirs, self.own.__getitem__))
        return None if rule is None else rule(theirs, ours, self.random)

    def _skip(self, owner: str, names: list[str], resized: Resized | None) -> Iterator[TensorRow]:
        answered = resized is not None and self.spec.policy == "resize"
        odd = self._odd(owner, names)
        for name in names:
            reason = self._sizes(name, self._instead(resized)) if name in odd else f"goes with {odd[0]}"
            yield self._row("skipped", name, reason, refused=not answered)

    def _instead(self, resized: Resized | None) -> str:
        """Description of what happens to a tensor of another size, or would happen under another policy."""
        if resized is None:
            return "cannot be resized"
        return resized.words if self.spec.policy == "resize" else f"policy resize would have {resized.words}"

    def left_over(self) -> Iterator[TensorRow]:
        """A row for every source tensor that is not paired with a model tensor."""
        places = {origin: name for name, origin in self.pairs.here.items()}
        for origin in self.source.tensors:
            name = places.get(origin)
            if name in self.own:
                continue
            shape, reason = tuple(self.source.tensors[origin].shape), self._why_unused(origin, name or origin)
            asked = self._asked(name or origin)
            permitted = origin in self.pairs.reasons and self.spec.policy == "resize"
            yield TensorRow(
                status="unused",
                name=None,
                source=origin,
                shape=None,
                source_shape=shape,
                reason=reason,
                asked=asked,
                refused=asked and not permitted and self.spec.policy != "fit",
            )

    def _asked(self, name: str) -> bool:
        """Whether the spec requests to transfer the source tensor for ``name``."""
        paths = self.spec.only
        return _role(name) in self.shared and (paths is None or any(inside(name, path) for path in paths))

    def _why_unused(self, origin: str, name: str) -> str:
        if _role(name) not in self.shared:
            return f"the model has no {_role(name)}"
        if origin in self.pairs.reasons:
            return self.pairs.reasons[origin]
        if not self._asked(name):
            return "not in `only`"
        close = nearest(name, [free for free in self.own if free not in self.pairs.here])
        return "name unknown in the model" + (f"; nearest is {close}" if close else "")

    def differences(self, model: ZooModel) -> list[FieldDifference]:
        """Fields that differ between the two specs, in components with selected tensors."""
        ours, theirs, roles = model.spec.dump(), self.source.model, {_role(name) for name in self.found}
        rows = [row for row in differences([theirs, ours]) if _matters(row, theirs, ours, roles)]
        return [FieldDifference(field=row.field, source=row.values[0], here=row.values[1]) for row in rows]

    def _row(self, status: Status, name: str, reason: str, refused: bool = False, asked: bool = True) -> TensorRow:
        origin = self.pairs.here.get(name)
        return TensorRow(
            status=status,
            name=name,
            source=origin,
            shape=tuple(self.own[name].shape),
            source_shape=None if origin is None else tuple(self._theirs(name).shape),
            reason=reason,
            asked=asked,
            refused=refused and self.spec.policy != "fit",
        )

    def _theirs(self, name: str) -> Tensor:
        return self.source.tensors[self.pairs.here[name]]

    def _as_it_is(self, name: str) -> str:
        theirs, ours = self._theirs(name).dtype, self.own[name].dtype
        rounded = "" if theirs == ours else f"{theirs} in the source, {ours} here".replace("torch.", "")
        caveat = self.classes.doubt if name.rpartition(".")[0] in self.by_class else ""
        return "; ".join(filter(None, (self.pairs.reasons.get(name, ""), rounded, caveat)))

    def _sizes(self, name: str, what: str) -> str:
        theirs, ours = (_times(tensor.shape) for tensor in (self._theirs(name), self.own[name]))
        return f"{theirs} in the source, {ours} here: {what}"


def _matters(row: SpecDifference, theirs: Mapping[str, Any], ours: Mapping[str, Any], roles: Collection[str]) -> bool:
    """Whether a difference concerns the components of ``roles``, whose tensors were transferred."""
    part, name = [*row.field.split("."), ""][:2]
    if part == "input":
        return bool(roles) and name in ("channel_names", "rate", "units", "smooth") and None not in row.values
    if part not in roles:
        return part in ("scale", "codebook") and "encoder" in roles
    old = theirs.get(part) or {}
    if old.get("kind") != ours[part]["kind"]:
        return name == "kind"
    return name in old  # a missing field is from an earlier version: its default reproduces the behaviour


def _require_paths(spec: TransferSpec, own: Tensors) -> None:
    for path in spec.only or ():
        if _role(path) not in _ROLES:
            raise unknown("only", f"one of {', '.join(_ROLES)}", path, _ROLES, "or a path in one")
        if not any(inside(name, path) for name in own):
            inner = {".".join(name.split(".")[: path.count(".") + 1]) for name in own if _role(name) == _role(path)}
            hint = f"{_role(path)} holds {', '.join(sorted(inner))}" if inner else f"leave {_role(path)} out"
            raise BundleError(f"only {path}", "a part with weights", "none in the model", hint)


def _resizing(model: ZooModel) -> Resizing:
    found = Resizing()
    for role, part in model.named_children():
        if isinstance(part, Component):
            found |= part.resizing().within(role)
    return found


def _adapted(model: ZooModel) -> list[str]:
    """Paths of the modules that learn from training data before training."""
    return [path for path, module in model.named_modules() if isinstance(module, Adapted)]


def _by_owner(names: Mapping[str, object]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(name.rpartition(".")[0], []).append(name)
    return found


def _role(name: str) -> str:
    return name.partition(".")[0]


def _last(name: str) -> str:
    return name.rpartition(".")[2]


def _times(shape: torch.Size) -> str:
    return " × ".join(map(str, shape)) or "one number"
