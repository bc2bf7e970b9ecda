"""Opening files for reading, and writing them atomically.

A local file is saved atomically: it is written to a temporary file beside the target, flushed to the disk, and renamed.
Other processes see either the old file or the new one, and after a failure the old file is untouched. The temporary
file lies in the same directory because renaming works only within one file system. Where the system supports it
(Linux), the temporary file has no name until it is complete, so that even a killed process leaves nothing behind.

Files that cannot be renamed are written directly: URIs (``s3://...``, through smart_open), pipes and devices. The
suffix of a path chooses the compression; see `codecs`.

The same function checks a path before a long training (`check_writable`) and when the file is written.
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
# Names of open descriptors. A file that is renamed over one would not be what the descriptor refers to.
_DESCRIPTOR = re.compile(r"/dev/(stdin|stdout|stderr|tty|fd/\d+)$|/proc/[^/]+/fd/\d+$")
_ACCESS_LIST = "system.posix_acl_access"
# Extended attributes that describe the content of one file and would be wrong for another one.
_OF_CONTENT = frozenset({"security.capability", "security.evm", "security.ima"})
_DISK_FULL = (errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC))


def local_path(path: PathLike) -> str | None:
    """Return the path on the local file system, or None for a URI of another kind than ``file://``.

    A leading ``~`` is the home directory, as for smart_open.

    Raises
    ------
    TypeError
        If `path` is neither a string nor an ``os.PathLike``.
    ValueError
        If `path` is empty or holds a null character.

    Examples
    --------
    >>> from fastw2v.common.files import local_path
    >>> local_path("file:///tmp/model"), local_path("s3://bucket/model")
    ('/tmp/model', None)
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


def is_same_file(path: PathLike, other: PathLike) -> bool:
    """Return whether two local paths are those of one file, which need not exist, possibly by a link.

    Examples
    --------
    >>> from fastw2v.common.files import is_same_file
    >>> is_same_file("folder/../model", "model"), is_same_file("s3://bucket/model", "model")
    (True, False)
    """
    first, second = local_path(path), local_path(other)
    if first is None or second is None:
        return False
    if os.path.realpath(first) == os.path.realpath(second):
        return True
    return os.path.exists(first) and os.path.exists(second) and os.path.samefile(first, second)


def compression(path: PathLike) -> str | None:
    """Return the suffix of `path` that names a compression (".gz", ".bz2", ".xz", ".zst"), or None."""
    suffix = os.path.splitext(os.fspath(path))[1].lower()
    return suffix if suffix in COMPRESSED_SUFFIXES else None


def known_size(path: PathLike, stream: IO[bytes]) -> int | None:
    """Return the size in bytes of a file that is open; None for compressed files, pipes and URIs, which have none.

    It is that of the opened file, `stream` of ``open_input(path)``: `path` may name another file by now.
    """
    if local_path(path) is None or compression(path) is not None:
        return None
    status = os.fstat(stream.fileno())
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def check_writable(path: PathLike) -> None:
    """Check that `path` can be written, without leaving anything behind.

    Raises
    ------
    OSError
        `IsADirectoryError`, `FileNotFoundError`, `NotADirectoryError`, `PermissionError` or another one. The message
        names the path and the remedy.
    ValueError
        If `path` is a URI that smart_open cannot handle. Whether any other URI is writable is known only when it is
        written.
    """
    local = local_path(path)
    if local is None:
        _check_uri(os.fspath(path))
    elif not _is_special(local):
        target = os.path.realpath(local)
        temporary = _TemporaryFile(target, _check_target(target))
        try:
            temporary.open()
        finally:
            temporary.remove()
    elif not os.access(local, os.W_OK):
        raise PermissionError(errno.EACCES, "no permission to write to this device or pipe", local)


