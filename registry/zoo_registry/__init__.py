"""Typed component registry: specs, named shapes and plugin discovery. Never imports torch."""

from zoo_registry.attributes import STRETCH, Attribute
from zoo_registry.component import (
    READS,
    ComponentSpec,
    DecoderSpec,
    DistillerSpec,
    EncoderSpec,
    FusionSpec,
    HeadSpec,
    ImageSpec,
    Need,
    QuantizerSpec,
    SourceSpec,
    Spec,
    WeigherSpec,
)
from zoo_registry.data import DataSpec, Layout
from zoo_registry.errors import (
    BundleError,
    DataError,
    DivergenceError,
    PluginError,
    ShapeError,
    SpecError,
    TrainingError,
    UnknownKindError,
    ZooError,
    ZooNote,
    show,
)
from zoo_registry.escaping import for_terminal
from zoo_registry.hooks import hookimpl
from zoo_registry.importer import Checkpoint, Imported, Importer, input_sizes
from zoo_registry.input import ImageInputSpec, InputSpec, class_order
from zoo_registry.judge import AnyJudge, EstimatorSpec
from zoo_registry.learned import LearnedQuantizerSpec
from zoo_registry.model import ModelSpec
from zoo_registry.models import MODEL_NAME, Headline, ModelCard, OfferedModel, TrainedOn
from zoo_registry.recordings import FIRST_BYTES, About, Block, Recording, RecordingReader
from zoo_registry.registry import Registry
from zoo_registry.roles import ROLES, field_of, roles_of
from zoo_registry.run import EvaluationSpec, RunSpec, TransferSpec
from zoo_registry.shapes import Shape
from zoo_registry.spelling import normal_text, text_hash
from zoo_registry.suggest import nearest
from zoo_registry.teachers import TeacherSpec
from zoo_registry.text import Control, EmbedSpec, TextSpec, Vocabulary
from zoo_registry.trace import Trace
from zoo_registry.trainer import TrainerSpec
from zoo_registry.training import ClosedSpec, PhaseSpec, RampSpec, TrainingSpec

__all__ = [
    "FIRST_BYTES",
    "MODEL_NAME",
    "READS",
    "ROLES",
    "STRETCH",
    "About",
    "AnyJudge",
    "Attribute",
    "Block",
    "BundleError",
    "Checkpoint",
    "ClosedSpec",
    "ComponentSpec",
    "Control",
    "DataError",
    "DataSpec",
    "DecoderSpec",
    "DistillerSpec",
    "DivergenceError",
    "EmbedSpec",
    "EncoderSpec",
    "EstimatorSpec",
    "EvaluationSpec",
    "FusionSpec",
    "HeadSpec",
    "Headline",
    "ImageInputSpec",
    "ImageSpec",
    "Imported",
    "Importer",
    "InputSpec",
    "Layout",
    "LearnedQuantizerSpec",
    "ModelCard",
    "ModelSpec",
    "Need",
    "OfferedModel",
    "PhaseSpec",
    "PluginError",
    "QuantizerSpec",
    "RampSpec",
    "Recording",
    "RecordingReader",
    "Registry",
    "RunSpec",
    "Shape",
    "ShapeError",
    "SourceSpec",
    "Spec",
    "SpecError",
    "TeacherSpec",
    "TextSpec",
    "Trace",
    "TrainedOn",
    "TrainerSpec",
    "TrainingError",
    "TrainingSpec",
    "TransferSpec",
    "UnknownKindError",
    "Vocabulary",
    "WeigherSpec",
    "ZooError",
    "ZooNote",
    "class_order",
    "field_of",
    "for_terminal",
    "hookimpl",
    "input_sizes",
    "nearest",
    "normal_text",
    "roles_of",
    "show",
    "text_hash",
]
