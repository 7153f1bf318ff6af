"""Rules for a trained model that a plugin offers by name: its card, its bundle, and the number that says how good it
is."""

from collections.abc import Callable, Iterable, Mapping

import torch
from torch import Tensor
from zoo_registry import InputSpec, ModelCard, Registry, class_order
from zoo_registry.models import Headline

from zoo.data.batch import Batch, batches
from zoo.data.prepare import prepare
from zoo.data.split import DataSet
from zoo.evaluation.fit import errors, r2, seen_in
from zoo.model.assembly import ZooModel
from zoo.specs.read import Source, read_data
from zoo.weights.bundle import load
from zoo.weights.listing import NamedModel

_BATCH = 64
_DIGITS = 3
"""A number is compared to this many decimals, or to as many as its card gives."""


def check_model_card(card: ModelCard, data: Source | None = None) -> None:
    """Check a card against its bundle; with ``data``, measure its headline number again.

    A plugin must offer the card under its name, and the bundle must load with its hash, its plugins and tensors.
    ``data`` are those on whose test split the number was measured, such as `aeon:gunpoint`, a file, or an object like
    `data` of a run: counts must be equal, and the number to the last of its digits, to three at least. This works for
    the metrics accuracy and R².

    Raises AssertionError for a violation, and ZooError for a bundle or data that cannot be read.
    """
    registry = Registry.discover()
    assert ModelCard.model_validate_json(card.model_dump_json()) == card, f"{card.name}: changed by JSON"
    _check_headline(card.name, card.headline)
    offered = registry.models().get(card.name)
    assert offered is not None, f"{card.name}: no installed plugin offers it"
    assert offered.card == card, f"{card.name}: {offered.distribution} offers another card of this name"
    can, model = NamedModel.of(offered, registry).can, load(offered.folder)
    assert can, f"{card.name}: neither head nor quantizer nor decoder"
    if data is not None:
        _check_number(card, model, prepare(read_data(data, registry)))


def _check_headline(name: str, headline: Headline) -> None:
    if headline.count is not None:
        assert headline.total is not None, f"{name}: counts {headline.count}, but does not say of how many"
        assert headline.count <= headline.total, f"{name}: {headline.count} of {headline.total}"


def _check_number(card: ModelCard, model: ZooModel, data: DataSet) -> None:
    name, headline, own = card.name, card.headline, model.spec.input
    measure = _METRICS.get(headline.metric)
    assert measure is not None, f"{name}: {headline.metric} cannot be measured here, {' and '.join(_METRICS)} can"
    assert isinstance(own, InputSpec), f"{name}: reads images, not windows"
    others = [row for row in own.conflicts(data.input) if row[0] != "class_names"]
    assert not others, f"{name}: {others[0][0]} is {others[0][1]}, in the data {others[0][2]}"
    assert headline.total == len(data.test), f"{name}: its total is {headline.total}, of {len(data.test)} windows"
    rows = batches(data.test, torch.arange(len(data.test)).numpy(), _BATCH, model.device)
    with torch.no_grad():
        value, count = measure(name, model, data, rows)
    assert headline.count in (count, None), f"{name}: its count is {headline.count}, {count} was found"
    digits = max(_DIGITS, len(repr(headline.value).partition(".")[2]))
    assert headline.value == round(value, digits), f"{name}: {headline.metric} is {value}, not {headline.value}"


def _accuracy(name: str, model: ZooModel, data: DataSet, rows: Iterable[Batch]) -> tuple[float, int | None]:
    own = model.spec.input
    assert model.head is not None, f"{name}: an accuracy, but no head"
    assert isinstance(own, InputSpec)
    order = class_order(data.classes, own.class_names) if own.class_names else range(len(data.classes))
    assert order is not None, f"{name}: knows the classes {own.class_names}, not {data.classes}"
    count = sum(int((model(x, mask).logits[:, list(order)].argmax(1) == y).sum()) for x, mask, y, _ in rows)
    return count / len(data.test), count


def _explained(name: str, model: ZooModel, data: DataSet, rows: Iterable[Batch]) -> tuple[float, int | None]:
    """As `zoo eval` prints it, for all channels together."""
    assert model.decoder is not None, f"{name}: R², but no decoder"
    sums: dict[str, Tensor] = {}
    for x, mask, _, _ in rows:
        seen = seen_in(x, mask)
        for key, part in errors(x.double(), model(x, mask).x_recon.double(), seen).items():
            sums[key] = sums.get(key, torch.zeros((), dtype=torch.float64)) + part.sum()
    value = r2(sums)
    assert value is not None, f"{name}: R² of windows that do not vary"
    return value, None


_Measure = Callable[[str, ZooModel, DataSet, Iterable[Batch]], tuple[float, int | None]]
_METRICS: Mapping[str, _Measure] = {"accuracy": _accuracy, "R²": _explained}
