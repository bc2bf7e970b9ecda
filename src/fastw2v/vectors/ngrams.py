"""Vectors of character n-grams, from which fastText computes the vectors of unknown words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import parallel
from fastw2v.common.cores import usable_cores
from fastw2v.vectors import ngram_sums

Array = NDArray[Any]

LONGEST = 255  # largest number of characters of an n-gram; fastText's default is 6
MOST_BUCKETS = (1 << 31) - 1
END_OF_SENTENCE = "</s>"  # fastText's word for the end of a line, which has no n-grams
_WORDS_TOGETHER = 4096  # words whose vectors are computed by one call


@dataclass(frozen=True, eq=False)
class Ngrams:
    """The vectors of the character n-grams of a fastText model.

    Parameters
    ----------
    vectors : ndarray of float32, shape (n, D)
    bucket : int
        Number of buckets into which the n-grams are hashed. If the model is not pruned, n is this number.
    min_n, max_n : int
        The smallest and the largest number of characters of an n-gram.
    encoding : str, default "utf8"
        Encoding of the words of the file, whose bytes are hashed.
    kept, rows : ndarray of int32, shape (n,), optional
        The buckets that a pruned model has kept, in ascending order, and the row of `vectors` of each.
    """

    vectors: Array
    bucket: int
    min_n: int
    max_n: int
    encoding: str = "utf8"
    kept: Array | None = None
    rows: Array | None = None

    def check(self, vector_size: int) -> None:
        """Raise a ValueError if the value of a field does not fit the others; the message names the field."""
        vectors = self.vectors
        if (
            not isinstance(vectors, np.ndarray)
            or vectors.dtype != np.float32
            or vectors.ndim != 2
            or vectors.shape[1] != vector_size
            or not vectors.flags.c_contiguous
        ):
            raise ValueError(f"field 'ngrams.vectors' must be a float32 matrix with {vector_size} columns")
        for name, value, least, most in (
            ("bucket", self.bucket, 0, MOST_BUCKETS),
            ("min_n", self.min_n, 0, MOST_BUCKETS),
            ("max_n", self.max_n, 0, LONGEST),
        ):
            if type(value) is not int or not least <= value <= most:
                raise ValueError(
                    f"field {name!r} of the n-grams is {value!r:.60}; expected an integer from {least} to {most}"
                )
        try:
            "".encode(self.encoding)
        except (LookupError, TypeError):
            raise ValueError(
                f"field 'encoding' of the n-grams is {self.encoding!r:.60}; expected an encoding"
            ) from None
        if self.kept is None or self.rows is None:
            if len(vectors) != self.bucket:
                raise ValueError(f"field 'bucket' of the n-grams is {self.bucket}; expected {len(vectors)}")
            return
        for name, array, end in (("kept", self.kept, self.bucket), ("rows", self.rows, len(vectors))):
            if not isinstance(array, np.ndarray) or array.dtype != np.int32 or array.shape != (len(vectors),):
                raise ValueError(f"field 'ngrams.{name}' must be {len(vectors)} integers of 32 bits")
            if len(array) and not 0 <= array.min() <= array.max() < end:
                raise ValueError(f"field 'ngrams.{name}' has a number that is not from 0 to {end - 1}")
        if (np.diff(self.kept) <= 0).any():
            raise ValueError("field 'ngrams.kept' is not in ascending order")

    @property
    def found(self) -> bool:
        """Whether words can have n-grams."""
        return self.bucket > 0 and self.min_n <= self.max_n and self.max_n > 0

    def vector(self, word: str) -> Array:
        """Return the mean of the vectors of the n-grams of a word, shape (D,); zeros if it has none.

        Raises
        ------
        ValueError
            If the word cannot be written in the encoding of the model.
        """
        try:
            encoded = word.encode(self.encoding)
        except UnicodeEncodeError as error:
            raise ValueError(
                f"the word {word!r:.80} has no n-grams, because it cannot be written in {self.encoding}: {error}"
            ) from None
        out = np.zeros((1, self.vectors.shape[1]), dtype=np.float32)
        if word != END_OF_SENTENCE:
            self._average(out, [encoded], with_word=False)
        vector: Array = out[0]
        return vector

    def average_words(self, vectors: Array, words: Sequence[bytes]) -> None:
        """Replace the vector of each word by the mean of it and the vectors of its n-grams, in place.

        Parameters
        ----------
        vectors : ndarray of float32, shape (len(words), D)
        words : sequence of bytes
            In the encoding of the model. The end of a sentence has no n-grams.
        """

        def average(start: int) -> None:
            part = words[start : start + _WORDS_TOGETHER]
            self._average(vectors[start : start + len(part)], part, with_word=True)

        starts = range(0, len(words), _WORDS_TOGETHER)
        for _ in parallel.ordered_map(average, starts, min(len(starts), usable_cores())):
            pass

    def _average(self, out: Array, words: Sequence[bytes], with_word: bool) -> None:
        end = END_OF_SENTENCE.encode()
        marked = [b"" if with_word and word == end else b"<%b>" % word for word in words]
        starts = np.zeros(len(words) + 1, dtype=np.int64)
        np.cumsum([len(word) for word in marked], out=starts[1:])
        none = np.empty(0, dtype=np.int32)
        pruned = self.kept is not None
        ngram_sums.average(
            out,
            self.vectors,
            np.frombuffer(b"".join(marked), dtype=np.uint8),
            starts,
            self.min_n,
            self.max_n,
            self.bucket,
            none if self.kept is None else self.kept,
            none if self.rows is None else self.rows,
            pruned,
            with_word,
        )
