"""The formats: how a predictor becomes the bytes of a file, and how such bytes are run again."""

import logging
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from io import BytesIO
from json import dumps
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.export import Dim, ExportedProgram
from torch.fx import GraphModule
from zoo_registry import SpecError, ZooError

from zoo.export.callers import BRANCH, caller
from zoo.export.predictor import Predictor, Results
from zoo.export.requirements import FormatName
from zoo.kernels import Portable

Facts = Mapping[str, Any]
Run = Callable[[Tensor], Results]

FACTS_FILE = "zoo.json"
"""Name of the facts within a TorchScript or pt2 file."""
_TORCH = ("aten", "prim", "prims")
"""Namespaces of torch's own operators."""
_FREE = ("batch", "channels")
"""Names of the first axes, as far as their sizes are free."""
_OPERATOR = re.compile(r"OpOverload\(op='(\w+)\.(\w+)'")


class Format(NamedTuple):
    """``write`` makes the bytes of a file, with facts in it; ``read`` makes bytes a function, run on one thread."""

    write: Callable[[Predictor, Facts], bytes]
    read: Callable[[bytes], Run]


def write(name: FormatName, predictor: Predictor, facts: Facts) -> bytes:
    """``predictor`` as a file.

    Raises SpecError with the operation that the format does not have, and the component that calls it.
    """
    with _quiet(), torch.no_grad():
        try:
            return FORMATS[name].write(predictor, facts)
        except _ForeignError as error:
            where, hint = caller(predictor, str(error)), "use the bundle in Python, with zoo.load, or another component"
            raise SpecError(where, "operators of torch alone", f"{error}, an operator of a plugin", hint) from None
        except (ZooError, MemoryError):
            raise
        except Exception as error:  # exporters pass on whatever an operation raises
            operation, words = _operation(error)
            where, hint = caller(predictor, operation), f"choose another --format than {name}, or use zoo.load"
            raise SpecError(where, f"operations that {name} has", words, hint) from None


def read(name: FormatName, content: bytes) -> Run:
    """The function in a file, `(b c t)` to its results."""
    with _quiet():
        return FORMATS[name].read(content)


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide what exporters say about their own future and their optimizations."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def _to_onnx(predictor: Predictor, facts: Facts) -> bytes:
    program, names = _program(predictor), list(predictor.named(predictor(predictor.example())))
    made = torch.onnx.export(program, input_names=["x"], dynamo=True, verbose=False)
    assert made is not None
    model = made.model_proto
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer, *graph.value_info):
        part.ClearField("metadata_props")  # paths and lines of this machine
    _name_results(graph, names)
    _name_sizes(graph.input[0], graph.output)
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value if isinstance(value, str) else dumps(value))
    content: bytes = model.SerializeToString()
    return content


def _name_results(graph: Any, names: Sequence[str]) -> None:
    """Name the results; what else has one of these names, such as `mean`, gets another: the exporter names it twice."""
    new = {name: f"inner_{name}" for name in names}
    new |= {end.name: name for end, name in zip(graph.output, names, strict=True)}
    for part in (*graph.initializer, *graph.value_info, *graph.output):
        part.name = new.get(part.name, part.name)
    for node in graph.node:
        for ends in (node.input, node.output):
            ends[:] = [new.get(end, end) for end in ends]


def _name_sizes(given: Any, results: Iterable[Any]) -> None:
    """Name the free sizes, numbered by the exporter, of the input `(b c ...)` and of the results."""
    ends = [end.type.tensor_type.shape.dim for end in (given, *results)]
    free = {size.dim_param: name for size, name in zip(ends[0], _FREE, strict=False) if size.dim_param}
    for sizes in ends:
        sizes[0].dim_param = _FREE[0]
        for size in sizes:
            if size.dim_param in free:
                size.dim_param = free[size.dim_param]


def _of_onnx(content: bytes) -> Run:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = InferenceSession(content, options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]

    def run(x: Tensor) -> dict[str, Tensor]:
        return dict(zip(names, map(torch.from_numpy, session.run(names, {"x": x.numpy()})), strict=True))

    return run


def _to_torchscript(predictor: Predictor, facts: Facts) -> bytes:
    with Portable():
        # Not strict, so that the result may be a dict.
        traced = torch.jit.trace(predictor, predictor.example(), check_trace=False, strict=False)  # type: ignore[no-untyped-call]
    _require_own(torch.jit.export_opnames(traced))  # type: ignore[no-untyped-call]
    file = BytesIO()
    torch.jit.save(traced, file, _extra_files={FACTS_FILE: dumps(facts)})
    return file.getvalue()


def _of_torchscript(content: bytes) -> Run:
    loaded: Run = torch.jit.load(BytesIO(content))  # type: ignore[no-untyped-call]
    return loaded


def _to_pt2(predictor: Predictor, facts: Facts) -> bytes:
    program = _program(predictor)
    file = BytesIO()
    torch.export.save(program, file, extra_files={FACTS_FILE: dumps(facts)})
    return file.getvalue()


def _of_pt2(content: bytes) -> Run:
    return torch.export.load(BytesIO(content)).module()


def _program(predictor: Predictor) -> ExportedProgram:
    """A graph of torch's own operators for any number of windows, and of channels if the model takes any."""
    free = {axis: Dim(_FREE[axis]) for axis in ((0, 1) if predictor.model.spec.channelwise else (0,))}
    with Portable():
        program = torch.export.export(predictor, (predictor.example(),), dynamic_shapes=(free,), strict=False)
    graphs = [module.graph for module in program.graph_module.modules() if isinstance(module, GraphModule)]
    nodes = [node for graph in graphs for node in graph.nodes]
    _require_own(node.target.name() for node in nodes if isinstance(node.target, OpOverload))  # type: ignore[no-untyped-call]
    for node in nodes:
        node.meta.pop("stack_trace", None)  # paths and lines of this machine
    return program


class _ForeignError(Exception):
    """An operator that is not one of torch's own, so that a file with it runs only where its plugin is imported."""


def _require_own(operators: Iterable[str]) -> None:
    for operator in operators:
        if operator.partition("::")[0] not in _TORCH:
            raise _ForeignError(operator.partition(".")[0])


def _operation(error: BaseException) -> tuple[str, str]:
    """The operation behind an exporter's ``error``, and words for it: its name, else the first line of the error."""
    cause: BaseException | None = error
    while cause is not None:
        if found := _OPERATOR.search(str(cause)):
            operation = "::".join(found.groups())
            return operation, operation
        cause = cause.__cause__
    return BRANCH, next(iter(str(error).splitlines()), type(error).__name__)


FORMATS: Mapping[FormatName, Format] = {
    "onnx": Format(_to_onnx, _of_onnx),
    "torchscript": Format(_to_torchscript, _of_torchscript),
    "pt2": Format(_to_pt2, _of_pt2),
}
