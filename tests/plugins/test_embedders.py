"""Embedders: equal in every process, by NFC, from files with a manifest, and without the network."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from zoo_registry import DataError, normal_text
from zoo_text.embedders import EMBEDDERS, FileSpec, HashSpec, SentenceSpec, TfidfSpec

from zoo.sources import manifest_of
from zoo.testing.text_checks import check_embedder

TEXTS = ["raise the hand", "lower the hand", "café", "손을 들다", "raise the hand"]
OF_WORDS = [TfidfSpec(), HashSpec(), TfidfSpec(ngrams=1), HashSpec(columns=8, ngrams=3)]


@pytest.mark.parametrize("spec", OF_WORDS, ids=str)
def test_vectors_of_words_keep_the_contract_and_have_length_one(spec):
    check_embedder(spec, TEXTS)
    np.testing.assert_allclose(np.linalg.norm(spec.rows(TEXTS), axis=1), 1)


@pytest.mark.parametrize("spec", OF_WORDS, ids=str)
def test_equivalent_spellings_have_equal_vectors(spec):
    one, other = (spec.rows([*TEXTS, text]) for text in ("café", "cafe\u0301"))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("kind", ["TfidfSpec", "HashSpec"])
def test_vectors_are_equal_in_processes_with_other_hash_seeds(kind):
    code = (
        f"import sys; from zoo_text.embedders import {kind} as S; sys.stdout.buffer.write(S().rows({TEXTS}).tobytes())"
    )
    found = {
        subprocess.run(
            [sys.executable, "-c", code], env=os.environ | {"PYTHONHASHSEED": seed}, capture_output=True, check=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(found) == 1
    assert found.pop()


def test_hashing_is_independent_of_other_texts_and_tfidf_is_not():
    alone = HashSpec().rows(TEXTS[:1])
    np.testing.assert_array_equal(alone[0], HashSpec().rows(TEXTS)[0])
    assert TfidfSpec().width(TEXTS[:1]) < TfidfSpec().width(TEXTS)
    assert HashSpec(columns=32).width(TEXTS) == 32


def test_texts_without_words_are_refused_by_tfidf():
    with pytest.raises(DataError, match="words of two letters or more"):
        TfidfSpec().rows(["a", "!"])


@pytest.fixture
def stored(tmp_path):
    """Write vectors of texts with a manifest, and give the embedder that reads them."""

    def stored(rows, texts=tuple(TEXTS[:4]), manifest=None) -> FileSpec:
        np.save(tmp_path / "bert.npy", rows)
        content = manifest_of(texts) if manifest is None else manifest
        (tmp_path / "bert.json").write_text(json.dumps(content))
        return FileSpec(path=str(tmp_path / "bert.npy"))

    return stored


ROWS = np.random.default_rng(0).normal(size=(4, 6)).astype(np.float32)


def test_stored_vectors_follow_the_texts(stored):
    spec = stored(ROWS)
    check_embedder(spec, TEXTS[:4])
    np.testing.assert_array_equal(spec.rows([TEXTS[3], TEXTS[0]]), ROWS[[3, 0]].astype(np.float64))
    np.testing.assert_array_equal(spec.rows(["cafe\u0301"]), ROWS[[2]].astype(np.float64))
    assert spec.width(TEXTS) == 6


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"texts": ("raise the hand", "other", "café", "손을 들다")}, "found none for 'lower the hand'"),
        ({"texts": ("raise the hand",)}, "found 4 rows beside 1 texts in bert.json"),
        ({"texts": (TEXTS[0], TEXTS[0], TEXTS[1], TEXTS[2])}, "every text once"),
        ({"rows": np.where(np.arange(4)[:, None] == 2, np.nan, ROWS)}, "NaN or infinity in row 2"),
        ({"rows": ROWS[0]}, "vectors (n d), found shape (6,)"),
        ({"rows": ROWS[:, :0]}, "vectors (n d), found shape (4, 0)"),
        ({"rows": np.array([["a"]] * 4)}, "expected numbers"),
        ({"rows": np.array([[{}]] * 4)}, "Python objects in dtype"),
        ({"manifest": {}}, "the manifest of a file of vectors"),
        ({"manifest": {"texts": ["raise the hand"] * 4}}, "the manifest of a file of vectors"),
    ],
    ids=["other texts", "rows", "twice", "NaN", "flat", "no columns", "words", "objects", "no texts", "no hashes"],
)
def test_vectors_of_other_texts_and_damaged_files_are_refused(stored, change, words):
    with pytest.raises(DataError) as caught:
        stored(**{"rows": ROWS, **change}).rows(TEXTS)
    assert words in str(caught.value)


def test_a_file_without_a_manifest_is_refused(stored):
    spec = stored(ROWS)
    Path(spec.path).with_suffix(".json").unlink()
    with pytest.raises(DataError, match="no such file"):
        spec.rows(TEXTS)


def test_a_model_that_is_no_folder_is_refused_without_a_download(tmp_path, monkeypatch):
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection"))
    with pytest.raises(DataError, match="nothing is downloaded, found no such folder"):
        SentenceSpec(path="sentence-transformers/all-MiniLM-L6-v2").rows(TEXTS)
    with pytest.raises(DataError, match=r"no modules.json and no config.json"):
        SentenceSpec(path=str(tmp_path)).rows(TEXTS)


@pytest.mark.slow
def test_a_model_in_a_folder_gives_vectors_without_the_network(tmp_path, monkeypatch):
    library = pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.modules import BoW

    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("a connection"))
    words = sorted({word for text in TEXTS for word in normal_text(text).split()})
    library.SentenceTransformer(modules=[BoW(vocab=words)], device="cpu").save(str(tmp_path / "model"))
    before = dict(os.environ)
    spec = SentenceSpec(path=str(tmp_path / "model"))
    check_embedder(spec, TEXTS)
    assert spec.rows(TEXTS)[0].sum() == 3, "words counted by the model"
    assert dict(os.environ) == before
    (tmp_path / "model" / "modules.json").write_text('[{"idx": 0, "name": "0", "path": "", "type": "os.system"}]')
    with pytest.raises(DataError, match="a whole model"):
        spec.rows(TEXTS)


def test_every_embedder_is_announced():
    from zoo_registry import Registry

    assert {spec.model_fields["kind"].default for spec in EMBEDDERS} <= set(Registry.discover().kinds("embed"))
