"""A lock on a file or directory, which one process at a time holds.

The system releases the lock when the process ends, however it ends, so that no lock remains after a crash. It is
advisory: only programs that ask for it are kept out. Systems and file systems without such locks grant all of them.
"""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    _lock: Any = None
else:
    _lock = fcntl.flock

logger = logging.getLogger(__name__)


@contextlib.contextmanager
def locked(path: str, message: str) -> Iterator[None]:
    """Context manager that holds the lock of an existing file or directory.

    Parameters
    ----------
    path : str
    message : str
        The message of the error.

    Raises
    ------
    RuntimeError
        If another process, or another block of this one, holds the lock.

    Examples
    --------
    >>> import tempfile
    >>> from fastw2v.common.file_lock import locked
    >>> with tempfile.TemporaryDirectory() as directory, locked(directory, "another program uses the directory"):
    ...     pass
    """
    if _lock is None:
        yield
        return
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        try:
            _lock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RuntimeError(message) from None
        except OSError as error:
            logger.info("%s cannot be locked: %s", path, error)
        yield
    finally:
        os.close(descriptor)
