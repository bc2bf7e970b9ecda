"""Files of text, read in pieces that several threads tokenise at once.

Whoever is free takes the lock of the source, reads the next piece (and decompresses it, where that is needed),
gives the lock back and tokenises. The calling thread gets the pieces in the order of the text and gives each back
when it is done with it, so that memory is bounded by the number of pieces, whatever the size of the text. Pieces
are read into buffers, not mapped: a file that shrinks meanwhile is short, and nothing worse.
"""

from __future__ import annotations

import contextlib
import os
import queue
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO, Any

from fastw2v.text import tokenizer
from fastw2v.common.files import compression, local_path, open_input

__all__ = ["TextFiles", "of_corpus", "pieces"]

PIECE_SIZE = 1 << 20  # smaller ones make threads wait for one another, larger ones take memory
_INFLATION = 4  # about what text gains by compression

_ASCII_SPACES = tuple(bytes([byte]) for byte in b" \n\t\r\x0b\x0c\x1c\x1d\x1e\x1f")


@dataclass(frozen=True)
class TextFiles:
    """What a reader reads: files of tokens separated by white space.

    Attributes
    ----------
    paths : sequence of str or os.PathLike
        Paths or URIs, plain or compressed, read one after another.
    max_sentence_length : int
        Tokens of one sentence; a longer line becomes several.
    limit : int or None
        Lines to read of each file.
    lines : bool
        A line feed ends a sentence.
    """

    paths: Sequence[Any]
    max_sentence_length: int
    limit: int | None = None
    lines: bool = True


def of_corpus(corpus: Any) -> TextFiles | None:
    """Return the files behind `corpus` if it is a reader that can tell, else None.

    A reader's class has ``text_files`` itself: one that only inherits it may well iterate otherwise.
    """
    method = vars(type(corpus)).get("text_files")
    files: TextFiles | None = None if method is None else method(corpus)
    return files


def line_error(error: UnicodeDecodeError, line: int, name: Any) -> UnicodeDecodeError:
    """Return `error` with the line of the file where it is."""
    where = f"{error.reason} (line {line} of {name})"
    return UnicodeDecodeError(error.encoding, error.object, error.start, error.end, where)


class _Source:
    """Cuts files into pieces that end where a token ends, at the end of a line if there is one."""

    def __init__(self, files: TextFiles) -> None:
        self._files = files
        self._paths = iter(files.paths)
        self._stream: IO[bytes] | None = None
        self._name: Any = None
        self._rest = b""
        self._lines_left: int | None = None

    def fill(self, piece: tokenizer.Piece) -> bool:
        """Read the next piece; False at the end."""
        if self._stream is None and not self._open():
            return False
        stream = self._stream
        assert stream is not None
        piece.name = self._name
        while piece.room < 2 * len(self._rest):
            piece.enlarge()
        used = len(self._rest)
        piece.text[:used] = self._rest
        cut = 0
        while not cut:
            used, ended = self._read(stream, piece, used)
            cut = used if ended else self._cut(piece.text, used)
            if not cut and not ended:
                piece.enlarge()
            if ended:
                break
        self._rest = bytes(memoryview(piece.text)[cut:used])
        piece.length, piece.ends_file = cut, ended
        if self._lines_left is not None:
            self._limit(piece)
        if piece.ends_file:
            self.close()
        return True

    def _open(self) -> bool:
        path = next(self._paths, None)
        if path is None:
            return False
        self._stream, self._name, self._rest = open_input(path), path, b""
        self._lines_left = self._files.limit
        return True

    def _read(self, stream: IO[bytes], piece: tokenizer.Piece, used: int) -> tuple[int, bool]:
        """Fill the buffer; return how many bytes it holds, and whether the file ends with them."""
        with memoryview(piece.text) as view:
            while used < piece.room:
                count = stream.readinto(view[used : piece.room])  # type: ignore[attr-defined]
                if not count:
                    return used, True
                used += count
        return used, False

    def _cut(self, text: bytearray, used: int) -> int:
        """Length of the longest part that ends a line or, if there is none, a token."""
        if self._files.lines:
            feed = text.rfind(b"\n", 0, used) + 1
            if feed:
                return feed
        ends = (text.rfind(space, 0, used) + 1 for space in _ASCII_SPACES)
        return next(filter(None, ends), 0)

    def _limit(self, piece: tokenizer.Piece) -> None:
        """Cut `piece` after the last line that is to be read."""
        assert self._lines_left is not None
        if self._lines_left <= 0:
            piece.length, piece.ends_file = 0, True
            return
        feeds = piece.text.count(b"\n", 0, piece.length)
        if feeds >= self._lines_left:
            end = 0
            for _ in range(self._lines_left):
                end = piece.text.index(b"\n", end) + 1
            piece.length, piece.ends_file = end, True
        self._lines_left -= feeds

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None


