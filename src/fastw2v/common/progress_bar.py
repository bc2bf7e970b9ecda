"""A progress bar that appears where a person sees it.

A bar is shown on request, and otherwise, unless it is refused, if stderr is a terminal or the program is a notebook,
the work takes more than two seconds, and the program does not log its progress instead. Such a bar disappears at the
end.
"""

from __future__ import annotations

import importlib.util
import logging
import sys
import time
from typing import Any

from fastw2v.common.validation import as_flag

QUIET_SECONDS = 2.0  # after which a bar appears that nobody has asked for
REDRAW_SECONDS = 0.1


def as_progress(name: str, value: Any) -> bool | None:
    """Return an argument that asks for a bar (True), refuses it (False), or leaves it to `ProgressBar` (None)."""
    return None if value is None else as_flag(name, value)


def is_seen() -> bool:
    """Return whether a person sees what the program writes to stderr: on a terminal, or in a notebook."""
    stream = sys.stderr
    try:
        if stream is not None and stream.isatty():
            return True
    except (AttributeError, ValueError):  # a stream of another class, or a closed one
        return False
    return is_notebook()


def is_notebook() -> bool:
    """Return whether the program is a notebook; services such as Colab have shells that derive from Jupyter's."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return any(kind.__name__ == "ZMQInteractiveShell" for kind in type(shell).__mro__)


def print_above(text: str) -> None:
    """Print a line to stderr, above the bars that are on the screen.

    Examples
    --------
    >>> from fastw2v.common.progress_bar import print_above
    >>> print_above("epoch 1 has ended")
    """
    tqdm = sys.modules.get("tqdm")  # without it, no bar has been drawn
    if tqdm is None:
        print(text, file=sys.stderr, flush=True)
    else:
        tqdm.tqdm.write(text, file=sys.stderr)


class ProgressBar:
    """A bar of tqdm on stderr, or in a notebook its widget, if ipywidgets is installed.

    It is a context manager that closes the bar.

    Parameters
    ----------
    description : str
    total : int, optional
        What is to be done; a bar without it shows only what has been done.
    unit : str
    show : bool or None
        Whether to show the bar; None leaves it to where the program runs.
    log : logging.Logger, optional
        Where the progress is logged at the level INFO. Where that is shown, there is no bar that nobody has asked for.

    Examples
    --------
    >>> from fastw2v.common.progress_bar import ProgressBar
    >>> with ProgressBar("neighbours", total=10, unit=" words", show=False) as bar:
    ...     bar.move_to(5)
    """

    def __init__(
        self,
        description: str,
        *,
        total: int | None = None,
        unit: str,
        show: bool | None,
        log: logging.Logger | None = None,
    ) -> None:
        is_logged = log is not None and log.isEnabledFor(logging.INFO)
        self.is_wanted = is_seen() and not is_logged if show is None else show
        self._options: dict[str, Any] = {
            "desc": description,
            "total": total,
            "unit": unit,
            "leave": show is not None,
        }
        self._bar: Any = None
        self._start = time.perf_counter()
        self._next = self._start + (QUIET_SECONDS if show is None else 0.0)

    def move_to(self, done: int, **postfix: Any) -> None:
        """Show how much has been done, and other values; cheap enough to be called often."""
        if self.is_wanted and time.perf_counter() >= self._next:
            self._redraw(done, postfix)

    def finish_at(self, done: int, **postfix: Any) -> None:
        """Show how much has been done in all, if the bar is on the screen or was asked for."""
        if self.is_wanted and (self._bar is not None or time.perf_counter() >= self._next):
            self._redraw(done, postfix)

    def _redraw(self, done: int, postfix: dict[str, Any]) -> None:
        now = time.perf_counter()
        if self._bar is None:
            if is_notebook() and importlib.util.find_spec("ipywidgets") is None:
                from tqdm import tqdm  # tqdm.auto chooses the same, with a warning
            else:
                from tqdm.auto import tqdm

            self._bar = tqdm(unit_scale=True, dynamic_ncols=True, **self._options)
            if self._bar.disable:  # by the environment variable TQDM_DISABLE
                self.is_wanted = False
                return
            self._bar.start_t -= now - self._start
        self._next = now + REDRAW_SECONDS
        self._bar.n = done
        if postfix:
            self._bar.set_postfix(**postfix, refresh=False)
        self._bar.refresh()

    def close(self) -> None:
        """Close the bar, if it has been shown."""
        if self._bar is not None:
            self._bar.close()

    def __enter__(self) -> ProgressBar:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
