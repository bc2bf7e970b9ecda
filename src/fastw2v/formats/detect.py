"""Recognise the format of a file by its contents."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from fastw2v.common import codecs
from fastw2v.common.files import PathLike, check_regular, compression, local_path, open_input

VECTORS_ONLY = ("text", "binary", "fasttext", "finalfusion")  # formats that hold vectors, and never a model

_SIGNATURE_BYTES = 64
_LONGEST_HEADER = 1 << 16
_BYTES_A_NUMBER = 32


def detect_saved_format(path: PathLike) -> str:
    """Return the format of a saved object: "native" or "gensim".

    Parameters
    ----------
    path : str or os.PathLike
        Decompressed according to its suffix.

    Raises
    ------
    ValueError
        If the file is in neither format.
    OSError
        If the file cannot be read, or is a pipe or a device, which could block forever.
    """
    from fastw2v.formats import native

    if local_path(path) is not None:
        check_regular(path)
    with open_input(path, "rb") as stream:
        first_bytes = stream.read(_SIGNATURE_BYTES)
    if native.is_native(first_bytes):
        return "native"

    from fastw2v.formats import gensim  # a large module, which native files do not need

    if gensim.is_gensim(first_bytes):
        return "gensim"
    raise ValueError(
        f"{str(path)!r} is neither a file that fastw2v saved nor one that gensim saved; vectors in the word2vec or "
        "GloVe format, and fastText's .vec files, are read by KeyedVectors.load_word2vec_format(), fastText's .bin "
        "and .ftz files by KeyedVectors.load_fasttext(), and finalfusion's .fifu files by "
        "KeyedVectors.load_finalfusion()"
    )


@contextlib.contextmanager
def recognise_saved_object(path: PathLike) -> Iterator[None]:
    """Context manager to read `path` in the word2vec format.

    Raises
    ------
    ValueError
        In place of an error of the reader, if the file is a saved model or saved vectors; it says how to load it.
    """
    try:
        yield
    except ValueError as error:
        try:
            library = {"native": "fastw2v", "gensim": "gensim"}[detect_saved_format(path)]
        except (ValueError, OSError):
            raise error from None
        raise ValueError(
            f"{str(path)!r} is not in the word2vec format, but in that of {library}'s save(); read it with "
            "KeyedVectors.load() or Word2Vec.load()"
        ) from error


def input_format(path: PathLike) -> str:
    """Return the format of a file with a model or vectors.

    It is "native", "gensim", "fasttext", "finalfusion", "text" or "binary". "fasttext" is a model of fastText; "text"
    and "binary" are the two forms of the word2vec format.

    Raises
    ------
    ValueError
        If the format is none of these.
    OSError
        If the file cannot be read.
    """
    if local_path(path) is not None:
        check_regular(path)  # the file is opened twice, which is not possible with a pipe
    try:
        return detect_saved_format(path)
    except ValueError:
        return _vectors_form(path)


def mapping_of(path: PathLike, form: str) -> str | None:
    """Return the mode in which the arrays of a file can be mapped, or None if they must be read.

    Only an uncompressed native file can be mapped. Its large arrays then need not be read to answer a single query.
    """
    return "r" if form == "native" and compression(path) is None and local_path(path) is not None else None


def _vectors_form(path: PathLike) -> str:
    from fastw2v.formats import fasttext, finalfusion, word2vec

    with open_input(path) as stream:
        first = stream.readline(_LONGEST_HEADER)
        if fasttext.is_fasttext(first):
            return "fasttext"
        if finalfusion.is_finalfusion(first):
            return "finalfusion"
        codecs.check_content(first, path)
        fields: list[bytes] = first.removeprefix(codecs.BYTE_ORDER_MARK).split()
        if len(fields) == 2 and all(field.isdigit() for field in fields):
            width = int(fields[1])
            sample = stream.read(min(_LONGEST_HEADER + _BYTES_A_NUMBER * width, 1 << 24))
            return "text" if not sample or word2vec.is_text_vectors(sample, width) else "binary"
    if len(fields) > 1 and word2vec.are_numbers(fields[1:]):
        return "text"
    raise ValueError(
        f"{path}: no model or vectors in a known format (fastw2v, gensim, fastText, finalfusion, word2vec, GloVe)"
    )
