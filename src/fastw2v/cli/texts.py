"""The texts that commands read: files, directories, patterns and stdin, as one corpus.

`find_files` finds the files and reads nothing, so that a command can check its other arguments before a long reading
begins. `open_texts` then copies what can be read only once, stdin and pipes, and returns the corpus. `read_once` reads
a text a single time, and so copies nothing.
"""

from __future__ import annotations

import contextlib
import errno
import glob
import importlib
import io
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.parser import UsageError
from fastw2v.cli.streams import temporary_copy
from fastw2v.common.codecs import DecompressedFile, suffix_of
from fastw2v.common.files import local_path, open_input
from fastw2v.corpora import FileSentences, PathLineSentences
from fastw2v.text.file_sentences import line_splitter, split_lines
from fastw2v.text.normalization import TOKENIZERS

logger = logging.getLogger(__name__)


def find_files(inputs: Iterable[str]) -> list[str]:
    """Return the files that the arguments of a command stand for, each once, in the order of the arguments.

    Parameters
    ----------
    inputs : iterable of str
        Files, URIs, directories (for all files in them), patterns with ``*``, ``?`` or ``[...]`` (``**`` for any
        subdirectories), and ``-`` for stdin. The files of a directory or of a pattern are sorted by name.

    Raises
    ------
    UsageError
        If a pattern matches no file, or a directory has none.
    OSError
        If a file does not exist or cannot be read.
    """
    files: dict[Any, str] = {}
    for path in (path for each in inputs for path in _expanded(each)):
        first = files.setdefault(_identity(path), path)
        if first is not path:
            logger.warning("%s and %s are one file, which is read once", first, path)
    return list(files.values())


def _expanded(name: str) -> list[str]:
    if name == STANDARD_STREAM or local_path(name) is None:
        return [name]
    if os.path.isdir(name):
        found = PathLineSentences(name).input_files
        if not found:
            raise UsageError(f"the directory {name} has no files; its subdirectories are not read")
        return found
    if not os.path.exists(name) and glob.has_magic(name):
        found = sorted(path for path in glob.iglob(name, recursive=True) if os.path.isfile(path))
        if not found:
            raise UsageError(f"no file matches {name}")
        return found
    if not os.path.exists(name):
        raise FileNotFoundError(errno.ENOENT, "no such file; check the name", name)
    if os.path.isfile(name):
        with open_input(name):  # raises an error that names the file if it cannot be read
            pass
    return [name]


def _identity(path: str) -> Any:
    """Return a value that is the same for all names of a file."""
    if path == STANDARD_STREAM or local_path(path) is None:
        return path
    status = os.stat(path)
    return status.st_dev, status.st_ino


@contextlib.contextmanager
def open_texts(
    files: Sequence[str],
    tokenizer: str = "whitespace",
    lower: bool = False,
    max_sentence_length: int = 10_000,
) -> Iterator[FileSentences]:
    """Yield the text of files that `find_files` returned as one corpus.

    Parameters
    ----------
    files : sequence of str
        The files.
    tokenizer : str
        "whitespace", "words" or "PACKAGE:FUNCTION".
    lower, max_sentence_length
        See `FileSentences`.
    """
    split = find_tokenizer(tokenizer)
    with contextlib.ExitStack() as stack:
        paths = []
        for path in files:
            if path == STANDARD_STREAM:
                path = stack.enter_context(temporary_copy(sys.stdin.buffer))
            elif local_path(path) is not None and not os.path.isfile(path):  # e.g. <(command) in a shell
                path = stack.enter_context(temporary_copy(stack.enter_context(open(path, "rb"))))
            paths.append(path)
        yield FileSentences(paths, split, lower, max_sentence_length)


def read_once(
    files: Iterable[str],
    tokenizer: str = "whitespace",
    lower: bool = False,
    max_sentence_length: int = 10_000,
) -> Iterator[list[Any]]:
    """Yield the sentences of files that `find_files` returned; stdin and pipes are read as their text arrives.

    The arguments are those of `open_texts`.
    """
    split = find_tokenizer(tokenizer)
    for path in files:
        with contextlib.ExitStack() as stack:
            if path == STANDARD_STREAM:
                # Not through the buffer of sys.stdin, which would wait until it is full.
                stream, name = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer), "stdin"
            elif local_path(path) is not None and not os.path.isfile(path):  # a pipe
                stream, name = stack.enter_context(open(path, "rb", buffering=0)), path
            else:
                yield from FileSentences([path], split, lower, max_sentence_length)
                continue
            lines = enumerate(stack.enter_context(_decompressed(stream, name)), 1)
            yield from split_lines(lines, name, line_splitter(split, lower), max_sentence_length)


def _decompressed(stream: Any, name: str) -> io.BufferedReader:
    """Return an unbuffered binary stream as a buffered one, decompressed if its first bytes say so."""
    buffered = io.BufferedReader(stream)
    suffix = suffix_of(buffered.peek(8))
    return buffered if suffix is None else io.BufferedReader(DecompressedFile(buffered, suffix, name))


def find_tokenizer(name: str) -> Any:
    """Return the argument `tokenizer` of `FileSentences` that ``--tokenizer`` stands for."""
    return name if name in TOKENIZERS else _user_tokenizer(name)


def _user_tokenizer(name: str) -> Callable[[str], list[Any]]:
    """Return the function that ``PACKAGE:FUNCTION`` names, with its errors reported as those of the user."""
    function = _imported_function(name)

    def split(line: str) -> list[Any]:
        try:
            tokens = function(line)
            if not isinstance(tokens, (str, bytes)):
                return list(tokens)
        except Exception as error:
            raise UsageError(
                f"--tokenizer {name} failed for the line {line!r:.80}: {type(error).__name__}: {error}"
            ) from error
        raise UsageError(f"--tokenizer {name} returned {tokens!r:.80}; it must return a list of words")

    return split


def _imported_function(name: str) -> Callable[[str], Iterable[Any]]:
    """Import a function; modules in the current directory are found, too."""
    module, _, function = name.partition(":")
    directory = os.getcwd()
    sys.path.insert(0, directory)
    try:
        found: Any = importlib.import_module(module)
        for attribute in function.split("."):
            found = getattr(found, attribute)
    except (ImportError, AttributeError) as error:
        raise UsageError(f"--tokenizer {name}: {error}") from error
    finally:
        sys.path.remove(directory)
    if not callable(found):
        raise UsageError(f"--tokenizer {name} is a {type(found).__name__}; name a function of a line")
    return found  # type: ignore[no-any-return]
