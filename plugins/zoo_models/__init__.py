"""zoo-models: small trained models by name, from data that come with aeon (plugin `models`).

`python examples/models/train.py FOLDER`, in the repository, trains them again.
"""

from zoo_registry import Headline, ModelCard, TrainedOn, hookimpl

_ARCHIVE = "BasicMotions of the UEA archive, which comes with aeon"
_TEST = "BasicMotions test"
_ONE_SEED = "One seed. The weights of the last epoch; subjects are unknown."


def _card(name: str, purpose: str, trained_on: TrainedOn, headline: Headline) -> ModelCard:
    return ModelCard(
        name=name,
        purpose=purpose,
        package="zoo_models",
        folder=f"bundles/{name}",
        licence="MIT",
        trained_on=trained_on,
        headline=headline,
        source="python examples/models/train.py FOLDER, in the repository",
    )


def _motions(name: str, purpose: str) -> ModelCard:
    """A classifier of BasicMotions that recognises all test windows."""
    trained_on = TrainedOn(
        data=_ARCHIVE,
        split="train, 32 of 40 windows; 8 are the validation split",
        fingerprint="9656d632c28ea5250280b2fb53aa5089684c4cb62570fdbdabf2799e425d4063",
    )
    headline = Headline(metric="accuracy", value=1.0, count=40, total=40, split=_TEST, protocol=_ONE_SEED)
    return _card(name, purpose, trained_on, headline)


_SHAPES = _card(
    "shapes-small",
    "A codebook of 64 shapes of movement, frozen or to start from; for any number of channels, in windows that are "
    "brought to 100 samples.",
    TrainedOn(
        data=f"{_ARCHIVE}, at one to four times its speed; no labels",
        split="train, 128 of 160 windows; 32 are the validation split",
        fingerprint="ee43f09abf6281cf32811e04cd8f092c31e0e9e7ffc5fd901882e89fb659c94c",
    ),
    Headline(
        metric="R²",
        value=0.865,
        total=40,
        split=_TEST,
        protocol="1 − squared error of the reconstruction / that of each channel's mean in its window. One seed. The "
        "weights of the last epoch. docs/models.md has other data.",
    ),
)
_CARDS = [
    _SHAPES,
    _motions(
        "motions-signal", "A WideResNet on raw signals of BasicMotions: a judge of what a reconstruction has kept."
    ),
    _motions(
        "motions-shapes", "Classifies the four activities of BasicMotions by codes of shapes, which can be drawn."
    ),
]


@hookimpl
def zoo_models() -> list[ModelCard]:
    return _CARDS
