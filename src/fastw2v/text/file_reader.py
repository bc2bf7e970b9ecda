"""Reading text files in blocks that several threads tokenise at the same time.

The calling thread reads (and decompresses) the files in blocks that end where a token ends, and the threads of
`ordered_map_by` tokenise them, each with a tokenizer of its own. The calling thread receives the blocks in the order of
the text, merges their words into the table of all words, and reuses their buffers. So the memory is bounded by the
number of threads, whatever the size of the text. Blocks are read into buffers and not memory-mapped: if a file shrinks
meanwhile, the text is shorter, but nothing crashes.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import IO, Any, Protocol, cast

from fastw2v.common.codecs import BYTE_ORDER_MARK, check_content
from fastw2v.common.cores import usable_cores
from fastw2v.common.files import compression, local_path, open_input
from fastw2v.common.parallel import ordered_map_by
from fastw2v.text.normalization import NormalizedFile, Transform, line_error
from fastw2v.text.tokenizer import TextBlock, Tokenizer, WordTable

__all__ = ["FilePart", "TextFiles", "TextSource", "blocks", "files_of", "line_error", "tokenizers_for"]

BLOCK_SIZE = 1 << 20  # smaller blocks make threads wait for one another, larger blocks take memory
_COMPRESSION_RATIO = 4  # typical for text

_ASCII_SPACES = tuple(bytes([byte]) for byte in b" \n\t\r\x0b\x0c\x1c\x1d\x1e\x1f")


class BlockReader(Protocol):
    """Fill blocks with consecutive parts of a text."""

    def fill(self, block: TextBlock) -> bool:
        """Read the next block; return False at the end of the text."""

    def raise_decode_error(self, block: TextBlock, line: int) -> None:
        """Raise the error of the invalid byte of a block; `line` is the number of the block's first line."""

    def close(self) -> None:
        """End the reading."""


class TextSource(Protocol):
    """A text to tokenise: files, or the column of a table.

    Attributes
    ----------
    max_sentence_length : int
        Maximum number of tokens of a sentence; a longer line becomes several sentences.
    lines : bool
        Whether a line feed ends a sentence.
    keep_empty : bool
        Whether a line without tokens is a sentence without tokens. Otherwise it is skipped.
    """

    @property
    def max_sentence_length(self) -> int: ...
    @property
    def lines(self) -> bool: ...
    @property
    def keep_empty(self) -> bool: ...
    def size(self) -> int:
        """Return roughly the size of the text in bytes; a huge number where it cannot be known."""

    def reader(self) -> BlockReader:
        """Return a new reader of the text."""


@dataclass(frozen=True)
class FilePart:
    """Consecutive bytes of a plain local file, which begin where a line begins.

    Attributes
    ----------
    path : str or os.PathLike
    start, stop : int
        The first byte, and the one after the last.
    """

    path: Any
    start: int
    stop: int

    def __str__(self) -> str:
        return f"{os.fspath(self.path)} from byte {self.start} on"

    def open(self) -> IO[bytes]:
        """Open the file at the part; its end reads as the end of the file."""
        return io.BufferedReader(_RawPart(open_input(self.path), self.start, self.stop))


class _RawPart(io.RawIOBase):
    """A file that ends where a part of it ends."""

    def __init__(self, stream: IO[bytes], start: int, stop: int) -> None:
        self._stream, self._left = stream, stop - start
        stream.seek(start)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with memoryview(buffer) as view:
            count: int = self._stream.readinto(view[: min(len(view), self._left)])  # type: ignore[attr-defined]
        self._left -= count
        return count

    def close(self) -> None:
        self._stream.close()
        super().close()


