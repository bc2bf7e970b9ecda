"""Building an `EncodedCorpus` from batches of ids, in memory or in a temporary file.

The arrays of the corpus grow in memory up to a budget, by default a quarter of the free memory. Beyond the budget they
continue in unnamed temporary files, which are memory-mapped at the end and disappear together with the arrays.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import tempfile
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from fastw2v.text.encoded_corpus import EncodedCorpus

__all__ = ["CorpusBuilder", "free_memory"]

_FALLBACK_FREE_MEMORY = 2 << 30


def _read_int(path: str) -> int | None:
    try:
        with open(path) as file:
            return int(file.read())
    except (OSError, ValueError):
        return None


def free_memory() -> int:
    """Return roughly how many bytes this process may still allocate.

    The system and the control group of the process each set a limit; the result is the lower one.
    """
    limits: list[int] = []
    with contextlib.suppress(OSError), open("/proc/meminfo") as lines:
        limits += [int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")]
    for limit_path, usage_path in (
        ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory.current"),
        ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory/memory.usage_in_bytes"),
    ):
        limit, usage = _read_int(limit_path), _read_int(usage_path)
        if limit is not None and usage is not None:
            limits.append(max(0, limit - usage))
    if not limits:
        with contextlib.suppress(AttributeError, OSError, ValueError):
            limits.append(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    return min(limits, default=_FALLBACK_FREE_MEMORY)


class _Column:
    """A one-dimensional array that grows at its end, in memory or in a temporary file.

    Parameters
    ----------
    dtype : dtype
        Type of the values.
    """

    def __init__(self, dtype: type[np.generic]) -> None:
        self._array: npt.NDArray[Any] = np.empty(0, dtype=dtype)
        self._size = 0
        self._file: IO[bytes] | None = None

    @property
    def nbytes(self) -> int:
        return self._size * self._array.itemsize

    def append(self, values: npt.NDArray[Any]) -> None:
        size = self._size + len(values)
        if self._file is not None:
            self._file.write(values.data)
        else:
            if size > len(self._array):
                # Grow in place: realloc moves the pages of a large array, while copying to a new array would need
                # twice the memory for a moment. The steps are small because NumPy touches all memory that it adds.
                self._array.resize(size + size // 8 + 1024, refcheck=False)
            self._array[self._size : size] = values
        self._size = size

    def move_to_file(self) -> None:
        """Write the values to a temporary file, which receives all later values."""
        self._file = tempfile.TemporaryFile(prefix="fastw2v-")  # noqa: SIM115  # closed by finish or close
        self._file.write(self._array[: self._size].data)
        self._array.resize(0, refcheck=False)

    def finish(self) -> npt.NDArray[Any]:
        """Return the array; nothing may be appended afterwards."""
        if self._file is None:
            self._array.resize(self._size, refcheck=False)
            return self._array
        with self._file as file:
            file.flush()
            if self._size == 0:
                return self._array
            # The mapping keeps the unnamed file alive, and the array keeps the mapping.
            return np.frombuffer(mmap.mmap(file.fileno(), 0), dtype=self._array.dtype)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()


class CorpusBuilder:
    """Collect batches of ids and make an `EncodedCorpus` of them.

    A builder is a context manager that closes its temporary files on exit.

    Parameters
    ----------
    budget : float, optional
        Bytes that may be held in memory. By default it is a quarter of the free memory.

    Examples
    --------
    >>> import numpy as np
    >>> from fastw2v.text.corpus_builder import CorpusBuilder
    >>> with CorpusBuilder() as builder:
    ...     builder.append(np.array([4, 0, 7], dtype=np.int32), np.array([2, 1]), np.array([3, 1]))
    ...     corpus = builder.finish()
    >>> corpus.offsets
    array([0, 2, 3])
    """

    def __init__(self, budget: float | None = None) -> None:
        self._budget = free_memory() // 4 if budget is None else budget
        self._in_file = False
        self._ids = _Column(np.int32)
        self._offsets = _Column(np.int64)  # lengths, until `finish` adds them up
        self._raw_lengths = _Column(np.int64)
        self._columns = (self._ids, self._offsets, self._raw_lengths)
        self._offsets.append(np.zeros(1, dtype=np.int64))

    def append(
        self, ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64], raw_lengths: npt.NDArray[np.int64]
    ) -> None:
        """Add a batch of ids, and the sentences that end within it.

        Parameters
        ----------
        ids : ndarray of int32
            The next ids. They are copied.
        lengths, raw_lengths : ndarray of int64, shape (sentences,)
            Numbers of ids and of raw tokens of the sentences that were completed since the last call. A sentence may
            have ids in several batches.

        Raises
        ------
        OSError
            If the temporary file cannot be written.
        """
        try:
            self._ids.append(ids)
            self._offsets.append(lengths)
            self._raw_lengths.append(raw_lengths)
            if not self._in_file and sum(column.nbytes for column in self._columns) > self._budget:
                self._in_file = True
                for column in self._columns:
                    column.move_to_file()
        except OSError as error:
            raise OSError(
                error.errno,
                f"cannot write the encoded corpus to a temporary file in {tempfile.gettempdir()} "
                f"({error.strerror}); allow it more memory, or point TMPDIR at a larger disk",
            ) from error

    def finish(self) -> EncodedCorpus:
        """Return the corpus; nothing may be appended afterwards."""
        offsets = self._offsets.finish()
        np.cumsum(offsets, out=offsets)
        return EncodedCorpus(self._ids.finish(), offsets, self._raw_lengths.finish())

    def __enter__(self) -> CorpusBuilder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        for column in self._columns:
            column.close()
