"""What `zoo text` writes into a folder, beside the picture."""

import io
import json

import numpy as np

from zoo.sources import manifest_of
from zoo.texts.measure import Rows
from zoo.texts.text_report import TextReport


def stored_files(report: TextReport, rows: Rows) -> dict[str, bytes]:
    """Contents by name: the report, and the vectors ``rows (n d)`` of its distinct actions with their manifest, which
    `text.file` reads."""
    array = io.BytesIO()
    np.save(array, rows, allow_pickle=False)
    plain = {"text.json": report.model_dump(mode="json"), "embeddings.json": manifest_of(report.distinct)}
    texts = {name: json.dumps(data, ensure_ascii=False).encode() for name, data in plain.items()}
    return {**texts, "embeddings.npy": array.getvalue()}
