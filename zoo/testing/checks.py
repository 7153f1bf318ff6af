"""Rules for every module, one function per rule, each with a message that names the component."""

import copy
import pickle
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from zoo_registry.component import QuantizerSpec

from zoo.contracts import CodeTable, Head, LinearHead, Output
from zoo.testing.samples import spoil
from zoo.testing.trials import AnyTrial, DecoderTrial, HeadTrial, ImageTrial, QuantizerTrial, Results


def check_shapes(trial: AnyTrial, module: nn.Module) -> None:
    """Actual shapes are the promised ones, and there are no further outputs."""
    results = run(trial, module, trial.batch())
    free = {"mask", "latents"}
    given = {name for name in results if not name.startswith(("loss.", "stats."))} - free
    expected = set(trial.promised)
    assert given == expected, f"{trial.spec.kind}: promised {sorted(expected)}, gives {sorted(given)}"
    for name, shape in trial.promised.items():
        found = tuple(results[name].shape[1:])
        assert found == shape.sizes, f"{trial.spec.kind}: promised {name} {shape}, gives {found}"


def check_meta(trial: AnyTrial, module: nn.Module) -> None:
    """The module builds without memory, with the same tensors."""
    with torch.device("meta"):
        empty = trial.build()
    for name, tensor in empty.named_parameters():
        assert tensor.is_meta, f"{trial.spec.kind}: {name} is made on {tensor.device} whatever the default device"
    sizes = {name: tensor.shape for name, tensor in empty.state_dict().items()}
    expected = {name: tensor.shape for name, tensor in module.state_dict().items()}
    assert sizes == expected, f"{trial.spec.kind}: other tensors on the meta device"


def check_gradients(trial: AnyTrial, module: nn.Module) -> None:
    """Every parameter gets a finite gradient from the module's outputs or losses."""
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


def check_deterministic(trial: AnyTrial, module: nn.Module) -> None:
    """Twice the same batch in eval mode gives the same, whatever the random generator."""
    batch = trial.batch()
    first = run(trial, module, batch)
    torch.manual_seed(1)
    same(trial, run(trial, module, batch), first, "in eval mode a second forward")


def check_stateless(trial: AnyTrial, module: nn.Module) -> None:
    """A forward changes no parameter and no buffer: in eval mode, and for quantizers in training too."""
    for training in (False, True) if isinstance(trial, QuantizerTrial) else (False,):
        used = copy.deepcopy(module).train(training)
        before = state(used)
        run(trial, used, trial.batch())
        changed = [name for name, tensor in used.state_dict().items() if not torch.equal(tensor, before[name])]
        mode = "training" if training else "eval"
        assert not changed, f"{trial.spec.kind}: forward in {mode} mode changes {', '.join(changed)}"


def check_masks(trial: AnyTrial, module: nn.Module) -> None:
    """No mask and an all-True mask give the same."""
    expected = run(trial, module, trial.batch("none"))
    same(trial, run(trial, module, trial.batch("full")), expected, "an all-True mask instead of None")


def check_cached(trial: ImageTrial, module: nn.Module) -> None:
    """An image that is read instead of made has the same bits: it depends on its window alone, and has no gradient."""
    batch, kind = trial.batch("part"), trial.spec.kind
    together = trial.run(module, Output(x=batch.x.requires_grad_(), mask=batch.mask))["image"]
    assert not together.requires_grad, f"{kind}: cached images have no gradient"
    for index in range(len(batch.x)):
        mask = None if batch.mask is None else batch.mask[index : index + 1]
        alone = run(trial, module, Output(x=batch.x[index : index + 1], mask=mask))["image"]
        assert torch.equal(alone[0], together[index]), f"{kind}: an image depends on the rest of its batch"


def check_padding(trial: AnyTrial, module: nn.Module) -> None:
    """Values at unobserved samples and padded tokens affect neither results nor losses nor statistics."""
    for training in (False, True) if isinstance(trial, QuantizerTrial) else (False,):
        used = copy.deepcopy(module).train(training)
        batch = trial.batch("part")
        expected = run(trial, used, batch)
        same(trial, run(trial, used, spoil(batch)), expected, "other content at masked places")


def check_terms(trial: AnyTrial, module: nn.Module) -> None:
    """The loss terms given are those the spec lists, each a finite scalar; parts such as `z.commit` may be added."""
    kind = trial.spec.kind
    promised = {name.partition(".")[0] for name in trial.spec.terms}
    if isinstance(trial.spec, QuantizerSpec):
        assert "z" in promised, f"{kind}: a quantizer gives the term z"
    results = run(trial, module, trial.batch("part"))
    losses = {name.removeprefix("loss."): value for name, value in results.items() if name.startswith("loss.")}
    given = {name.partition(".")[0] for name in losses}
    assert given == promised, f"{kind}: promises the terms {sorted(promised)}, gives {sorted(given)}"
    assert promised <= {*losses}, f"{kind}: gives parts of {sorted(promised - {*losses})} without the term"
    wrong = [name for name, value in losses.items() if value.dim() or not value.isfinite()]
    assert not wrong, f"{kind}: {', '.join(wrong)} is no finite scalar"


