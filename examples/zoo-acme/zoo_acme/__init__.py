"""zoo-acme: a head that learns which tokens to attend to, a source of windows as JSON lines, and a trained model."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from zoo_registry import ComponentSpec, Headline, HeadSpec, ModelCard, Shape, TrainedOn, hookimpl

from zoo_acme.json_lines import JsonLines

if TYPE_CHECKING:
    from zoo.contracts import Head


class AttentionPool(HeadSpec):
    """Weighted mean of the tokens, each weighed by a small network, then one linear layer (Ilse et al. 2018)."""

    kind: Literal["acme.attention-pool"] = "acme.attention-pool"
    needs = "tokens"

    hidden: int = Field(default=32, ge=1, le=4096)
    """Width of the network that weighs the tokens, in features."""

    def build(self, x: Shape, classes: int) -> "Head":
        from zoo_acme.attention_pool import AttentionPoolHead

        return AttentionPoolHead(x["d"], self.hidden, classes)


@hookimpl
def zoo_components() -> list[type[ComponentSpec]]:
    return [AttentionPool, JsonLines]


@hookimpl
def zoo_models() -> list[ModelCard]:
    motions = ModelCard(
        name="acme-motions",
        purpose="Classifies the four activities of BasicMotions, as an example of a model in a plugin.",
        package="zoo_acme",
        folder="models/motions",
        licence="MIT",
        trained_on=TrainedOn(
            data="BasicMotions of the UEA archive, which comes with aeon",
            split="train, 32 of 40 windows; 8 are the validation split",
            fingerprint="9656d632c28ea5250280b2fb53aa5089684c4cb62570fdbdabf2799e425d4063",
        ),
        headline=Headline(
            metric="accuracy",
            value=0.875,
            count=35,
            total=40,
            split="BasicMotions test",
            protocol="One seed. The weights of the last epoch; subjects are unknown.",
        ),
        source="zoo train motions.json, in the repository of zoo-acme",
    )
    return [motions]
