"""Compressed streams, by the standard library and by zstandard.

smart_open is not used, because the formats it supports depend on its version. Damaged data is reported in one way for
all formats.
"""

from __future__ import annotations

import bz2
import codecs
import errno
import gzip
import io
import lzma
import os
import zlib
from typing import IO, Any

BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # of UTF-8

# The first bytes of compressed data.
SIGNATURES = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
_FORMAT_OF = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstandard"}
# The first bytes of files that are often taken for text or vectors, and the remedy.
_FOREIGN = {
    b"PK\x03\x04": "a zip archive; unpack it first",
    b"version https://git-lfs.github.com/spec/": (
        "a Git LFS pointer in place of the file; get the file with 'git lfs pull'"
    ),
    b"\xba\x16\x4f\x2f": (
        "a fastText model (.bin), which is not the word2vec format; KeyedVectors.load_fasttext() reads it"
    ),
    b"FiFu\0\0\0\0": (
        "a finalfusion file (.fifu), which is not the word2vec format; KeyedVectors.load_finalfusion() reads it"
    ),
}
_CONTROL_CHARACTERS = bytes({*range(9), *range(14, 28), 127})  # not white space


def check_content(first_bytes: bytes, name: Any) -> None:
    """Check that the beginning of a file, decompressed according to its suffix, is not that of a foreign format.

    Raises
    ------
    ValueError
        For compressed data, a zip archive, a Git LFS pointer, a fastText model and a finalfusion file; the message
        names the remedy.
    """
    for signature, what in _FOREIGN.items():
        if first_bytes.startswith(signature):
            raise ValueError(f"{str(name)!r} is {what}")
    suffix = suffix_of(first_bytes)
    if suffix is not None and has_control_characters(first_bytes):
        raise ValueError(
            f"{str(name)!r} holds {_FORMAT_OF[suffix]} data; rename it so that its name ends in {suffix!r}"
        )


def has_control_characters(data: bytes) -> bool:
    """Return whether `data` has control characters other than white space, so that it is not text."""
    return len(data.translate(None, _CONTROL_CHARACTERS)) < len(data)


def is_utf8(data: bytes) -> bool:
    """Return whether `data`, which may end within a character, is UTF-8."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def suffix_of(first_bytes: bytes) -> str | None:
    """Return the suffix of the compression format that begins with these bytes; None if it is none."""
    return next((suffix for start, suffix in SIGNATURES.items() if first_bytes.startswith(start)), None)


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
        self._suffix = suffix
        self._name = name
        self._checked = False
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
        if not self._checked:
            self._check_signature()
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

    def _check_signature(self) -> None:
        """Raise OSError if the data is not in the format that the suffix names."""
        self._checked = True
        peek = getattr(self._compressed, "peek", None)
        first = b"" if peek is None else peek(8)[:8]
        if len(first) < 8 or suffix_of(first) == self._suffix or _is_zstd_skippable(first, self._suffix):
            return  # a file that is so short is damaged, or empty
        other = suffix_of(first)
        if other is not None:
            remedy = f"but holds {_FORMAT_OF[other]} data; rename it so that its name ends in {other!r}"
        elif has_control_characters(first):
            return  # damaged, as the decompression reports
        else:
            remedy = (
                f"but is not compressed; rename it to {os.path.basename(self._name)[: -len(self._suffix)]!r}"
            )
        message = f"the name ends in {self._suffix!r}, {remedy}"
        raise OSError(errno.EINVAL, message, self._name)

    def close(self) -> None:
        try:
            super().close()
        finally:
            self._compressed.close()


def _is_zstd_skippable(first: bytes, suffix: str) -> bool:
    return suffix == ".zst" and first[1:4] == b"\x2a\x4d\x18" and first[0] >> 4 == 5


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
        return _GzipWriter(raw)
    if suffix == ".bz2":
        return bz2.BZ2File(raw, "wb")
    if suffix == ".xz":
        return lzma.LZMAFile(raw, "wb")
    return _zstandard().ZstdCompressor(write_checksum=True).stream_writer(raw, closefd=False)


class _GzipWriter(io.RawIOBase):
    """Write one gzip member. If writing fails, nothing is left to be written when the object is deleted.

    From Python 3.12 on, `gzip.GzipFile` has a buffer of its own, which after a failure prints an error when deleted.
    """

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._compressor = zlib.compressobj(
            6, zlib.DEFLATED, 16 + zlib.MAX_WBITS
        )  # 16: with a header of gzip

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._raw.write(self._compressor.compress(data))
        return memoryview(data).nbytes

    def close(self) -> None:
        if not self.closed:
            try:
                self._raw.write(self._compressor.flush())
            finally:
                super().close()


def _zstandard() -> Any:
    try:
        import zstandard
    except ImportError:
        raise ImportError("'.zst' files need the zstandard package: pip install 'fastw2v[zst]'") from None
    return zstandard