def check_regular(path: PathLike) -> str:
    """Return the local path of a regular file that exists.

    Models are read from regular files, whose size is known; a pipe could block forever or end early.

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
    """Open a file for reading, decompressed according to its suffix.

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
        The caller closes it (``with``).

    Raises
    ------
    OSError
        `FileNotFoundError`, `IsADirectoryError` or `PermissionError`; while reading, compressed data that is
        damaged or truncated.
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
            stream = io.BufferedReader(codecs.DecompressedFile(raw, suffix, os.fspath(path)), 1 << 17)
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
    """Context manager that gives a file object whose content replaces `path` when the block ends without an exception.

    The file is saved atomically: it is written to a temporary file beside the target, flushed, and renamed. After an
    exception, KeyboardInterrupt included, the temporary file is removed and the old file is untouched. The permission
    bits, the owner, the group and the extended attributes of an existing file are kept as far as the system allows,
    and at no moment can anybody read the new content who could not read the old file. A symbolic link points to the
    new content.

    Parameters
    ----------
    path : str or os.PathLike
        Local file, pipe, device, or a URI that smart_open supports. The last three are written directly, not
        atomically. A suffix ".gz", ".bz2", ".xz" or ".zst" compresses the content.
    mode : str, default "wb"
        "wb" or "w".
    encoding, newline, errors : str, optional
        As for `open`, in text mode. The encoding is UTF-8 by default.
    append : bool, default False
        Keep the content of the existing file, if there is one, and write behind it. Not supported for URIs.

    Raises
    ------
    OSError
        If `path` cannot be written; see `check_writable`. If the disk or the quota is full, the message says so and
        names the path.

    Examples
    --------
    >>> import os, tempfile
    >>> from fastw2v.common.files import open_atomic, open_input
    >>> with tempfile.TemporaryDirectory() as directory:
    ...     path = os.path.join(directory, "words.txt.gz")
    ...     with open_atomic(path, "w") as file:
    ...         _ = file.write("first\\n")
    ...     with open_input(path, "r") as file:
    ...         file.read()
    'first\\n'
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
        with _open_uri(os.fspath(path), "wb") as raw, _encoded(raw, mode, suffix, text) as handle:
            yield handle
    elif _is_special(local):
        with open(local, "wb") as raw, _encoded(raw, mode, suffix, text) as handle:
            yield handle
    else:
        with _explain_full_disk(local), _replacing(local) as raw, _encoded(raw, mode, suffix, text) as handle:
            if append and os.path.exists(local):
                with open_input(local, mode.replace("w", "r"), encoding, errors, newline="") as old:
                    shutil.copyfileobj(old, handle)
            yield handle


@contextlib.contextmanager
def _replacing(path: str) -> Iterator[IO[bytes]]:
    """Context manager that gives a file object whose content replaces `path`, or is removed after an exception."""
    target = os.path.realpath(path)
    temporary = _TemporaryFile(target, _check_target(target))
    try:
        with temporary.open() as raw:
            yield raw
            raw.flush()
            temporary.replace()
    except BaseException:
        temporary.remove()
        raise
    if os.name == "posix":
        _flush_directory(os.path.dirname(target))


@contextlib.contextmanager
def _explain_full_disk(path: str) -> Iterator[None]:
    """Add to a bare "no space left" error the name of the file, and that the old file is untouched."""
    try:
        yield
    except OSError as error:
        if error.errno in _DISK_FULL and error.filename is None:
            message = f"{error.strerror}; the old file, if any, is untouched: free some space and save again"
            raise OSError(error.errno, message, path) from error
        raise


@contextlib.contextmanager
def _encoded(raw: IO[bytes], mode: str, suffix: str | None, text: Text) -> Iterator[IO[Any]]:
    """Context manager that gives a file object which encodes (in text mode) and compresses into `raw`."""
    with contextlib.ExitStack() as layers:
        stream: Any = raw
        if suffix is not None:
            stream = layers.enter_context(codecs.compressing_writer(raw, suffix))
        if "b" in mode:
            yield stream
            return
        wrapper = io.TextIOWrapper(stream, *text)
        try:
            yield wrapper
        finally:
            wrapper.detach()  # flushes; the caller closes `raw`


def _check_target(target: str) -> os.stat_result | None:
    """Return the status of the file at `target`, None if there is none; raise if it cannot be replaced."""
    directory = os.path.dirname(target)
    try:
        status = os.stat(target)
    except FileNotFoundError:
        if not os.path.isdir(directory):
            message = "its directory does not exist; create it first"
            raise FileNotFoundError(errno.ENOENT, message, target) from None
        return None
    except OSError as error:
        raise _write_error(error, target) from None
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "this is a directory; name a file inside it", target)
    if not os.access(target, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        message = "the file is read-only; make it writable or choose another path"
        raise PermissionError(errno.EACCES, message, target)
    return status


class _TemporaryFile:
    """A new file in the directory of the target.

    If it replaces a file, nobody but its owner can read it until it has the owner, the group, the extended attributes
    and, last, the permission bits of the old file. Otherwise it has the permission bits that the umask allows.

    Parameters
    ----------
    target : str
        The file that it will replace.
    old : os.stat_result or None
        The status of that file, if it exists.
    """

    def __init__(self, target: str, old: os.stat_result | None) -> None:
        self._target, self._old = target, old
        self._directory, name = os.path.split(target)
        # Most file systems limit names to 255 bytes; the random part must fit however long the name is.
        self._name = os.path.join(self._directory, f".{name[:40]}.{uuid.uuid4().hex}.tmp")
        self._named = False
        self._file: io.BufferedWriter | None = None

    def open(self) -> io.BufferedWriter:
        """Create the file and return a file object for writing. Call `remove` after any exception, of this, too."""
        raw = _create_unnamed(self._directory, self._first_mode)
        if raw is None:
            self._named = True
            raw = self._create_named()
        self._file = io.BufferedWriter(raw)
        return self._file

    def replace(self) -> None:
        """Flush the file to the disk, and replace the target by it in one step."""
        assert self._file is not None
        self._complete(self._file.fileno())
        if not self._named:
            self._give_name(self._file.fileno())
        if os.name != "posix":
            self._file.close()
        os.replace(self._name, self._target)

    def remove(self) -> None:
        """Close and delete the file."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # data that cannot be flushed is not needed any more
                self._file.close()
        if self._named:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(self._name)

    def _give_name(self, descriptor: int) -> None:
        self._named = True
        try:
            # The path is absolute, so the descriptor is ignored. Without it, os.link() would link the symbolic link.
            os.link(_link_of(descriptor), self._name, src_dir_fd=descriptor, follow_symlinks=True)
        except OSError:  # the system creates unnamed files but cannot name them
            with open(_link_of(descriptor), "rb") as content, self._create_named() as named:
                shutil.copyfileobj(content, named, 1 << 20)
                self._complete(named.fileno())

    def _complete(self, descriptor: int) -> None:
        """Make the open file what the target will be, and flush it to the disk."""
        if self._old is not None:
            self._copy_metadata(self._old, descriptor)
        _fsync(descriptor)

    @property
    def _first_mode(self) -> int:
        return 0o666 if self._old is None else 0o600

    def _create_named(self) -> io.FileIO:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
        try:
            return _open_owned(self._name, flags, self._first_mode)
        except OSError as error:
            raise _write_error(error, self._target) from None

    def _copy_metadata(self, old: os.stat_result, descriptor: int) -> None:
        """Give the open file the owner, the group, the extended attributes and, last, the permission bits of `old`."""
        mode = stat.S_IMODE(old.st_mode)
        if hasattr(os, "fchown"):
            same_group = _copy_owner(old, descriptor)
            if hasattr(os, "listxattr"):
                _copy_extended_attributes(self._target, descriptor, same_group)
            if not same_group:  # this group gets what everybody has
                mode &= ~stat.S_IRWXG | (mode & stat.S_IRWXO) << 3
            if os.fstat(descriptor).st_uid != old.st_uid or not same_group:
                mode &= ~(stat.S_ISUID | stat.S_ISGID)
        if hasattr(os, "fchmod"):
            os.fchmod(descriptor, mode)
        else:
            os.chmod(self._name, mode)


