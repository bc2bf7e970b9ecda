"""Opening files for reading and writing, such that a failure never costs the user an old file.

A local file is written under a temporary name in its own directory, flushed to the disk and renamed over the
old one: whoever looks sees the old file or the new one, never a part. The rename needs the same file system,
hence the same directory. Where the system can (Linux), the file has no name at all until it is complete, so that
not even a process that is killed leaves a part of it. What has no such rename is written as it comes: URIs
(``s3://...``, through smart_open), pipes and devices. Compression is chosen by suffix; see `codecs`.

Paths are checked by the same routine before a long training and at the writing itself.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import re
import shutil
import stat
import uuid
from collections.abc import Iterator
from typing import IO, Any

from fastw2v.common import codecs

PathLike = str | os.PathLike[str]
Text = tuple[str | None, str | None, str | None]  # encoding, errors, newline

COMPRESSED_SUFFIXES = (".gz", ".bz2", ".xz", ".zst")

_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*://")
# Names of open descriptors: renaming a file over what they stand for would cut the descriptor off from it.
_DESCRIPTOR = re.compile(r"/dev/(stdin|stdout|stderr|tty|fd/\d+)$|/proc/[^/]+/fd/\d+$")
_NO_ROOM = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def local_path(path: PathLike) -> str | None:
    """Path on this machine's file system, or None where `path` is a URI of another kind.

    ``file://`` is local, and a leading ``~`` is the home directory, as smart_open has it.

    Raises
    ------
    TypeError
        If `path` is neither a string nor an ``os.PathLike``.
    ValueError
        If `path` is empty or holds a null character.
    """
    try:
        name = os.fsdecode(path)
    except TypeError:
        raise TypeError(f"path must be a str or an os.PathLike, not {type(path).__name__}") from None
    if not name or "\0" in name:
        raise ValueError(f"path must be a file name, not {name!r}")
    if name.startswith("file://"):
        name = name[len("file://") :]
    elif _URI.match(name):
        return None
    return os.path.expanduser(name)


def compression(path: PathLike) -> str | None:
    """Suffix of `path` that asks for compression (".gz", ".bz2", ".xz", ".zst"), or None."""
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    return suffix if suffix in COMPRESSED_SUFFIXES else None


def check_writable(path: PathLike) -> None:
    """Raise now what writing `path` would raise later; leave nothing behind.

    Raises
    ------
    OSError
        `IsADirectoryError`, `FileNotFoundError`, `NotADirectoryError`, `PermissionError` or another, naming
        the path and the remedy.
    ValueError
        If `path` is a URI that smart_open cannot handle. Whether one that it can handle is writable shows
        only when it is written.
    """
    local = local_path(path)
    if local is None:
        _check_uri(os.fspath(path))
    elif not _is_special(local):
        target = os.path.realpath(local)
        _check_target(target)
        _Aside(target).remove()
    elif not os.access(local, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission to write to this device or pipe", local)


def check_regular(path: PathLike) -> str:
    """Local path of a regular file that exists.

    Models are read with their size known: a pipe could block for ever or end early.

    Raises
    ------
    OSError
        `FileNotFoundError`, `IsADirectoryError`, or `OSError` for a pipe or device.
    ValueError
        If `path` is a URI.
    """
    local = local_path(path)
    if local is None:
        raise ValueError(f"{os.fspath(path)!r} is not a file on this machine; copy it here first")
    try:
        mode = os.stat(local).st_mode
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "no such file; check the name", local) from None
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, "this is a directory; name a file inside it", local)
    if not stat.S_ISREG(mode):
        raise OSError(errno.EINVAL, "this is a pipe or device; save it to a regular file first", local)
    return local


def open_input(
    path: PathLike,
    mode: str = "rb",
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> IO[Any]:
    """Open `path` for reading; decompress by suffix.

    Parameters
    ----------
    path : str or os.PathLike
        Local file (pipes and devices included), or a URI that smart_open knows.
    mode : str, default "rb"
        "rb" or "r".
    encoding, errors, newline : str, optional
        As for `open`, in text mode. The encoding is UTF-8 by default.

    Returns
    -------
    file object
        To be closed by the caller (``with``).

    Raises
    ------
    OSError
        `FileNotFoundError`, `IsADirectoryError` or `PermissionError`; while reading, compressed data that is
        damaged or cut short.
    """
    if mode not in ("r", "rt", "rb"):
        raise ValueError(f"mode must be 'r' or 'rb', not {mode!r}")
    if "b" not in mode:
        encoding = encoding or "utf-8"
    local = local_path(path)
    if local is not None and os.path.isdir(local):
        raise IsADirectoryError(errno.EISDIR, "this is a directory; name a file inside it", local)
    try:
        raw = open(local, "rb") if local is not None else _open_uri(os.fspath(path), "rb")  # noqa: SIM115
    except FileNotFoundError:
        raise FileNotFoundError(errno.ENOENT, "no such file; check the name", local or path) from None
    suffix = compression(path)
    stream: Any = raw
    if suffix is not None:
        try:
            stream = io.BufferedReader(codecs.Decompressed(raw, suffix, os.fspath(path)), 1 << 17)
        except BaseException:
            raw.close()
            raise
    return stream if "b" in mode else io.TextIOWrapper(stream, encoding, errors, newline)


@contextlib.contextmanager
def open_atomic(
    path: PathLike,
    mode: str = "wb",
    encoding: str | None = None,
    newline: str | None = None,
    append: bool = False,
    errors: str | None = None,
) -> Iterator[IO[Any]]:
    """Context manager: a file object to write, which becomes `path` only when the block ends well.

    On any exception, KeyboardInterrupt included, the temporary file is removed and the old file is untouched.
    The permission bits of an existing file are kept, and a symbolic link keeps pointing at the new content.

    Parameters
    ----------
    path : str or os.PathLike
        Local file, pipe or device, or a URI that smart_open knows. The last three are written directly and
        are not atomic. A suffix ".gz", ".bz2", ".xz" or ".zst" compresses.
    mode : str, default "wb"
        "wb" or "w".
    encoding, newline, errors : str, optional
        As for `open`, in text mode. The encoding is UTF-8 by default.
    append : bool, default False
        Begin with the content of the existing file, if there is one. Not for URIs.

    Raises
    ------
    OSError
        If `path` cannot be written: see `check_writable`. A full disk or quota is named with the path.
    """
    if mode not in ("w", "wt", "wb"):
        raise ValueError(f"mode must be 'w' or 'wb', not {mode!r}")
    if "b" not in mode:
        encoding = encoding or "utf-8"
    text = (encoding, errors, newline)
    local = local_path(path)
    suffix = compression(path)
    if local is None:
        if append:
            raise ValueError(f"append=True needs a local file; {os.fspath(path)!r} is not one")
        with _open_uri(os.fspath(path), "wb") as raw, _encoding(raw, mode, suffix, text) as handle:
            yield handle
    elif _is_special(local):
        with open(local, "wb") as raw, _encoding(raw, mode, suffix, text) as handle:
            yield handle
    else:
        with _named_when_full(local), _replacing(local) as raw, _encoding(raw, mode, suffix, text) as handle:
            if append and os.path.exists(local):
                with open_input(local, mode.replace("w", "r"), encoding, errors, newline="") as old:
                    shutil.copyfileobj(old, handle)
            yield handle


@contextlib.contextmanager
def _replacing(path: str) -> Iterator[IO[bytes]]:
    """Context manager: a file object whose content replaces `path` when the block ends well, or vanishes."""
    target = os.path.realpath(path)
    mode = _check_target(target)
    aside = _Aside(target)
    try:
        with aside.file as raw:
            yield raw
            raw.flush()
            if mode is not None:
                os.chmod(raw.fileno() if os.chmod in os.supports_fd else aside.name, mode)
            _fsync(raw.fileno())
            aside.replace(target)
    except BaseException:
        aside.remove()
        raise
    if os.name == "posix":
        descriptor = os.open(os.path.dirname(target), os.O_RDONLY)
        try:
            _fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _named_when_full(path: str) -> Iterator[None]:
    """Give the bare "no space left" of a write the name of the file, and say that the old one is whole."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM and error.filename is None:
            message = f"{error.strerror}; the old file, if any, is untouched: free some room and save again"
            raise OSError(error.errno, message, path) from error
        raise


