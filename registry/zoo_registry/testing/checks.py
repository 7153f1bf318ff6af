"""What every component must keep to, one function per rule, each with a message that names the component."""

import copy
import json
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn

from zoo.contracts import CodeTable, Output, Quantizer, Stats, Tokens
from zoo_registry.component import ComponentSpec, QuantizerSpec
from zoo_registry.contract import verify
from zoo_registry.testing.samples import spoil
from zoo_registry.testing.trials import DecoderTrial, QuantizerTrial, Results, Trial

State = dict[str, Tensor]


def check_contract(spec: ComponentSpec) -> None:
    """The class can be registered; it and every field are described; defaults are enough to make one."""
    kind = str(spec.kind)
    verify(type(spec), kind.partition(".")[0])
    assert (type(spec).__doc__ or "").strip(), f"{kind}: {type(spec).__name__} has no docstring"
    undescribed = [name for name, field in type(spec).model_fields.items() if name != "kind" and not field.description]
    assert not undescribed, f"{kind}: no description under {', '.join(undescribed)}"
    type(spec).model_validate({})


def check_json(spec: ComponentSpec) -> None:
    """The spec survives JSON and pickling, and has a JSON schema."""
    kind = spec.kind
    assert type(spec).model_validate_json(spec.model_dump_json()) == spec, f"{kind}: the spec changes through JSON"
    assert pickle.loads(pickle.dumps(spec)) == spec, f"{kind}: the spec changes through pickle"
    assert json.dumps(type(spec).model_json_schema()), f"{kind}: no JSON schema"


def check_bounds(spec: ComponentSpec) -> None:
    """Every number has a smallest and a largest value, every list a longest length: memory cannot explode."""
    schema = type(spec).model_json_schema()
    for name, field in {**schema.get("$defs", {}), **schema["properties"]}.items():
        for node in (node for node in _nodes(field) if not {"enum", "const"} & {*node}):
            missing = [
                " or ".join(sorted(bounds)) for bounds in _BOUNDS.get(node.get("type"), ()) if not bounds & {*node}
            ]
            assert not missing, f"{spec.kind}: {name} has no {' and no '.join(missing)}"


_NUMBER = ({"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"})
_BOUNDS: Mapping[object, Sequence[set[str]]] = {"integer": _NUMBER, "number": _NUMBER, "array": ({"maxItems"},)}


def _nodes(schema: object) -> Iterator[Mapping[str, object]]:
    """Every object inside a JSON schema."""
    if isinstance(schema, dict):
        yield schema
    parts = schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ()
    for part in parts:
        yield from _nodes(part)


def check_shapes(trial: Trial, module: nn.Module) -> None:
    """Real shapes are the promised ones, and what was not promised is not given."""
    results = _run(trial, module, trial.batch())
    free = {"mask", "latents"}
    given = {name for name in results if not name.startswith(("loss.", "stats."))} - free
    expected = set(trial.promised)
    assert given == expected, f"{trial.spec.kind}: promised {sorted(expected)}, gives {sorted(given)}"
    for name, shape in trial.promised.items():
        found = tuple(results[name].shape[1:])
        assert found == shape.sizes, f"{trial.spec.kind}: promised {name} {shape}, gives {found}"


def check_meta(trial: Trial, module: nn.Module) -> None:
    """The module builds without memory, with the same tensors."""
    with torch.device("meta"):
        empty = trial.build()
    for name, tensor in empty.named_parameters():
        assert tensor.is_meta, f"{trial.spec.kind}: {name} is made on {tensor.device} whatever the default device"
    sizes = {name: tensor.shape for name, tensor in empty.state_dict().items()}
    expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
    assert sizes == expected, f"{trial.spec.kind}: other tensors on the meta device"


def check_gradients(trial: Trial, module: nn.Module) -> None:
    """Every parameter gets a finite gradient from what the module gives or from its losses."""
    learner = copy.deepcopy(module).train().requires_grad_()
    results = trial.run(learner, trial.batch())
    reached = [result for result in results.values() if result.requires_grad]
    parameters = dict(learner.named_parameters())
    if reached:
        torch.autograd.backward([(result * torch.randn_like(result)).sum() for result in reached])
    lost = [name for name, parameter in parameters.items() if parameter.grad is None]
    assert not lost, f"{trial.spec.kind}: no gradient reaches {', '.join(lost)}; make it a buffer or use it"
    wild = [name for name, p in parameters.items() if p.grad is not None and not p.grad.isfinite().all()]
    assert not wild, f"{trial.spec.kind}: the gradient of {', '.join(wild)} is not finite"