def _copy_owner(old: os.stat_result, descriptor: int) -> bool:
    """Give an open file the owner and the group of `old` if the system allows it; return whether the group is it."""
    try:
        os.fchown(descriptor, old.st_uid, old.st_gid)
    except OSError:  # only root may change the owner; other users may choose among their groups
        with contextlib.suppress(OSError):
            os.fchown(descriptor, -1, old.st_gid)
    return os.fstat(descriptor).st_gid == old.st_gid


def _copy_extended_attributes(path: str, descriptor: int, with_access_list: bool) -> None:
    """Give an open file the extended attributes of `path`, access control lists included, as the system allows."""
    try:
        names = set(os.listxattr(path))
    except OSError:  # the file system has none
        return
    if not with_access_list:
        names.discard(_ACCESS_LIST)
    if _ACCESS_LIST not in names:  # it may have inherited one of its directory
        with contextlib.suppress(OSError):
            os.removexattr(descriptor, _ACCESS_LIST)
    for name in names - _OF_CONTENT:
        with contextlib.suppress(OSError):
            os.setxattr(descriptor, name, os.getxattr(path, name))


def _create_unnamed(directory: str, mode: int) -> io.FileIO | None:
    """Return a new file without a name that can be named later, or None if not supported."""
    if not hasattr(os, "O_TMPFILE"):
        return None
    try:
        file = _open_owned(directory, os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, mode)
    except OSError:  # not supported; a problem of the directory is reported when a named file is created
        return None
    if os.path.exists(_link_of(file.fileno())):
        return file
    file.close()
    return None


