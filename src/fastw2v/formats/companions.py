"""The arrays that gensim saves beside a model: ``NAME.ATTRIBUTE.npy``, or ``.npz`` beside a compressed one.

Sizes are checked against the file before memory is asked for, and nothing is unpickled.
"""

from __future__ import annotations

import errno
import io
import math
import os
import zipfile
import zlib
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v.formats import streams
from fastw2v.common import files
from fastw2v.common.memory import empty

Array = NDArray[Any]


def read_companion(main: str, part: str, attribute: str, mmap: str | None) -> Array:
    """The array of an attribute that was saved beside the main file.

    Parameters
    ----------
    main : str
        Path of the main file.
    part : str
        Path of the object within the model: "", ".wv", ...
    attribute : str
        Name of the attribute.
    mmap : {None, "r", "c", "r+"}
        How to map it.

    Raises
    ------
    FileNotFoundError
        If the file is missing.
    ValueError
        If it is damaged, or holds something else than numbers.
    """
    for suffix in (".npz", ".npy") if files.compression(main) else (".npy",):
        name = f"{main}{part}.{attribute}{suffix}"
        if os.path.exists(name):
            files.check_regular(name)
            try:
                return _read_npz(name) if suffix == ".npz" else _read_npy(name, mmap)
            except (
                ValueError,
                KeyError,
                EOFError,
                OverflowError,
                RuntimeError,  # an encrypted archive, an unknown compression
                zipfile.BadZipFile,
                zlib.error,
            ) as error:
                message = (
                    f"cannot read {name!r}, which belongs to {main!r}: {error}; copy it again from its source"
                )
                raise ValueError(message) from error
    message = f"this file belongs beside {main!r}, with the array {attribute!r} in it; copy it there"
    raise FileNotFoundError(errno.ENOENT, message, name)


def _read_npy(name: str, mmap: str | None) -> Array:
    """An array file; its size is checked before memory is asked for."""
    with open(name, "rb", buffering=0) as raw:
        shape, fortran, dtype = _npy_header(raw)
        length = os.fstat(raw.fileno()).st_size - raw.tell()
        if length != dtype.itemsize * math.prod(shape):
            raise ValueError("its size does not fit its header")
        if mmap is not None and length:
            return cast(Array, np.load(name, mmap_mode=cast(Any, mmap), allow_pickle=False))
        if fortran or not dtype.isnative:
            return _read_array(raw, shape, fortran, dtype)
        array = empty(shape, dtype)
        streams.fill(raw, array.reshape(-1).view(np.uint8), "its array")
        return array


def _read_npz(name: str) -> Array:
    with zipfile.ZipFile(name) as archive, archive.open("val.npy") as stream:
        return _read_array(stream, *_npy_header(stream))


def _npy_header(stream: IO[bytes] | io.FileIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, Fortran order and dtype, of a number."""
    source = cast(Any, stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(source)
    if version not in readers:
        raise ValueError(f"version {version} of the .npy format is not known")
    try:
        shape, fortran, dtype = readers[version](source)
    except OSError:
        raise
    except Exception as error:  # whatever Python's tokenizer and parser raise: NumPy lets it out
        raise ValueError(f"its header cannot be read ({error})") from None
    if dtype.kind not in "fiub" or any(not 0 <= n < 1 << 48 for n in shape):
        raise ValueError("it holds no array of numbers")
    return shape, fortran, dtype


def _read_array(
    stream: IO[bytes] | io.FileIO, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any]
) -> Array:
    octets = streams.read_growing(stream, math.prod(shape) * dtype.itemsize, "its array")
    array = octets.view(dtype).reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array, dtype=dtype.newbyteorder("="))