def check_deterministic(trial: Trial, module: nn.Module) -> None:
    """Twice the same batch in eval mode gives twice the same, and a batch does not depend on its neighbours."""
    batch = trial.batch()
    first = _run(trial, module, batch)
    torch.manual_seed(1)
    _same(trial, _run(trial, module, batch), first, "in eval mode a second forward")


def check_stateless(trial: Trial, module: nn.Module) -> None:
    """A forward changes no parameter and no buffer: in eval mode, and for quantizers in training too."""
    for training in (False, True) if isinstance(trial, QuantizerTrial) else (False,):
        used = copy.deepcopy(module).train(training)
        before = _state(used)
        _run(trial, used, trial.batch())
        changed = [name for name, tensor in used.state_dict().items() if not torch.equal(tensor, before[name])]
        mode = "training" if training else "eval"
        assert not changed, f"{trial.spec.kind}: forward in {mode} mode changes {', '.join(changed)}"


def check_masks(trial: Trial, module: nn.Module) -> None:
    """No mask and an all-True mask give the same."""
    expected = _run(trial, module, trial.batch("none"))
    _same(trial, _run(trial, module, trial.batch("full")), expected, "an all-True mask instead of None")


def check_padding(trial: Trial, module: nn.Module) -> None:
    """What lies at unobserved samples and padded tokens touches nothing: results, losses, statistics."""
    for training in (False, True) if isinstance(trial, QuantizerTrial) else (False,):
        used = copy.deepcopy(module).train(training)
        batch = trial.batch("part")
        expected = _run(trial, used, batch)
        _same(trial, _run(trial, used, spoil(batch)), expected, "other content at masked places")


def check_terms(trial: Trial, module: nn.Module) -> None:
    """The loss terms given are those the spec lists, each a finite scalar; parts such as `z.commit` may be added."""
    kind = trial.spec.kind
    promised = {name.partition(".")[0] for name in trial.spec.terms}
    if isinstance(trial.spec, QuantizerSpec):
        assert "z" in promised, f"{kind}: a quantizer gives the term z"
    results = _run(trial, module, trial.batch("part"))
    losses = {name.removeprefix("loss."): value for name, value in results.items() if name.startswith("loss.")}
    given = {name.partition(".")[0] for name in losses}
    assert given == promised, f"{kind}: promises the terms {sorted(promised)}, gives {sorted(given)}"
    assert promised <= {*losses}, f"{kind}: gives parts of {sorted(promised - {*losses})} without the term"
    wrong = [name for name, value in losses.items() if value.dim() or not value.isfinite()]
    assert not wrong, f"{kind}: {', '.join(wrong)} is no finite scalar"


def check_copies(trial: Trial, module: nn.Module) -> None:
    """A deep copy and a pickled copy give what the module gives."""
    batch = trial.batch()
    expected = _run(trial, module, batch)
    _same(trial, _run(trial, copy.deepcopy(module), batch), expected, "a deep copy")
    try:
        revived = pickle.loads(pickle.dumps(module))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(f"{trial.spec.kind}: the module cannot be pickled: {error}") from error
    _same(trial, _run(trial, revived, batch), expected, "a pickled copy")


def check_autocast(trial: Trial, module: nn.Module) -> None:
    """The module runs in mixed precision and stays finite."""
    with torch.autocast("cpu", torch.bfloat16):
        results = _run(trial, module, trial.batch("part"))
    wild = [name for name, result in results.items() if not result.isfinite().all()]
    assert not wild, f"{trial.spec.kind}: {', '.join(wild)} is not finite under autocast"


FOR_ALL: Sequence[Callable[[Trial, nn.Module], None]] = (
    check_shapes,
    check_meta,
    check_gradients,
    check_deterministic,
    check_stateless,
    check_masks,
    check_padding,
    check_terms,
    check_copies,
    check_autocast,
)


