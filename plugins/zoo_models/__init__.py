"""zoo-models: small trained models by name, from data that come with aeon (plugin `models`).

`python examples/models/train.py FOLDER`, in the repository, trains them again.
"""

from zoo_registry import Headline, ModelCard, TrainedOn, hookimpl

_MOTIONS = TrainedOn(
    data="BasicMotions of the UEA archive, which comes with aeon",
    split="train, 32 of 40 windows; 8 are the validation split",
    fingerprint="9656d632c28ea5250280b2fb53aa5089684c4cb62570fdbdabf2799e425d4063",
)
_ONE_SEED = "One seed. The weights of the last epoch; subjects are unknown."

_CARDS = [
    ModelCard(
        name="shapes-small",
        purpose="A codebook of 64 shapes of movement, frozen or to start from; for any number of channels, in windows "
        "that are brought to 100 samples.",
        package="zoo_models",
        folder="bundles/shapes-small",
        licence="MIT",
        trained_on=TrainedOn(
            data="BasicMotions of the UEA archive, which comes with aeon, at one to four times its speed; no labels",
            split="train, 128 of 160 windows; 32 are the validation split",
            fingerprint="ee43f09abf6281cf32811e04cd8f092c31e0e9e7ffc5fd901882e89fb659c94c",
        ),
        headline=Headline(
            metric="R²",
            value=0.865,
            total=40,
            split="BasicMotions test",
            protocol="1 − squared error of the reconstruction / that of each channel's mean in its window. One seed. "
            "The weights of the last epoch. docs/models.md has other data.",
        ),
        source="python examples/models/train.py FOLDER, in the repository",
    ),
    ModelCard(
        name="motions-signal",
        purpose="A WideResNet on raw signals of BasicMotions: a judge of what a reconstruction has kept.",
        package="zoo_models",
        folder="bundles/motions-signal",
        licence="MIT",
        trained_on=_MOTIONS,
        headline=Headline(
            metric="accuracy", value=1.0, count=40, total=40, split="BasicMotions test", protocol=_ONE_SEED
        ),
        source="python examples/models/train.py FOLDER, in the repository",
    ),
    ModelCard(
        name="motions-shapes",
        purpose="Classifies the four activities of BasicMotions by codes of shapes, which can be drawn.",
        package="zoo_models",
        folder="bundles/motions-shapes",
        licence="MIT",
        trained_on=_MOTIONS,
        headline=Headline(
            metric="accuracy", value=1.0, count=40, total=40, split="BasicMotions test", protocol=_ONE_SEED
        ),
        source="python examples/models/train.py FOLDER, in the repository",
    ),
]


@hookimpl
def zoo_models() -> list[ModelCard]:
    return _CARDS