@dataclass(frozen=True)
class TextFiles:
    """The files that a corpus reads: tokens separated by white space.

    Attributes
    ----------
    paths : sequence of str, os.PathLike or FilePart
        Paths or URIs, plain or compressed, or parts of files, read one after another.
    max_sentence_length : int
        Maximum number of tokens of a sentence; a longer line becomes several sentences.
    limit : int or None
        Maximum number of lines to read from each file.
    lines : bool
        Whether a line feed ends a sentence.
    keep_empty : bool
        See `TextSource`.
    transform : callable or None
        A change of the text after which white space separates the tokens; see `normalization`.
    """

    paths: Sequence[Any]
    max_sentence_length: int
    limit: int | None = None
    lines: bool = True
    keep_empty: bool = False
    transform: Transform | None = None

    def size(self) -> int:
        """Return roughly the size of the decompressed files in bytes; a huge number where it cannot be known."""
        total = 0
        for path in self.paths:
            if isinstance(path, FilePart):
                total += path.stop - path.start
                continue
            local = local_path(path)
            if local is None:
                return sys.maxsize
            with contextlib.suppress(OSError):
                total += os.path.getsize(local) * (_COMPRESSION_RATIO if compression(path) else 1)
        return total

    def reader(self) -> BlockReader:
        """Return a new reader of the files."""
        return _BlockReader(self)


def files_of(corpus: Any) -> TextFiles | None:
    """Return the files behind a corpus, or None if `corpus` is not a reader of files.

    The class of the corpus itself must define ``text_files``. A subclass that inherits the method may iterate in
    another way.
    """
    method = vars(type(corpus)).get("text_files")
    files: TextFiles | None = None if method is None else method(corpus)
    return files


class _BlockReader:
    """Read files into blocks that end where a token ends; at the end of a line if the block has one."""

    def __init__(self, files: TextFiles) -> None:
        self._files = files
        self._paths = iter(files.paths)
        self._stream: IO[bytes] | None = None
        self._name: Any = None
        self._rest = b""
        self._at_start = True
        self._lines_left: int | None = None

    def fill(self, block: TextBlock) -> bool:
        """Read the next block; return False at the end of the last file."""
        if self._stream is None and not self._open():
            return False
        stream = self._stream
        assert stream is not None
        block.name = self._name
        while block.capacity < 2 * len(self._rest):
            block.enlarge()
        used = len(self._rest)
        block.text[:used] = self._rest
        end = 0
        while not end:
            used, at_end = self._read(stream, block, used)
            if self._at_start:
                self._at_start = False
                self._check_start(block, used)
            end = used if at_end else self._last_boundary(block.text, used)
            if not end and not at_end:
                block.enlarge()
            if at_end:
                break
        self._rest = bytes(memoryview(block.text)[end:used])
        block.length, block.ends_file = end, at_end
        if self._lines_left is not None:
            self._apply_limit(block)
        if block.ends_file:
            self.close()
        return True

    def _open(self) -> bool:
        path = next(self._paths, None)
        if path is None:
            return False
        is_part = isinstance(path, FilePart)
        stream = path.open() if is_part else open_input(path)
        if self._files.transform is not None:
            stream = cast("IO[bytes]", NormalizedFile(stream, self._files.transform, path))
        self._stream, self._name, self._rest = stream, path, b""
        self._at_start = not (is_part and path.start)
        self._lines_left = self._files.limit
        return True

    def _read(self, stream: IO[bytes], block: TextBlock, used: int) -> tuple[int, bool]:
        """Fill the buffer; return the number of bytes in it, and whether the file ends with them."""
        with memoryview(block.text) as view:
            while used < block.capacity:
                count = stream.readinto(view[used : block.capacity])  # type: ignore[attr-defined]
                if not count:
                    return used, True
                used += count
        return used, False

    def _check_start(self, block: TextBlock, used: int) -> None:
        """Refuse formats that are no text, and replace a byte-order mark by spaces."""
        start = bytes(block.text[: min(used, 64)])
        check_content(start, self._name)
        if start.startswith(BYTE_ORDER_MARK):
            block.text[: len(BYTE_ORDER_MARK)] = b" " * len(BYTE_ORDER_MARK)

    def _last_boundary(self, text: bytearray, used: int) -> int:
        """Return the end of the last line or, without a line feed, of the last token; 0 if there is neither."""
        if self._files.lines:
            line_end = text.rfind(b"\n", 0, used) + 1
            if line_end:
                return line_end
        ends = (text.rfind(space, 0, used) + 1 for space in _ASCII_SPACES)
        return next(filter(None, ends), 0)

    def _apply_limit(self, block: TextBlock) -> None:
        """Shorten `block` so that no more lines than allowed are read from the file."""
        assert self._lines_left is not None
        if self._lines_left <= 0:
            block.length, block.ends_file = 0, True
            return
        n_lines = block.text.count(b"\n", 0, block.length)
        if n_lines >= self._lines_left:
            end = 0
            for _ in range(self._lines_left):
                end = block.text.index(b"\n", end) + 1
            block.length, block.ends_file = end, True
        self._lines_left -= n_lines

    def raise_decode_error(self, block: TextBlock, line: int) -> None:
        """Raise the error of decoding the line with the invalid byte; `line` is the number of the first line."""
        text = bytes(memoryview(block.text)[: block.length])
        start = text.rfind(b"\n", 0, block.invalid_at) + 1
        end = text.find(b"\n", block.invalid_at) + 1 or len(text)
        try:
            text[start:end].decode("utf-8")
        except UnicodeDecodeError as error:
            raise line_error(error, line + text.count(b"\n", 0, start), block.name) from None
        raise AssertionError("Python decodes a line that the tokenizer rejected")

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


