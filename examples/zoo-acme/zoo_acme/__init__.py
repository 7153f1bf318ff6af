"""zoo-acme: a head that learns which tokens to attend to, and a source of windows as JSON lines."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field
from zoo_registry import ComponentSpec, HeadSpec, Shape, hookimpl

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
