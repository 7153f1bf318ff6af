"""The formats: how a predictor becomes the bytes of a file, and how such bytes are run again."""

import logging
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
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

from zoo.export.predictor import Predictor
from zoo.export.requirements import FormatName
from zoo.kernels import Portable

Facts = Mapping[str, Any]
Run = Callable[[Tensor], Tensor]

FACTS_FILE = "zoo.json"
"""Name of the facts within a TorchScript or pt2 file."""
_TORCH = ("aten", "prim", "prims")
"""Namespaces of torch's own operators."""
_OPERATOR = re.compile(r"OpOverload\(op='(\w+)\.(\w+)'")


class Format(NamedTuple):
    """``write`` makes the bytes of a file, with facts in it; ``read`` makes bytes a function, run on one thread."""

    write: Callable[[Predictor, Facts], bytes]
    read: Callable[[bytes], Run]


def write(name: FormatName, predictor: Predictor, facts: Facts) -> bytes:
    """``predictor`` as a file; raise SpecError with the name of the operation that the format does not have."""
    try:
        with _quiet(), torch.no_grad():
            return FORMATS[name].write(predictor, facts)
    except _ForeignError as error:
        hint = "use the bundle in Python, with zoo.load; a model that reads the signal can be exported"
        raise SpecError("model", "operators of torch alone", f"{error}, an operator of a plugin", hint) from None
    except (ZooError, MemoryError):
        raise
    except Exception as error:  # exporters pass on whatever an operation raises
        hint = f"choose another --format than {name}, or use the bundle in Python, with zoo.load"
        raise SpecError("model", f"operations that {name} has", _operation(error), hint) from None


def read(name: FormatName, content: bytes) -> Run:
    """The function in a file, `(b c t)` to its result."""
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
    program = _program(predictor)
    made = torch.onnx.export(program, input_names=["x"], output_names=[predictor.result], dynamo=True, verbose=False)
    assert made is not None
    model = made.model_proto
    graph = model.graph
    for part in (graph, *graph.node, *graph.input, *graph.output, *graph.initializer, *graph.value_info):
        part.ClearField("metadata_props")  # paths and lines of this machine
    for end in (*graph.input, *graph.output):
        end.type.tensor_type.shape.dim[0].dim_param = "batch"
    for key, value in facts.items():
        model.metadata_props.add(key=key, value=value if isinstance(value, str) else dumps(value))
    content: bytes = model.SerializeToString()
    return content


def _of_onnx(content: bytes) -> Run:
    from onnxruntime import InferenceSession, SessionOptions

    options = SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = InferenceSession(content, options, providers=["CPUExecutionProvider"])
    return lambda x: torch.from_numpy(session.run(None, {"x": x.numpy()})[0])


def _to_torchscript(predictor: Predictor, facts: Facts) -> bytes:
    with Portable():
        traced = torch.jit.trace(predictor, _example(predictor), check_trace=False)  # type: ignore[no-untyped-call]
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
    """A graph of torch's own operators for any number of windows."""
    with Portable():
        program = torch.export.export(
            predictor, (_example(predictor),), dynamic_shapes=({0: Dim("batch")},), strict=False
        )
    graphs = [module.graph for module in program.graph_module.modules() if isinstance(module, GraphModule)]
    nodes = [node for graph in graphs for node in graph.nodes]
    _require_own(node.target.name() for node in nodes if isinstance(node.target, OpOverload))  # type: ignore[no-untyped-call]
    for node in nodes:
        node.meta.pop("stack_trace", None)  # paths and lines of this machine
    return program


def _example(predictor: Predictor) -> Tensor:
    """Two windows: one would be taken for a fixed batch."""
    return torch.randn(2, *predictor.model.trace.signal.sizes, generator=torch.Generator().manual_seed(0))


class _ForeignError(Exception):
    """An operator that is not one of torch's own, so that a file with it runs only where its plugin is imported."""


def _require_own(operators: Iterable[str]) -> None:
    for operator in operators:
        if operator.partition("::")[0] not in _TORCH:
            raise _ForeignError(operator)


def _operation(error: BaseException) -> str:
    """The operation behind an exporter's ``error``, else the first line of what it says."""
    cause: BaseException | None = error
    while cause is not None:
        if found := _OPERATOR.search(str(cause)):
            return "::".join(found.groups())
        cause = cause.__cause__
    return next(iter(str(error).splitlines()), type(error).__name__)


FORMATS: Mapping[FormatName, Format] = {
    "onnx": Format(_to_onnx, _of_onnx),
    "torchscript": Format(_to_torchscript, _of_torchscript),
    "pt2": Format(_to_pt2, _of_pt2),
}
