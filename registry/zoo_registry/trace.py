"""The shape after every stage of a model, computed in integers before torch is imported."""

from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from itertools import zip_longest
from typing import TYPE_CHECKING

from zoo_registry.component import READS, ComponentSpec, DecoderSpec, EncoderSpec, HeadSpec
from zoo_registry.errors import ShapeError, SpecError
from zoo_registry.input import AnyInput
from zoo_registry.shapes import Shape
from zoo_registry.text import TextSpec

if TYPE_CHECKING:
    from zoo_registry.model import ModelSpec


@dataclass(frozen=True)
class Trace:
    """Shapes in the order of the forward pass; a stage that the model does not have is None.

    ``features`` are tokens with their attributes appended, as heads read them; ``codes`` is `c n q k` with k codes per
    level; ``actions`` are the vectors `g e` of text. If the input is images, ``signal``, ``folded`` and ``image`` are
    all that image `c h w`.
    """

    signal: Shape
    folded: Shape
    image: Shape | None = None
    tokens: Shape | None = None
    features: Shape | None = None
    codes: Shape | None = None
    rebuilt: Shape | None = None
    shapes: Shape | None = None
    recon: Shape | None = None
    logits: Shape | None = None
    actions: Shape | None = None

    def stages(self) -> Iterator[tuple[str, Shape]]:
        """Name and shape of every stage of the model."""
        for field in fields(self):
            shape = getattr(self, field.name)
            if shape is not None:
                yield field.name, shape

    def read_by(self, part: EncoderSpec | HeadSpec) -> Shape:
        """Shape of the input of an encoder or a head; raises SpecError if the model has no such stage."""
        if isinstance(part, EncoderSpec):
            stage = "folded" if part.reads == "c t" else "image"
        else:
            stage = "features" if part.needs == "tokens" else part.needs
        shape = dict(self.stages()).get(stage)
        if shape is not None:
            return shape
        if isinstance(part, EncoderSpec):
            hint = "add one, such as the kinds of `zoo list image`"
            raise SpecError("image", f"an image for {part.kind}, which reads (c h w)", "none", hint)
        missing = {"recon": "a decoder", "tokens": "an encoder", "codes": "a quantizer", "image": "an image"}
        expected = f"{missing[part.needs]} for {part.kind}, which needs {part.needs}"
        raise SpecError("head", expected, "none", "add one or swap head")


def trace(model: "ModelSpec") -> Trace:
    """Follow the shapes through ``model``; raise ShapeError or SpecError if two components do not fit."""
    if model.input is None:
        raise SpecError("input", "channels and length", "nothing", 'add "input": {"channels": 3, "length": 500}')
    signal = model.input.shape
    if signal.layout == "c h w":
        _require_readers_of_images(model, signal)
    folded = model.fusion.output(signal) if model.fusion else signal
    image = model.image.output(signal) if model.image else signal if signal.layout == "c h w" else None
    tokens = _encode(model, Trace(signal, folded, image))
    features = codes = rebuilt = shapes = recon = None
    if tokens is not None and model.encoder is not None:
        features = tokens.replace(d=tokens["d"] + len(model.encoder.attributes))
        if model.quantizer:
            book = model.quantizer.codebook(tokens)
            codes = Shape.of("c n q k", tokens["c"], tokens["n"], book["q"], book["k"])
        if model.decoder:
            rebuilt = _decode(model.encoder, model.decoder, tokens, folded)
            shapes, recon = model.decoder.shapes(tokens), signal
    found = Trace(signal, folded, image, tokens, features, codes, rebuilt, shapes, recon)
    found = replace(found, logits=_judge(model, model.input, found))
    return found if model.text is None else replace(found, actions=_actions(model, model.text, model.input, tokens))


