"""Texts as vectors: by words, from a file, or by a language model in a local folder."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field
from zoo_registry import DataError, EmbedSpec, normal_text, show, text_hash

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray

_MOST_COLUMNS = 2**14
_SHOWN = 60
"""Characters of a text in a message."""


class TfidfSpec(EmbedSpec):
    """Words and pairs of words, weighted by how few texts have them (TF-IDF of scikit-learn), at length 1."""

    kind: Literal["text.tfidf"] = "text.tfidf"

    ngrams: int = Field(default=2, ge=1, le=5)
    """Largest number of neighbouring words that have a column of their own."""

    def rows(self, texts: Sequence[str]) -> "NDArray[float64]":
        """`(n d)` with a column for each run of words that occurs. A text counts as often as it is given."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        try:
            found = TfidfVectorizer(ngram_range=(1, self.ngrams)).fit_transform(map(normal_text, texts))
        except ValueError:
            hint = "write actions in words"
            raise DataError(self.kind, "texts with words of two letters or more", "none", hint) from None
        if found.shape[1] > _MOST_COLUMNS:
            hint = "use text.hash, or fewer ngrams"
            raise DataError(self.kind, f"at most {_MOST_COLUMNS:,} runs of words", f"{found.shape[1]:,}", hint)
        dense: NDArray[float64] = found.toarray()
        return dense


class HashSpec(EmbedSpec):
    """Words and pairs of words, each in a column by its hash (scikit-learn), at length 1: no text changes another's
    vector."""

    kind: Literal["text.hash"] = "text.hash"

    columns: int = Field(default=256, ge=2, le=_MOST_COLUMNS)
    """Numbers of a vector; words share a column by chance."""

    ngrams: int = Field(default=2, ge=1, le=5)
    """Largest number of neighbouring words that are hashed together."""

    def width(self, texts: Sequence[str]) -> int:
        return self.columns

    def rows(self, texts: Sequence[str]) -> "NDArray[float64]":
        from sklearn.feature_extraction.text import HashingVectorizer

        hashing = HashingVectorizer(n_features=self.columns, ngram_range=(1, self.ngrams))
        dense: NDArray[float64] = hashing.transform(map(normal_text, texts)).toarray()
        return dense


class FileSpec(EmbedSpec):
    """Vectors computed before, by any program: a .npy file with a row per text, and a .json file with their hashes."""

    kind: Literal["text.file"] = "text.file"

    path: str = "embeddings.npy"
    """The .npy file, relative to the working directory; the .json file of the same name is beside it."""

    def rows(self, texts: Sequence[str]) -> "NDArray[float64]":
        """The rows of ``texts`` in the file. Raises DataError if it has none for one of them, or cannot be read."""
        from zoo.sources import read_vectors

        path = Path(self.path).expanduser()
        stored = read_vectors(path)
        places = {digest: number for number, digest in enumerate(stored.hashes)}
        missing = [text for text in dict.fromkeys(texts) if text_hash(text) not in places]
        if missing:
            found = f"none for {show(missing[0][:_SHOWN])}" + f" and {len(missing) - 1} more" * (len(missing) > 1)
            hint = "its vectors are of other texts: compute them again for these"
            raise DataError(str(path), "a vector for every text", found, hint)
        return stored.rows[[places[text_hash(text)] for text in texts]]


class SentenceSpec(EmbedSpec):
    """Vectors of a sentence-transformers model in a local folder; nothing is downloaded
    (`pip install "shapezoo[text]"`)."""

    kind: Literal["text.sentence"] = "text.sentence"

    path: str = "sentence-model"
    """Folder of the model, relative to the working directory."""

    def rows(self, texts: Sequence[str]) -> "NDArray[float64]":
        """The model's vectors, computed on the CPU. Raises DataError if the folder does not hold all of a model."""
        from zoo_text.sentences import encode

        distinct = list(dict.fromkeys(map(normal_text, texts)))
        number = {text: index for index, text in enumerate(distinct)}
        return encode(Path(self.path).expanduser(), distinct)[[number[normal_text(text)] for text in texts]]


EMBEDDERS = (TfidfSpec, HashSpec, FileSpec, SentenceSpec)
