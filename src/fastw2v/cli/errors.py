"""How an exception is shown: as one line."""

from __future__ import annotations


def describe_error(error: BaseException) -> str:
    """Return the message of an exception as one line, with the file name where there is one."""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    elif isinstance(error, MemoryError):
        text = f"out of memory {error}".rstrip()
    else:
        text = str(error)
    return " ".join(text.split()) or type(error).__name__
