"""The entry point of the command line: parse the arguments, run one command, return an exit status.

Every error becomes one line on stderr that names the cause and, where there is one, the remedy. The option ``--debug``
adds the traceback.

Exit statuses:

===  =========================================================================
0    The command succeeded.
1    Internal error: a bug in fastw2v.
2    The arguments are wrong, or a file cannot be read or written.
130  The command was interrupted with Ctrl-C (SIGINT).
141  The reader of stdout closed the pipe.
143  The command was terminated with SIGTERM.
===  =========================================================================
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence

from fastw2v.cli.errors import describe_error
from fastw2v.cli.parser import UsageError, expand_switches, make_parser
from fastw2v.training.sigterm import Terminated, sigterm_as_interrupt

SUCCESS, INTERNAL_ERROR, USAGE_ERROR, INTERRUPTED, BROKEN_PIPE, TERMINATED = 0, 1, 2, 130, 141, 143


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit status.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments without the program name. By default, those of the process.

    Returns
    -------
    int
        The exit status; the module's docstring lists the values.
    """
    arguments = expand_switches(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    try:
        options = make_parser().parse_args(arguments)
        with sigterm_as_interrupt(), _logging(options):
            _command(options.command)(options)
            sys.stdout.flush()
        return SUCCESS
    except KeyboardInterrupt as interrupt:
        status = TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED
        return _fail(status, str(interrupt) or "interrupted", debug)
    except BrokenPipeError:
        _discard_stdout()
        return BROKEN_PIPE
    except (
        UsageError, OSError, ValueError, EOFError, ImportError, MemoryError, RuntimeError,
        pickle.UnpicklingError,
    ) as error:  # fmt: skip
        return _fail(USAGE_ERROR, describe_error(error), debug)
    except Exception as error:
        return _fail(
            INTERNAL_ERROR,
            f"internal error: {type(error).__name__}: {error}; please run the command again with --debug and "
            "report the traceback",
            debug,
        )


def _command(name: str) -> Callable[[argparse.Namespace], None]:
    """Return the function that runs the command `name`."""
    from fastw2v.cli import commands

    return commands.COMMANDS[name]


@contextlib.contextmanager
def _logging(options: argparse.Namespace) -> Iterator[None]:
    """Log to stderr inside the block: warnings by default, everything with --verbose, errors with --quiet."""
    verbose, quiet = options.verbose, options.quiet
    handler = logging.StreamHandler(sys.stderr)
    line_format = (
        "%(asctime)s : %(levelname)s : %(message)s" if verbose else "fastw2v: %(levelname)s: %(message)s"
    )
    handler.setFormatter(logging.Formatter(line_format))
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    handler.setLevel(level)
    root = logging.getLogger()
    previous_level = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(previous_level)


def _fail(status: int, message: str, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"fastw2v: error: {message}", file=sys.stderr)
    return status


def _discard_stdout() -> None:
    # The interpreter flushes stdout when it exits and would report the broken pipe a second time.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
