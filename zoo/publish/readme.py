"""The card of a published model as a README.md with the metadata block that hubs read."""

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from huggingface_hub import EvalResult, ModelCardData
from zoo_registry import InputSpec, ModelSpec
from zoo_registry.escaping import for_markdown
from zoo_registry.registry import OUR_DISTRIBUTION

from zoo.evaluation.report import EvalReport
from zoo.hub.address import HubAddress
from zoo.hub.card import PublishedCard, metadata_line
from zoo.publish.described import TrainedRun
from zoo.weights.listing import input_in_words
from zoo.weights.manifest import Manifest
from zoo.weights.tasks import tasks_of

_MOST_CLASSES = 50
"""Class names in a card."""


class Published(NamedTuple):
    """A model at ``address``: what its bundle says, the run it is from (None for a bundle by itself), its card."""

    address: HubAddress
    manifest: Manifest
    model: ModelSpec
    run: TrainedRun | None
    card: PublishedCard


def readme(found: Published) -> str:
    """The document: what the model is, how to use it, its data, its numbers with their protocol, licences, versions."""
    parts = [
        f"# {for_markdown(found.address.name)}",
        for_markdown(found.card.purpose),
        _table(["", ""], _facts(found)),
        "## Use",
        _use(found),
        "## Data",
        _table(["", ""], _data(found)),
        "## Numbers",
        *_numbers(found),
        "## Licence and versions",
        _table(["", ""], _versions(found)),
    ]
    return f"---\n{_metadata(found)}---\n\n" + "\n\n".join(parts) + "\n"


def _metadata(found: Published) -> str:
    tags = ["time-series", "wearable-sensors", *(["vector-quantization"] if found.model.quantizer else [])]
    data = ModelCardData(
        license=found.card.licence,
        library_name=OUR_DISTRIBUTION,
        tags=tags,
        model_name=found.address.name,
        eval_results=_result(found),
    )
    return data.to_yaml() + "\n" + metadata_line(found.card)


def _result(found: Published) -> list[EvalResult] | None:
    best, run = found.card.headline, found.run
    if best is None or run is None:
        return None
    return [
        EvalResult(
            task_type="other",
            dataset_type="other",
            dataset_name=run.data,
            dataset_split="test",
            metric_type="r2" if best.metric == "R²" else best.metric,
            metric_value=best.value,
        )
    ]


def _facts(found: Published) -> Iterator[tuple[str, str]]:
    given = found.model.input
    yield "can", ", ".join(tasks_of(found.model)) or "encode"
    yield "input, channels × length", input_in_words(given, found.model.channelwise)
    if isinstance(given, InputSpec):
        if given.channel_names:
            yield "channels", ", ".join(given.channel_names)
        if given.class_names:
            more = len(given.class_names) - _MOST_CLASSES
            yield "classes", ", ".join(given.class_names[:_MOST_CLASSES]) + (f" and {more} more" if more > 0 else "")
    for role, part in found.model.components():
        yield role, str(part.kind)
    if found.manifest.parameters is not None:
        yield "parameters", f"{found.manifest.parameters:,}"


def _use(found: Published) -> str:
    address, needed = found.address, {OUR_DISTRIBUTION, *found.manifest.distributions.values()}
    python = f'import zoo\n\nmodel = zoo.load("{address}")  # a torch.nn.Module'
    shell = [f"pip install {' '.join(sorted(needed))}"]
    if found.model.quantizer is not None:
        shell.append(f"zoo tokenize {address} DATA --out tokens.npz")
    shell.append(f"zoo models show {address}")
    return f"```python\n{python}\n```\n\n```sh\n" + "\n".join(shell) + "\n```"


def _data(found: Published) -> Iterator[tuple[str, str]]:
    trained = found.card.trained_on
    yield "trained on", "not known: a bundle without its run" if trained is None else trained.data
    if trained is not None and found.run is not None:
        yield "split", trained.split
        yield "fingerprint of the data and their split", trained.fingerprint or "unknown"
    yield "licence or terms of the data", found.card.data_licence


def _numbers(found: Published) -> Iterator[str]:
    run = found.run
    report = None if run is None else run.evaluation
    if run is None or report is None:
        yield "Not evaluated."
        return
    yield for_markdown(f"Measured on the {report.windows} windows of the test split of {run.data}. {run.protocol}")
    yield _table(["measure", "value"], [*_scores(report), *_codes(run)])


def _scores(report: EvalReport) -> Iterator[tuple[str, str]]:
    if report.labelled:
        most = report.majority
        yield "always the most frequent class", _counted(most.correct, most.total)
    for score in report.scores:
        yield score.reader.words, _counted(score.correct, score.total)
    if report.reconstruction and (r2 := report.reconstruction[-1].r2) is not None:
        yield "R² of the reconstruction, about each window's mean", f"{r2:.3f}"


def _codes(run: TrainedRun) -> Iterator[tuple[str, str]]:
    if run.codebook is None:
        return
    for number, book in enumerate(run.codebook.books):
        name = "" if len(run.codebook.books) == 1 else f" of book {number}"
        yield f"codes used{name}", f"{book.usage.used} of {book.usage.codes}"
        if book.shapes is not None:
            yield f"effective shapes{name}", f"{book.shapes.effective:.1f}"
    if run.codebook.bypass is not None:
        yield "reliance of the reconstruction on codes", f"{run.codebook.bypass.reliance:.3f}"
    yield f"codebook score, definition {run.codebook.definition}", f"{run.codebook.score:.3f}"


def _versions(found: Published) -> Iterator[tuple[str, str]]:
    yield "licence of the weights", found.card.licence
    yield "made by", found.card.source
    yield "plugins", ", ".join(f"{name} {version}" for name, version in found.manifest.plugins.items())
    yield "sha256 of the weights", found.manifest.sha256


def _counted(correct: int, total: int) -> str:
    return f"{correct / total:.3f} ({correct} of {total})"


def _table(columns: list[str], rows: Iterable[tuple[str, str]]) -> str:
    lines = [columns, ["---"] * len(columns), *(map(for_markdown, row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