def tokenizers_for(text: TextSource, words: WordTable, workers: int | None = None) -> list[Tokenizer]:
    """Return a tokenizer for each thread that is worth starting for `text`.

    Parameters
    ----------
    text : TextSource
        The text. A text of a few blocks gets a few tokenizers only.
    words : WordTable
        The table of all words.
    workers : int, optional
        Maximum number of tokenizers. By default it is the number of cores.
    """
    useful = text.size() // BLOCK_SIZE + 1
    n = max(1, min(workers or usable_cores(), useful))
    return [Tokenizer(words, text.lines) for _ in range(n)]


def blocks(
    text: TextSource, words: WordTable, tokenizers: Sequence[Tokenizer], ids: bool
) -> Iterator[TextBlock]:
    """Yield the tokenised blocks of a text in their order.

    Parameters
    ----------
    text : TextSource
        The text.
    words : WordTable
        Receives the words of each block before the block is yielded.
    tokenizers : sequence of Tokenizer
        One for each thread. With a single tokenizer, the calling thread does the work.
    ids : bool
        Whether the ids of the tokens are needed, or only the counts of the words.

    Yields
    ------
    TextBlock
        It is valid until the next one is requested.

    Raises
    ------
    UnicodeDecodeError
        If a line is not UTF-8; the message names the line and the file.
    OSError
        If a file cannot be read.
    """
    free: list[TextBlock] = []
    tokenize = [partial(_tokenize, tokenizer, ids=ids) for tokenizer in tokenizers]
    line = 1
    with contextlib.closing(text.reader()) as reader:
        read = _read_blocks(reader, free)
        with contextlib.closing(_apply(tokenize, read)) as tokenised:
            for block in tokenised:
                if block.invalid_at >= 0:
                    reader.raise_decode_error(block, line)
                words.merge(block)
                yield block
                n_lines = block.n_lines if text.lines else block.text.count(b"\n", 0, block.length)
                line = 1 if block.ends_file else line + n_lines
                free.append(block)


def _apply(
    tokenize: Sequence[Callable[[TextBlock], TextBlock]], read: Iterator[TextBlock]
) -> Generator[TextBlock, None, None]:
    if len(tokenize) == 1:
        yield from map(tokenize[0], read)
    else:
        yield from ordered_map_by(tokenize, read)


def _read_blocks(reader: BlockReader, free: list[TextBlock]) -> Iterator[TextBlock]:
    """Yield the blocks of `reader`; the blocks of `free` are used again."""
    while True:
        block = free.pop() if free else TextBlock(BLOCK_SIZE)
        if not reader.fill(block):
            return
        yield block


def _tokenize(tokenizer: Tokenizer, block: TextBlock, ids: bool) -> TextBlock:
    tokenizer.tokenize(block, ids)
    return block
