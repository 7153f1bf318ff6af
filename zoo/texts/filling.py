"""Specs of models with text, completed: the actions of their classes, and the width of their vectors."""

from typing import TypeVar

from zoo_registry import InputSpec, ModelSpec, RunSpec, Spec, SpecError, TextSpec, Vocabulary

AnySpec = TypeVar("AnySpec", bound=Spec)


def with_data(run: RunSpec, found: InputSpec) -> RunSpec:
    """``run`` with the input of its data, as `RunSpec.with_input`, and the actions of their classes if it has text.

    Raises SpecError for a file of actions that does not fit the classes.
    """
    complete = run.with_input(found)
    model = with_words(complete.model)
    return complete if model is complete.model else _changed(complete, model=model)


def with_words(model: ModelSpec) -> ModelSpec:
    """``model`` with the actions of its classes, from the file that its text names, and the width of their vectors.

    Without class names in its input, classes are in the order of the file. Raises SpecError for text that does not fit.
    """
    text = model.text
    if text is None:
        return model
    if not text.needs_words:
        _require_wordless(text)
        return model
    if text.actions is not None and text.width is not None:
        return model
    actions = text.actions or _read(text, model)
    filled = text.model_copy(update={"actions": actions, "file": None, "use": "both"})
    if filled.width is None:
        if filled.embed is None:
            raise SpecError("text.embed", "an embedder for the actions", "none", "`zoo list embed` shows the kinds")
        filled = filled.model_copy(update={"width": filled.embed.width(Vocabulary.of(actions).texts)})
    return _changed(model, text=filled)


def _read(text: TextSpec, model: ModelSpec) -> dict[str, tuple[str, ...]]:
    if text.file is None:
        hint = 'add "file": "actions.json" to it; docs/text.md shows one'
        raise SpecError("text.file", f"a file of actions for {text.kind}", "none", hint)
    from zoo.texts.actions import read_actions  # few models have text, and every command imports this

    names = model.input.class_names if model.input is not None else None
    return dict(read_actions(text.file, names, text.use).texts)


def _require_wordless(text: TextSpec) -> None:
    words = {"file": text.file, "actions": text.actions, "embed": text.embed, "width": text.width}
    for field, given in {**words, "control": None if text.control == "none" else text.control}.items():
        if given is not None:
            raise SpecError(f"text.{field}", f"none for {text.kind}, which reads labels alone", "some", "remove it")


def _changed(spec: AnySpec, **fields: Spec) -> AnySpec:
    """A copy of ``spec`` with other fields, checked again."""
    every = {name: getattr(spec, name) for name in type(spec).model_fields if name != "json_schema"}
    return type(spec)(**{**every, **fields})
