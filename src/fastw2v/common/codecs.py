"""Compressed streams, by the standard library and by zstandard.

smart_open is not used, because the formats it supports depend on its version. Damaged data is reported in one way for
all formats.
"""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import zlib
from typing import IO, Any


class DecompressedFile(io.RawIOBase):
    """The decompressed content of a file; damaged data raises an OSError that names the file.

    Parameters
    ----------
    compressed : binary file object
        The compressed data. It is closed together with this object.
    suffix : {".gz", ".bz2", ".xz", ".zst"}
        The format.
    name : str
        Name of the file, for messages.
    """

    def __init__(self, compressed: IO[bytes], suffix: str, name: str) -> None:
        self._compressed = compressed
        self._name = name
        self._codec: Any
        if suffix == ".gz":
            self._codec = gzip.GzipFile(fileobj=compressed, mode="rb")
        elif suffix == ".bz2":
            self._codec = bz2.BZ2File(compressed, "rb")
        elif suffix == ".xz":
            self._codec = lzma.LZMAFile(compressed, "rb")  # noqa: SIM115 - closed with the file beneath it
        else:
            self._codec = _ZstdReader(compressed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        try:
            count: int = self._codec.readinto(buffer)
        except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile, _DamagedError) as error:
            message = f"the compressed data is damaged or cut short ({error}); get it again from its source"
            raise OSError(errno.EIO, message, self._name) from error
        except OSError as error:
            if error.errno is None:  # bz2 has no exception of its own
                message = f"the compressed data is damaged ({error}); get it again from its source"
                raise OSError(errno.EIO, message, self._name) from error
            raise
        return count

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._compressed.close()


class _DamagedError(Exception):
    """Damage that the codec itself reports in another way, or not at all."""


class _ZstdReader:
    """Read a file of zstd frames. zstandard's own reader does not report a truncated frame; this one does."""

    # A compressed block of 4 bytes can expand to 128 KiB, so one read expands to less than 128 MiB.
    _READ_SIZE = 4096

    def __init__(self, compressed: IO[bytes]) -> None:
        self._module = _zstandard()
        self._compressed = compressed
        self._frame = self._module.ZstdDecompressor().decompressobj()
        self._within_frame = False
        self._input = b""
        self._output = memoryview(b"")

    def readinto(self, buffer: Any) -> int:
        while not self._output:
            if not self._input:
                self._input = self._compressed.read(self._READ_SIZE)
            if not self._input:
                if self._within_frame:
                    raise _DamagedError("it ends within a frame")
                return 0
            self._decompress()
        count = min(len(buffer), len(self._output))
        buffer[:count] = self._output[:count]
        self._output = self._output[count:]
        return count

    def _decompress(self) -> None:
        """Decompress the buffered input, up to the end of its frame."""
        try:
            self._output = memoryview(self._frame.decompress(self._input))
        except self._module.ZstdError as error:
            raise _DamagedError(error) from None
        self._input, self._within_frame = b"", not self._frame.eof
        if self._frame.eof:
            self._input = self._frame.unused_data
            self._frame = self._module.ZstdDecompressor().decompressobj()


def compressing_writer(raw: IO[bytes], suffix: str) -> Any:
    """Return a file object that compresses into `raw` in the format of `suffix`; closing it leaves `raw` open."""
    if suffix == ".gz":
        return gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6)
    if suffix == ".bz2":
        return bz2.BZ2File(raw, "wb")
    if suffix == ".xz":
        return lzma.LZMAFile(raw, "wb")
    return _zstandard().ZstdCompressor(write_checksum=True).stream_writer(raw, closefd=False)


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise ImportError("'.zst' files need the zstandard package: pip install 'fastw2v[zst]'") from None
    return zstandard