def check_codes(trial: QuantizerTrial, module: nn.Module) -> None:
    """Codes are int64 and in range, at padded tokens too, and decode to the values."""
    assert isinstance(module, Quantizer)
    book = trial.spec.codebook(trial.x)
    values, codes = _quantize(module, trial.batch("part"))
    assert codes.dtype == torch.int64, f"{trial.spec.kind}: codes are {codes.dtype}, not int64"
    least, most = int(codes.min()), int(codes.max())
    assert least >= 0 and most < book["k"], f"{trial.spec.kind}: codes {least} to {most}, the codebook is {book}"  # noqa: PT018
    decoded = module.decode(codes)
    _same(trial, {"values": decoded}, {"values": values}, "decode(codes)")


def check_statistics(trial: QuantizerTrial, module: nn.Module) -> None:
    """Statistics come in training mode only; over two batches they sum to those of both, and update the same."""
    assert isinstance(module, Quantizer)
    one, two = trial.batch("part", seed=1), trial.batch("part", seed=2)
    assert _stats(module.eval(), one) is None, f"{trial.spec.kind}: statistics in eval mode"
    parts = [_stats(copy.deepcopy(module).train(), batch) for batch in (one, two)]
    whole = _stats(copy.deepcopy(module).train(), _joined(one, two))
    if parts[0] is None or parts[1] is None or whole is None:
        assert parts == [None, None] and whole is None, f"{trial.spec.kind}: statistics of some batches only"  # noqa: PT018
        return
    total = {name: value + parts[1][name] for name, value in parts[0].items()}
    _same(trial, total, dict(whole), "statistics summed over two batches")
    _same(trial, _updated(module, total), _updated(module, whole), "an update with summed statistics")


def check_update(trial: QuantizerTrial, module: nn.Module) -> None:
    """After an update codes still decode to the values."""
    assert isinstance(module, Quantizer)
    learner = copy.deepcopy(module).train()
    if stats := _stats(learner, trial.batch("part")):
        learner.update(stats)
        check_codes(trial, learner.eval())


FOR_QUANTIZERS: Sequence[Callable[[QuantizerTrial, nn.Module], None]] = (check_codes, check_statistics, check_update)


def check_code_table(trial: DecoderTrial, module: nn.Module) -> None:
    """A table of the distinct tokens changes nothing that is decoded."""
    batch = trial.batch("part")
    assert batch.tokens is not None
    index = torch.randint(4, batch.tokens.values.shape[:-1])
    rows = torch.randn(4, trial.x["d"])
    tokens = batch.tokens._replace(values=rows[index])
    with torch.no_grad():
        plain, looked_up = module(tokens), module(tokens, CodeTable(rows, index))
    _same(trial, {"series": looked_up.series}, {"series": plain.series}, "a code table")
    if plain.shapes is not None:
        _same(trial, {"shapes": looked_up.shapes}, {"shapes": plain.shapes}, "a code table")


@torch.no_grad()
def _run(trial: Trial, module: nn.Module, batch: Output) -> Results:
    return trial.run(module, batch)


@torch.no_grad()
def _quantize(module: Quantizer, batch: Output) -> tuple[Tensor, Tensor]:
    assert batch.tokens is not None
    quantized = module(batch.tokens.values, batch.tokens.mask)
    return quantized.values, quantized.codes


@torch.no_grad()
def _stats(module: nn.Module, batch: Output) -> Stats | None:
    assert batch.tokens is not None
    stats: Stats | None = module(batch.tokens.values, batch.tokens.mask).stats
    return stats


def _joined(one: Output, two: Output) -> Output:
    assert one.tokens is not None
    assert two.tokens is not None
    assert one.tokens.mask is not None
    assert two.tokens.mask is not None
    values = torch.cat([one.tokens.values, two.tokens.values])
    return Output(x=one.x, tokens=Tokens(values, torch.cat([one.tokens.mask, two.tokens.mask])))


def _updated(module: Quantizer, stats: Stats) -> State:
    learner = copy.deepcopy(module).train()
    torch.manual_seed(0)
    learner.update(stats)
    return _state(learner)


def _state(module: nn.Module) -> State:
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def _same(trial: Trial, found: Results, expected: Results, what: str) -> None:
    """Raise AssertionError unless both hold the same tensors, up to rounding."""
    assert found.keys() == expected.keys(), f"{trial.spec.kind}: {what} gives {sorted(found)}, not {sorted(expected)}"
    for name, value in expected.items():
        close = found[name].shape == value.shape and torch.allclose(found[name], value, rtol=1e-4, atol=1e-5)
        assert close, f"{trial.spec.kind}: {what} changes {name}"