def _actions(model: "ModelSpec", text: TextSpec, given: AnyInput, tokens: Shape | None) -> Shape | None:
    """The vectors of actions, None if they are not known; raise SpecError unless ``text`` has what it reads."""
    if tokens is None or (text.needs_codes and model.quantizer is None):
        needed = "an encoder, whose tokens" if tokens is None else "a quantizer, whose codes"
        raise SpecError("text", f"{needed} {text.kind} reads", "none", "add one, or remove text")
    text.check(tokens)
    if given.classes is None:
        raise SpecError("input.classes", f"the number of classes for {text.kind}", "none", 'add "classes" to input')
    if text.actions is None:
        return None
    names = given.class_names or tuple(text.actions)
    if len(names) != given.classes or names != tuple(text.actions):
        pairs = zip_longest(names, text.actions)
        one, other = next(((one, other) for one, other in pairs if one != other), ("", ""))
        expected = f"the {given.classes} classes of the model in its order, with {one or 'no other'}"
        raise SpecError(
            "text.actions", expected, f"{len(text.actions)}, with {other or 'no more'}", "use text of these classes"
        )
    return None if text.columns is None else Shape.of("g e", len(text.vocabulary.texts), text.columns)


def _require_readers_of_images(model: "ModelSpec", given: Shape) -> None:
    encoder, head = model.encoder, model.head
    readers_of_signals: dict[str, ComponentSpec | None] = {
        "fusion": model.fusion,
        "image": model.image,
        "encoder": encoder if encoder and encoder.reads == "c t" else None,
        "decoder": model.decoder,
        "head": head if head and READS[head.needs] == "c t" else None,
    }
    for role, part in readers_of_signals.items():
        if part is not None:
            hint = f"remove the {role}, or give `input` a length in place of height and width"
            raise ShapeError(role, f"a signal (c t) as input for {part.kind}", f"images {given}", hint)


def _encode(model: "ModelSpec", given: Trace) -> Shape | None:
    if model.encoder is None:
        for role in ("fusion", "quantizer", "decoder"):
            if (part := getattr(model, role)) is not None:
                raise SpecError(role, "an encoder beside it", f"{part.kind} alone", "add an encoder or remove it")
        return None
    return model.encoder.output(given.read_by(model.encoder))


def _decode(encoder: EncoderSpec, decoder: DecoderSpec, tokens: Shape, folded: Shape) -> Shape:
    _require_attributes(encoder, decoder)
    if tokens["c"] != folded["c"]:
        raise ShapeError(
            "decoder",
            f"tokens of {folded['c']} series",
            f"tokens of {tokens['c']} from {encoder.kind}",
            "fold the channels into one series with a fusion such as flatten or mean",
        )
    return decoder.output(tokens, folded)


def _require_attributes(encoder: EncoderSpec, part: DecoderSpec | HeadSpec) -> None:
    """Raise ShapeError unless ``encoder`` gives the attributes that ``part`` reads."""
    given = [attribute.name for attribute in encoder.attributes]
    if missing := [name for name in part.needs_attributes if name not in given]:
        raise ShapeError(
            part.role,
            f"an encoder that gives attributes {', '.join(missing)} for {part.kind}",
            f"{encoder.kind}, which gives {', '.join(given) or 'none'}",
            f"use an encoder with these attributes or a {part.role} that needs none",
        )


def _judge(model: "ModelSpec", given: AnyInput, found: Trace) -> Shape | None:
    head = model.head
    if head is None:
        if model.encoder is None:
            raise SpecError("model", "an encoder or a head", "neither", "add one; `zoo list` shows the kinds")
        return None
    shape = found.read_by(head)
    shape.require(READS[head.needs], f"head {head.kind}", "use a head whose `needs` fits")
    if model.encoder is not None:
        _require_attributes(model.encoder, head)
    elif head.needs_attributes:
        raise SpecError("head", f"an encoder for {head.kind}, which reads attributes", "none", "add one or swap head")
    head.check(shape)
    if given.classes is None:
        raise SpecError("input.classes", f"the number of classes for {head.kind}", "none", 'add "classes" to input')
    return Shape.of("k", given.classes)
