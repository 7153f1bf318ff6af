"""Texts as vectors."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from zoo_registry import EmbedSpec

if TYPE_CHECKING:
    from numpy import float64
    from numpy.typing import NDArray


class TfidfSpec(EmbedSpec):
    """Words and pairs of words, weighted by how few texts have them (TF-IDF of scikit-learn), at length 1."""

    kind: Literal["text.tfidf"] = "text.tfidf"

    def rows(self, texts: Sequence[str]) -> "NDArray[float64]":
        """A row per text: `(n d)` with a column for each word and pair of words that occurs."""
        from sklearn.feature_extraction.text import TfidfVectorizer

        found: NDArray[float64] = TfidfVectorizer(ngram_range=(1, 2)).fit_transform(texts).toarray()
        return found


EMBEDDERS = (TfidfSpec,)