@contextlib.contextmanager
def _encoding(raw: IO[bytes], mode: str, suffix: str | None, text: Text) -> Iterator[IO[Any]]:
    """What to write into so that `raw` receives it encoded, in text mode, and compressed as `suffix` says."""
    with contextlib.ExitStack() as layers:
        stream: Any = raw
        if suffix is not None:
            stream = layers.enter_context(codecs.compressing(raw, suffix))
        if "b" in mode:
            yield stream
            return
        wrapper = io.TextIOWrapper(stream, *text)
        try:
            yield wrapper
        finally:
            wrapper.detach()  # flushes; `raw` is closed by whoever opened it


def _check_target(target: str) -> int | None:
    """Permission bits of the file at `target` (None if there is none); raise if it cannot be replaced."""
    directory = os.path.dirname(target)
    try:
        status = os.stat(target)
    except FileNotFoundError:
        if not os.path.isdir(directory):
            message = "its directory does not exist; create it first"
            raise FileNotFoundError(errno.ENOENT, message, target) from None
        return None
    except OSError as error:
        raise _refusal(error, target) from None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "this is a directory; name a file inside it", target)
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        message = "the file is read-only; make it writable or choose another path"
        raise PermissionError(errno.EACCES, message, target)
    return stat.S_IMODE(status.st_mode)