class _Crew:
    """The threads, and the pieces that go round between them and the caller."""

    def __init__(self, source: _Source, tokenizers: Sequence[tokenizer.Tokenizer], ids: bool) -> None:
        self._source = source
        self._ids = ids
        self._reading = threading.Lock()
        self._ended = False
        self._number = 0
        self._free: queue.SimpleQueue[tokenizer.Piece | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[tokenizer.Piece | None] = queue.SimpleQueue()
        for _ in range(2 * len(tokenizers) + 1):
            self._free.put(tokenizer.Piece(PIECE_SIZE))
        self._threads = [
            threading.Thread(target=self._work, args=(tokenizer,), name="fastw2v-text", daemon=True)
            for tokenizer in tokenizers
        ]

    def __iter__(self) -> Iterator[tokenizer.Piece]:
        early: dict[int, tokenizer.Piece] = {}
        wanted, working = 0, len(self._threads)
        try:
            for thread in self._threads:
                thread.start()
            while working or early:
                while wanted in early:
                    piece = early.pop(wanted)
                    yield piece
                    self._free.put(piece)
                    wanted += 1
                if working:
                    done = self._done.get()
                    if done is None:
                        working -= 1
                    else:
                        early[done.number] = done
        finally:
            self._ended = True
            for _ in self._threads:
                self._free.put(None)
            for thread in self._threads:
                if thread.ident is not None:
                    thread.join()
            self._source.close()

    def _work(self, tokenizer: tokenizer.Tokenizer) -> None:
        while (piece := self._free.get()) is not None and self._next(piece):
            if piece.error is None:
                _run(tokenizer, piece, self._ids)
            self._done.put(piece)
        self._done.put(None)

    def _next(self, piece: tokenizer.Piece) -> bool:
        """Fill `piece` and number it; False if there is nothing more to do."""
        with self._reading:
            if self._ended:
                return False
            try:
                self._ended = not self._source.fill(piece)
                if self._ended:
                    return False
            except BaseException as error:  # raised again by the caller, when its turn comes
                piece.error = error
                self._ended = True
            piece.number = self._number
            self._number += 1
            return True


def _run(tokenizer: tokenizer.Tokenizer, piece: tokenizer.Piece, ids: bool) -> None:
    try:
        tokenizer.run(piece, ids)
    except BaseException as error:  # raised again by the caller, when its turn comes
        piece.error = error


def _alone(source: _Source, tokenizer: tokenizer.Tokenizer, ids: bool) -> Iterator[tokenizer.Piece]:
    piece = tokenizer.Piece(PIECE_SIZE)
    with contextlib.closing(source):
        while source.fill(piece):
            tokenizer.run(piece, ids)
            yield piece


def _bytes_of(files: TextFiles) -> int:
    """About how many bytes the files have, once decompressed; many where that cannot be told."""
    total = 0
    for path in files.paths:
        local = local_path(path)
        if local is None:
            return sys.maxsize
        with contextlib.suppress(OSError):
            total += os.path.getsize(local) * (_INFLATION if compression(path) else 1)
    return total


def tokenizers_for(files: TextFiles, words: tokenizer.Words, workers: int | None = None) -> list[tokenizer.Tokenizer]:
    """Return a tokenizer for each thread that `files` are worth; None allows as many as there are cores."""
    useful = _bytes_of(files) // PIECE_SIZE + 1
    n = max(1, min(workers or os.cpu_count() or 1, useful))
    return [tokenizer.Tokenizer(words, files.lines) for _ in range(n)]


def pieces(
    files: TextFiles, words: tokenizer.Words, tokenizers: Sequence[tokenizer.Tokenizer], ids: bool
) -> Iterator[tokenizer.Piece]:
    """Yield the pieces of `files`, tokenised and adopted by `words`, in order; each holds until the next.

    Raises
    ------
    UnicodeDecodeError
        If a line is not UTF-8; it names the line and the file.
    OSError
        If a file cannot be read.
    """
    source = _Source(files)
    line = 1
    run = _alone(source, tokenizers[0], ids) if len(tokenizers) == 1 else iter(_Crew(source, tokenizers, ids))
    with contextlib.closing(run):  # type: ignore[type-var]
        for piece in run:
            if piece.error is not None:
                raise piece.error
            if piece.invalid_at >= 0:
                _refuse(piece, line)
            words.adopt(piece)
            yield piece
            feeds = piece.n_lines if files.lines else piece.text.count(b"\n", 0, piece.length)
            line = 1 if piece.ends_file else line + feeds


def _refuse(piece: tokenizer.Piece, line: int) -> None:
    """Raise what decoding the line with the invalid byte raises; `line` is the number of the first one."""
    text = bytes(memoryview(piece.text)[: piece.length])
    start = text.rfind(b"\n", 0, piece.invalid_at) + 1
    end = text.find(b"\n", piece.invalid_at) + 1 or len(text)
    try:
        text[start:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise line_error(error, line + text.count(b"\n", 0, start), piece.name) from None
    raise AssertionError("a decoder takes what the tokenizer refused")
