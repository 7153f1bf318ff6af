"""The cards of our trained models."""

from zoo_registry import Headline, ModelCard, TrainedOn

_MOTIONS = "9656d632c28ea5250280b2fb53aa5089684c4cb62570fdbdabf2799e425d4063"
_TEST = "BasicMotions test"


def _archived(name: str, archive: str) -> str:
    """Where the set ``name`` is from."""
    return f"{name} of the {archive} archive, which comes with aeon"


def _offered(name: str, purpose: str, trained_on: TrainedOn, headline: Headline) -> ModelCard:
    """The card of a model whose bundle is in this package."""
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


def _classifier(
    name: str, purpose: str, data: str, learned: tuple[int, int, str], tested: tuple[int, int, str]
) -> ModelCard:
    """The card of a classifier of ``data``.

    ``learned``: its training windows, its validation windows, and the fingerprint of both. ``tested``: how many windows
    it recognises, of how many, and the name of the split.
    """
    windows, validation, fingerprint = learned
    count, total, split = tested
    words = f"train, {windows} of {windows + validation} windows; {validation} are the validation split"
    return _offered(
        name,
        purpose,
        TrainedOn(data=data, split=words, fingerprint=fingerprint),
        Headline(
            metric="accuracy",
            value=round(count / total, 4),
            count=count,
            total=total,
            split=split,
            protocol="One seed. The weights of the last epoch; subjects are unknown.",
        ),
    )


def _signal(
    name: str, data: str, archive: str, learned: tuple[int, int, str], right: tuple[int, int], rest: str = ""
) -> ModelCard:
    """The card of a WideResNet on raw signals of the set ``data``; ``right``: windows it recognises, of how many."""
    purpose = f"A WideResNet on raw signals of {data}, to judge reconstructions{rest}."
    return _classifier(name, purpose, _archived(data, archive), learned, (*right, f"{data} test"))


_SHAPES = _offered(
    "shapes-small",
    "A codebook of 64 shapes of movement, frozen or to start from; for any number of channels, in windows that are "
    "brought to 100 samples.",
    TrainedOn(
        data=f"{_archived('BasicMotions', 'UEA')}, at one to four times its speed; no labels",
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
_BAG = _offered(
    "bag-small",
    "Codebooks for a bag of shapes of any number of channels and any length; its own head classifies BasicMotions.",
    TrainedOn(
        data=f"{_archived('BasicMotions', 'UEA')}, interpolated to 300 samples; no labels in the codebooks",
        split="train, 32 of 40 windows; 8 are the validation split",
        fingerprint="2b70ac073a3cb15f5a48f08d0a86242ecb6ebc0921ea00349563b53bae71b186",
    ),
    Headline(
        metric="accuracy",
        value=1.0,
        count=40,
        total=40,
        split=_TEST,
        protocol="Linear head, solved by ridge regression. One seed; subjects are unknown.",
    ),
)
_DRAWN = _classifier(
    "motions-shapes",
    "Classifies the four activities of BasicMotions by codes of shapes, which can be drawn.",
    _archived("BasicMotions", "UEA"),
    (32, 8, _MOTIONS),
    (40, 40, _TEST),
)
_SIGNALS = [
    _signal("motions-signal", "BasicMotions", "UEA", (32, 8, _MOTIONS), (40, 40)),
    _signal(
        "gunpoint-signal",
        "GunPoint",
        "UCR",
        (40, 10, "a25224b74d956cafd74e110e5e7148e605d8438792b2cb9554c4aec3109635b9"),
        (149, 150),
    ),
    _signal(
        "arrowheads-signal",
        "ArrowHead",
        "UCR",
        (29, 7, "230906ac7eee01674f10425c69ec43a2e7c98b92eaa65f1053ffdd03ddcc09fa"),
        (107, 175),
        "; weak, as it was trained on 29 windows",
    ),
    _signal(
        "power-signal",
        "ItalyPowerDemand",
        "UCR",
        (54, 13, "1e447e760d54a7ff1bcdb74588c4db35225c765693036daf56f0a286926e6549"),
        (986, 1029),
    ),
    _signal(
        "vowels-signal",
        "JapaneseVowels",
        "UEA",
        (216, 54, "d34acebc64703cfee8574a05d6eb66a53fdaad72c8eec46f2b18511706fe35fa"),
        (364, 370),
        "; windows are padded to 29 samples",
    ),
]
CARDS = [_SHAPES, _BAG, _DRAWN, *_SIGNALS]