def _open_owned(path: str, flags: int, mode: int) -> io.FileIO:
    """Open a file for reading and writing, so that its descriptor is closed whenever an exception arrives.

    After a plain ``os.open``, the exception of a signal handler could arrive before anything owns the descriptor,
    which would stay open for ever. No such exception arrives within this one call.
    """
    return next(map(io.FileIO, map(os.open, [path], [flags], [mode]), ["r+"]))


def _flush_directory(directory: str) -> None:
    """Flush the entries of a directory to the disk, where that is possible.

    The file is in its place already. If this fails, a crash of the system may bring back the old file, which is
    complete, too.
    """
    descriptors: list[int] = []
    try:
        with contextlib.suppress(OSError):  # for example, a directory that may be written but not read
            descriptors.extend(map(os.open, [directory], [os.O_RDONLY | os.O_CLOEXEC]))  # as in `_open_owned`
            _fsync(descriptors[0])
    finally:
        for descriptor in descriptors:
            os.close(descriptor)


def _link_of(descriptor: int) -> str:
    return f"/proc/self/fd/{descriptor}"


def _write_error(error: OSError, target: str) -> OSError:
    """Return an error that explains to the user why `target` cannot be written."""
    number = error.errno or errno.EIO
    no_access = "its directory is not writable (a new file is written there, then renamed)"
    reason = {
        errno.EACCES: no_access,
        errno.EPERM: no_access,
        errno.EROFS: "its file system is read-only",
        errno.ENOTDIR: "a part of this path is a file, not a directory",
        errno.ENAMETOOLONG: "the name is too long",
    }.get(number, os.strerror(number))
    return OSError(number, f"{reason}; choose another path", target)


def _is_special(path: str) -> bool:
    """Return whether `path` must be written directly: a pipe, a device, or the name of an open descriptor."""
    if _DESCRIPTOR.match(os.path.abspath(path)):
        return True
    try:
        mode = os.stat(path).st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _fsync(descriptor: int) -> None:
    """Flush a file, or the entries of a directory, to the disk."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some file systems cannot flush directories
            raise


def _open_uri(uri: str, mode: str) -> IO[bytes]:
    """Open the raw byte stream of a URI; smart_open is imported only here and in `_check_uri`."""
    import smart_open

    try:
        stream: IO[bytes] = smart_open.open(uri, mode, compression="disable")
    except (ImportError, NotImplementedError) as error:
        raise ValueError(f"cannot open {uri!r}: {error}") from error
    return stream


def _check_uri(uri: str) -> None:
    """Raise ValueError if smart_open has no transport for `uri`."""
    import smart_open.transport

    scheme = uri.split("://", 1)[0]
    try:
        smart_open.transport.get_transport(scheme)
    except (ImportError, NotImplementedError) as error:
        raise ValueError(f"cannot write {uri!r}: {error}") from error
