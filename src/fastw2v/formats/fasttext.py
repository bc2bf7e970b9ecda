"""fastText's models (``.bin`` and quantized ``.ftz``): words, counts, and the vectors of words and character n-grams.

Layout
------
All numbers are little-endian and stand one after the other, without padding:

    signature   int32 793712314, int32 version (11 or 12)
    arguments   int32 dim, ws, epoch, minCount, neg, wordNgrams, loss, model, bucket, minn, maxn, lrUpdateRate; double t
    dictionary  int32 size, nwords, nlabels; int64 ntokens, pruneidx_size;
                for each word or label: its bytes, a zero byte, int64 count, int8 type (0 word, 1 label);
                for each of pruneidx_size n-grams: int32 bucket, int32 row
    input       bool quantized; int64 rows, columns; float32 matrix, or a product quantizer and the codes
    output      the same

The first `nwords` rows of the input matrix belong to words and the others to n-grams: one for each bucket, or, in a
pruned model (pruneidx_size >= 0), one for each n-gram that was kept. The vector of a word is the mean of its row and
the rows of its n-grams. The output matrix, which only training and labels need, is not read.

Reading
-------
Each number is checked before it is used. A local file must be as long as its header says before an array is made; for
compressed data, whose length is not known, memory grows with the data that arrives.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory
from fastw2v.common.files import PathLike, known_size, open_input
from fastw2v.common.logs import get_logger
from fastw2v.formats import describe_damage
from fastw2v.formats.settings import MAX_WIDTH
from fastw2v.formats.streams import BinaryInput
from fastw2v.vectors.ngrams import LONGEST, Ngrams

logger = get_logger(__name__, "models.fasttext")

Array = NDArray[Any]

SIGNATURE = struct.pack("<i", 793712314)
VERSIONS = (11, 12)
_SUPERVISED = 3
_ARGUMENTS = (
    "dim", "ws", "epoch", "minCount", "neg", "wordNgrams", "loss", "model", "bucket", "minn", "maxn", "lrUpdateRate",
)  # fmt: skip
_LONGEST_WORD = 1 << 16  # bytes
_CENTROIDS = 256  # of each part of a product quantizer
_WIDEST_PART = 32  # components of a vector that one code stands for; fastText's default is 2
_INT31 = (1 << 31) - 1


@dataclass(eq=False)
class FastTextVectors:
    """What is read of a fastText model.

    Attributes
    ----------
    words : list of str
    counts : ndarray of int64, shape (words,)
    vectors : ndarray of float32, shape (words, D)
        The vectors of the words, as fastText returns them.
    ngrams : Ngrams
    labels : list of str
        The labels of a supervised model, with their prefix; they have no vectors here.
    """

    words: list[str]
    counts: NDArray[np.int64]
    vectors: NDArray[np.float32]
    ngrams: Ngrams
    labels: list[str]


def is_fasttext(first_bytes: bytes) -> bool:
    """Return whether a file that begins with `first_bytes` is a fastText model."""
    return first_bytes.startswith(SIGNATURE)


def read(path: PathLike, encoding: str = "utf8") -> FastTextVectors:
    """Read a fastText model.

    Parameters
    ----------
    path : str or os.PathLike
        Decompressed according to its suffix.
    encoding : str, default "utf8"
        Encoding of the words. Bytes that are invalid in it are shown as ``\\xNN``.

    Raises
    ------
    ValueError
        If the file is no fastText model of version 11 or 12, or is damaged; the message names the file and the field.
    OSError
        If it cannot be read.
    """
    with open_input(path) as stream, describe_damage(path):
        return _read(BinaryInput(stream, known_size(path, stream), "fastText model"), encoding)


def _read(source: BinaryInput, encoding: str) -> FastTextVectors:
    signature, version = source.numbers("<4si", "its signature")
    if signature != SIGNATURE:
        raise ValueError("the file is no fastText model, or one of a version before 11")
    if version not in VERSIONS:
        raise _unexpected("version", version, " or ".join(map(str, VERSIONS)))
    arguments = dict(zip(_ARGUMENTS, source.numbers("<12i", "its arguments"), strict=True))
    source.numbers("<d", "its arguments")
    if version == 11 and arguments["model"] == _SUPERVISED:
        arguments["maxn"] = 0  # supervised models had no n-grams of characters then
    dim, bucket, min_n, max_n = (arguments[name] for name in ("dim", "bucket", "minn", "maxn"))
    _check("dim", dim, 1, MAX_WIDTH)
    _check("bucket", bucket, 0, _INT31)
    _check("minn", min_n, 0, _INT31)
    _check("maxn", max_n, 0, LONGEST)

    size, n_words, n_labels, _, n_kept = source.numbers("<3i2q", "its dictionary")
    _check("nwords", n_words, 0, _INT31)
    _check("nlabels", n_labels, 0, _INT31)
    _check("size", size, n_words + n_labels, n_words + n_labels)
    _check("pruneidx_size", n_kept, -1, _INT31)
    encoded, counts, labels = _read_entries(source, n_words, n_labels, encoding)
    words = [_decoded(word, encoding) for word in encoded]
    if len(set(words)) != n_words:
        raise ValueError(f"the fastText model has a word twice, as decoded from {encoding}")
    kept, rows = _read_kept(source, n_kept, bucket) if n_kept >= 0 else (None, None)

    n_ngrams = bucket if n_kept < 0 else n_kept
    matrix = _read_matrix(source, n_words + n_ngrams, dim)
    _check_output(source, dim)
    if not (max_n and min_n <= max_n):  # rows for n-grams of words, or for none
        matrix = matrix[:n_words].copy() if n_ngrams else matrix
        bucket, kept, rows = 0, None, None
    ngrams = Ngrams(matrix[n_words:], bucket, min_n, max_n, encoding, kept, rows)
    ngrams.check(dim)
    vectors = matrix[:n_words]
    ngrams.average_words(vectors, encoded)
    return FastTextVectors(words, counts, vectors, ngrams, labels)


def _read_entries(
    source: BinaryInput, n_words: int, n_labels: int, encoding: str
) -> tuple[list[bytes], NDArray[np.int64], list[str]]:
    """Return the words, their counts, and the labels of the dictionary."""
    words: list[bytes] = []
    counts: list[int] = []
    labels: list[str] = []
    for entry in range(n_words + n_labels):
        word = source.string("a word", _LONGEST_WORD)
        count, kind = source.numbers("<qb", "its dictionary")
        if count < 0:
            raise _unexpected("count", count, "0 or more")
        if kind != (entry >= n_words):
            raise _unexpected("type", kind, f"{int(entry >= n_words)} for entry {entry} of the dictionary")
        if kind:
            labels.append(_decoded(word, encoding))
        else:
            words.append(word)
            counts.append(count)
    return words, np.array(counts, dtype=np.int64), labels


def _decoded(word: bytes, encoding: str) -> str:
    try:
        return word.decode(encoding)
    except UnicodeDecodeError:
        return word.decode(encoding, "backslashreplace")


def _read_kept(source: BinaryInput, n_kept: int, bucket: int) -> tuple[Array, Array]:
    """Return the buckets that a pruned model has kept, in ascending order, and the row of each."""
    pairs = source.array("<i4", (n_kept, 2), "its pruned n-grams")
    kept, rows = pairs[np.argsort(pairs[:, 0], kind="stable")].T.copy().astype(np.int32, copy=False)
    if n_kept and not (kept[0] >= 0 and kept[-1] < bucket and (np.diff(kept.astype(np.int64)) > 0).all()):
        raise ValueError(f"the pruned n-grams of the fastText model are not distinct buckets below {bucket}")
    if n_kept and not 0 <= rows.min() <= rows.max() < n_kept:
        raise ValueError(f"the pruned n-grams of the fastText model have a row that is not below {n_kept}")
    return kept, rows


def _read_matrix(source: BinaryInput, n_rows: int, dim: int) -> NDArray[np.float32]:
    """Return the input matrix, of shape (n_rows, dim)."""
    (quantized,) = source.numbers("<B", "its input matrix")
    _check("quant_input", quantized, 0, 1)
    if quantized:
        return _read_quantized(source, n_rows, dim)
    _check_shape(source, n_rows, dim)
    matrix = source.array("<f4", (n_rows, dim), "the vectors")
    return matrix.astype(np.float32, copy=False)


def _check_shape(source: BinaryInput, n_rows: int, dim: int) -> None:
    rows, columns = source.numbers("<2q", "its input matrix")
    _check("rows of the input matrix", rows, n_rows, n_rows)
    _check("columns of the input matrix", columns, dim, dim)


def _read_quantized(source: BinaryInput, n_rows: int, dim: int) -> NDArray[np.float32]:
    """Return a matrix that is stored as the codes of a product quantizer.

    Joulin et al., "FastText.zip: Compressing text classification models" (2016).
    """
    (with_norms,) = source.numbers("<B", "its input matrix")
    _check("qnorm", with_norms, 0, 1)
    _check_shape(source, n_rows, dim)
    (n_codes,) = source.numbers("<i", "its codes")
    _check("codesize", n_codes, 0, _INT31)
    codes = source.array("u1", (n_codes,), "the codes")
    parts = _read_quantizer(source, dim)
    _check("codesize", n_codes, n_rows * len(parts), n_rows * len(parts))
    codes = codes.reshape(n_rows, len(parts))
    norms = None
    if with_norms:
        norm_codes = source.array("u1", (n_rows,), "the codes of the norms")
        norms = _read_quantizer(source, 1)[0][:, 0][norm_codes]
    matrix = memory.empty((n_rows, dim))
    start = 0
    for number, centroids in enumerate(parts):
        matrix[:, start : start + centroids.shape[1]] = centroids[codes[:, number]]
        start += centroids.shape[1]
    if norms is not None:
        matrix *= norms[:, None]
    return matrix


def _read_quantizer(source: BinaryInput, dim: int) -> list[Array]:
    """Return the centroids of a product quantizer, for each part of a vector: shape (256, components)."""
    columns, n_parts, width, last = source.numbers("<4i", "its product quantizer")
    _check("dim of a product quantizer", columns, dim, dim)
    _check("dsub", width, 1, _WIDEST_PART)
    expected = -(-dim // width)
    _check("nsubq", n_parts, expected, expected)
    _check("lastdsub", last, dim - (expected - 1) * width, dim - (expected - 1) * width)
    flat = source.array("<f4", (dim * _CENTROIDS,), "the centroids")
    widths = [width] * (n_parts - 1) + [last]
    starts = np.cumsum([0, *widths]) * _CENTROIDS
    return [
        flat[start : start + _CENTROIDS * w].reshape(_CENTROIDS, w)
        for start, w in zip(starts, widths, strict=False)
    ]


def _check_output(source: BinaryInput, dim: int) -> None:
    """Raise a ValueError if a file of known length ends within the output matrix, which is not read."""
    if not source.left:
        return
    (quantized,) = source.numbers("<B", "its output matrix")
    if quantized:
        return
    rows, columns = source.numbers("<2q", "its output matrix")
    _check("columns of the output matrix", columns, dim, dim)
    left = source.left
    if left is not None and rows * columns * 4 > left:
        raise ValueError(f"the fastText model ends within its output matrix of {rows} rows")


def _check(name: str, value: int, least: int, most: int) -> None:
    if not least <= value <= most:
        raise _unexpected(name, value, str(least) if least == most else f"a number from {least} to {most}")


def _unexpected(name: str, value: int, expected: str) -> ValueError:
    return ValueError(f"field {name!r} of the fastText model is {value}; expected {expected}")