def check_copies(trial: AnyTrial, module: nn.Module) -> None:
    """A deep copy and a pickled copy give the same outputs as the module."""
    batch = trial.batch()
    expected = run(trial, module, batch)
    same(trial, run(trial, copy.deepcopy(module), batch), expected, "a deep copy")
    try:
        revived = pickle.loads(pickle.dumps(module))
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise AssertionError(f"{trial.spec.kind}: the module cannot be pickled: {error}") from error
    same(trial, run(trial, revived, batch), expected, "a pickled copy")


def check_autocast(trial: AnyTrial, module: nn.Module) -> None:
    """The module runs in mixed precision and stays finite."""
    with torch.autocast("cpu", torch.bfloat16):
        results = run(trial, module, trial.batch("part"))
    wild = [name for name, result in results.items() if not result.isfinite().all()]
    assert not wild, f"{trial.spec.kind}: {', '.join(wild)} is not finite under autocast"


FOR_ALL: Sequence[Callable[[AnyTrial, nn.Module], None]] = (
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


def check_code_table(trial: DecoderTrial, module: nn.Module) -> None:
    """A table of the distinct tokens changes nothing that is decoded."""
    batch = trial.batch("part")
    index = torch.randint(4, batch.tokens.values.shape[:-1])
    rows = torch.randn(4, trial.x["d"])
    tokens = batch.tokens._replace(values=rows[index])
    with torch.no_grad():
        plain, looked_up = module(tokens), module(tokens, CodeTable(rows, index))
    same(trial, {"series": looked_up.series}, {"series": plain.series}, "a code table")
    if plain.shapes is not None:
        same(trial, {"shapes": looked_up.shapes}, {"shapes": plain.shapes}, "a code table")


def check_linear(trial: HeadTrial, module: nn.Module) -> None:
    """A head whose spec says linear is one: its logits are `classify` of its features, sorted into its blocks."""
    kind, linear = trial.spec.kind, isinstance(module, LinearHead)
    assert linear == trial.spec.linear, f"{kind}: the spec says linear = {trial.spec.linear}, the module is {linear}"
    if not isinstance(module, LinearHead):
        return
    batch = trial.batch("part")
    with torch.no_grad():
        features = module.features(batch)
        same(trial, {"logits": module.classify(features)}, {"logits": module(batch)}, "classify of its features")
    blocks = module.blocks
    assert blocks is None or sum(blocks) == features.shape[1], (
        f"{kind}: blocks of {blocks}, {features.shape[1]} features"
    )


def check_taps(trial: HeadTrial, module: nn.Module) -> None:
    """The features of a head are those its spec promises, and the logits beside them are those of `forward`."""
    assert isinstance(module, Head)
    batch, kind = trial.batch("part"), trial.spec.kind
    with torch.no_grad():
        found, logits = module.tapped(batch), module(batch)
    assert torch.equal(found.logits, logits), f"{kind}: tapped gives other logits than forward"
    promised = trial.spec.taps(trial.x)
    assert len(found.features) == len(promised), f"{kind}: promises {len(promised)} taps, gives {len(found.features)}"
    for (name, shape), feature in zip(promised.items(), found.features, strict=True):
        given = tuple(feature.shape)
        assert given[0] == len(logits), f"{kind}: {name} {given} has not a row per window"
        assert shape is None or given[1:] == shape.sizes, f"{kind}: promised {name} {shape}, gives {given[1:]}"


@torch.no_grad()
def run(trial: AnyTrial, module: nn.Module, batch: Output) -> Results:
    """The outputs of the module, without gradients."""
    return trial.run(module, batch)


def state(module: nn.Module) -> dict[str, Tensor]:
    """A copy of every parameter and buffer."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def same(trial: AnyTrial, found: Results, expected: Results, what: str) -> None:
    """Raise AssertionError unless both hold the same tensors, up to rounding."""
    assert found.keys() == expected.keys(), f"{trial.spec.kind}: {what} gives {sorted(found)}, not {sorted(expected)}"
    for name, value in expected.items():
        close = found[name].shape == value.shape and torch.allclose(found[name], value, rtol=1e-4, atol=1e-5)
        assert close, f"{trial.spec.kind}: {what} changes {name}"
