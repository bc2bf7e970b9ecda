"""NumPy's array files, ``.npy`` and ``.npz``, as gensim writes them beside a model.

A ``.npy`` file is NumPy's magic string and version, a header in Python syntax with shape, order and dtype, and the
bytes of the array. A ``.npz`` file is a ZIP archive; gensim's holds one array, ``val.npy``. The size of a file is
checked before memory is allocated, only numbers are accepted, and nothing is unpickled.

Format: `numpy.lib.format`.
"""

from __future__ import annotations

import io
import math
import os
import zipfile
import zlib
from typing import IO, Any, cast

import numpy as np
from numpy.typing import NDArray

from fastw2v.common.memory import empty
from fastw2v.formats import streams

Array = NDArray[Any]

ERRORS: tuple[type[Exception], ...] = (
    ValueError,
    KeyError,
    EOFError,
    OverflowError,
    RuntimeError,  # an encrypted archive, an unknown compression
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers raise for a damaged file."""

_MAX_DIMENSION = 1 << 48


def read_npy(name: str, mmap: str | None = None) -> Array:
    """Return the array of a ``.npy`` file.

    Parameters
    ----------
    name : str
        Path of a regular file.
    mmap : {None, "r", "c", "r+"}, default None
        Map the array instead of reading it, as `numpy.load` does.

    Raises
    ------
    OSError
        If the file cannot be read.
    Exception
        One of `ERRORS` if it is damaged or holds anything but numbers and strings.
    """
    with open(name, "r+b" if mmap == "r+" else "rb", buffering=0) as raw:
        shape, fortran, dtype = _read_header(raw)
        length = os.fstat(raw.fileno()).st_size - raw.tell()
        expected = dtype.itemsize * math.prod(shape)
        if length != expected:
            raise ValueError(f"its array takes {length:,} bytes; expected {expected:,} by its header")
        if mmap is not None and length:
            order = "F" if fortran else "C"
            memmap: Any = np.memmap  # its annotations lack file objects that cannot be written
            return cast(Array, memmap(raw, dtype, mmap, raw.tell(), shape, order))
        if fortran or not dtype.isnative:
            return _read_data(raw, shape, fortran, dtype)
        array = empty(shape, dtype)
        streams.fill(raw, array.reshape(-1).view(np.uint8), "its array")
        return array


def read_npz(name: str) -> Array:
    """Return the array ``val`` of a ``.npz`` file; errors as for `read_npy`."""
    with zipfile.ZipFile(name) as archive, archive.open("val.npy") as stream:
        return _read_data(stream, *_read_header(stream))


def _read_header(stream: IO[bytes] | io.FileIO) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Return shape, whether the array is in Fortran order, and dtype."""
    source = cast(Any, stream)
    readers = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
    version = np.lib.format.read_magic(source)
    if version not in readers:
        raise ValueError(f"version {version} of the .npy format is not known; expected (1, 0) or (2, 0)")
    try:
        shape, fortran, dtype = readers[version](source)
    except OSError:
        raise
    except Exception as error:  # NumPy lets out whatever Python's tokenizer and parser raise
        raise ValueError(f"its header cannot be read ({error})") from None
    if dtype.kind not in "fiubSU" or not dtype.itemsize or any(not 0 <= n < _MAX_DIMENSION for n in shape):
        raise ValueError(f"its array has dtype {dtype} and shape {shape}; expected numbers or strings")
    return shape, fortran, dtype


def _read_data(
    stream: IO[bytes] | io.FileIO, shape: tuple[int, ...], fortran: bool, dtype: np.dtype[Any]
) -> Array:
    data = streams.read_growing(stream, math.prod(shape) * dtype.itemsize, "its array")
    array = data.view(dtype).reshape(shape, order="F" if fortran else "C")
    return np.ascontiguousarray(array, dtype=dtype.newbyteorder("="))