class _Aside:
    """A new file in the directory of `target`, with the permission bits of the umask.

    Attributes
    ----------
    file : file object
        Open for writing.
    name : str
        Its path, while it has one.
    """

    def __init__(self, target: str) -> None:
        directory, name = os.path.split(target)
        # Names end at 255 bytes on most file systems; the random part must fit whatever the name.
        self.name = os.path.join(directory, f".{name[:40]}.{uuid.uuid4().hex}.tmp")
        descriptor = _create_unnamed(directory)
        self._named = descriptor is None
        if descriptor is None:
            flags = (
                os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
            )
            try:
                descriptor = os.open(self.name, flags, 0o666)
            except OSError as error:
                raise _refusal(error, target) from None
        self.file = open(descriptor, "wb")  # noqa: SIM115 - closed by whoever writes

    def replace(self, target: str) -> None:
        """Let the file take the place of `target`, at once: whoever is killed meanwhile leaves a file of that name."""
        if not self._named:
            self._give_name()
        elif os.name != "posix":
            self.file.close()
        os.replace(self.name, target)

    def _give_name(self) -> None:
        self._named = True
        descriptor = self.file.fileno()
        try:
            # The descriptor counts for nothing beside an absolute path, but without it os.link() links the link itself.
            os.link(_link_of(descriptor), self.name, src_dir_fd=descriptor, follow_symlinks=True)
        except OSError:  # a system that makes unnamed files and does not let them be named
            with open(_link_of(descriptor), "rb") as content, open(self.name, "xb") as named:
                shutil.copyfileobj(content, named, 1 << 20)
                os.chmod(self.name, stat.S_IMODE(os.fstat(descriptor).st_mode))
                named.flush()
                _fsync(named.fileno())

    def remove(self) -> None:
        """Close the file and leave nothing of it."""
        with contextlib.suppress(OSError):  # what could not be flushed is not wanted any more
            self.file.close()
        if self._named:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self.name)


def _create_unnamed(directory: str) -> int | None:
    """Descriptor of a new file without a name that can get one later; None where there is no such thing."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        descriptor = os.open(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o666)
    except OSError:  # not on this file system; if the directory is to blame, the next attempt tells
        return None
    if os.path.exists(_link_of(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


def _link_of(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _refusal(error: OSError, target: str) -> OSError:
    """What `error`, met while preparing to write `target`, means to the user."""
    number = error.errno or errno.EIO
    closed = "its directory is not writable (a new file is written there, then renamed)"
    reason = {
        errno.EACCES: closed,
        errno.EPERM: closed,
        errno.EROFS: "its file system is read-only",
        errno.ENOTDIR: "a part of this path is a file, not a directory",
        errno.ENAMETOOLONG: "the name is too long",
    }.get(number, os.strerror(number))
    return OSError(number, f"{reason}; choose another path", target)


def _is_special(path: str) -> bool:
    """Whether `path` is to be written as it is: a pipe, a device, or the name of an open descriptor."""
    if _DESCRIPTOR.match(os.path.abspath(path)):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _fsync(descriptor: int) -> None:
    """Flush what the system holds back of a file, or of a directory's entries, to the disk."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # file systems that know no fsync of a directory
            raise


def _open_uri(uri: str, mode: str) -> IO[bytes]:
    """Byte stream of a URI, uncompressed and undecoded; smart_open is imported only when one is given."""
    import smart_open

    try:
        stream: IO[bytes] = smart_open.open(uri, mode, compression="disable")
    except (ImportError, NotImplementedError) as error:
        raise ValueError(f"cannot open {uri!r}: {error}") from error
    return stream


def _check_uri(uri: str) -> None:
    """Raise ValueError if smart_open knows no transport for `uri`."""
    import smart_open.transport

    scheme = uri.split("://", 1)[0]
    try:
        smart_open.transport.get_transport(scheme)
    except (ImportError, NotImplementedError) as error:
        raise ValueError(f"cannot write {uri!r}: {error}") from error
