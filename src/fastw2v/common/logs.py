"""Loggers with the names of the package's modules, or with gensim's names for programs that were written for gensim.

A module gets its logger from `get_logger`. A log line is a record of one logger: usually that of the module, such as
``fastw2v.training.session``. Programs that were written for gensim look for its logger, such as
``gensim.models.word2vec``. That one gets the record instead, if the program has configured it (a level, a handler, a
filter or ``propagate`` of the logger or of one of its ancestors), or if `prefer_gensims_names` was called. A program
that configures ``fastw2v`` gets the records there in any case. No record is handled twice.
"""

from __future__ import annotations

import logging
from typing import Any, cast

_prefers_gensims_names = False


def get_logger(name: str, gensims_name: str) -> logging.Logger:
    """Return the logger of a module.

    Parameters
    ----------
    name : str
        The name of the module.
    gensims_name : str
        The name of the logger to which gensim writes the corresponding lines, without the leading "gensim.".
    """
    logger = _ChosenLogger(logging.getLogger(name), logging.getLogger(f"gensim.{gensims_name}"))
    return cast(logging.Logger, logger)


def prefer_gensims_names(prefer: bool) -> None:
    """Say whether records get gensim's names although the program has configured none of gensim's loggers."""
    global _prefers_gensims_names
    _prefers_gensims_names = prefer


class _ChosenLogger:
    """A logger that is one of two. The choice is made at each use, because loggers are configured at any time.

    Parameters
    ----------
    own, gensims : logging.Logger
    """

    def __init__(self, own: logging.Logger, gensims: logging.Logger) -> None:
        self._own = own
        self._gensims = gensims

    def __getattr__(self, name: str) -> Any:
        wants_gensims = _prefers_gensims_names or _is_configured(self._gensims)
        return getattr(self._gensims if wants_gensims and not _is_configured(self._own) else self._own, name)


def _is_configured(logger: logging.Logger) -> bool:
    """Return whether a program has changed what happens to the records of a logger, below the root logger.

    A ``NullHandler``, as libraries add it, changes nothing. ``disabled`` does not count, because
    ``logging.config.dictConfig`` sets it for every logger that it does not name.
    """
    ancestor: logging.Logger | None = logger
    while ancestor is not None and ancestor.parent is not None:
        handlers = any(not isinstance(handler, logging.NullHandler) for handler in ancestor.handlers)
        if ancestor.level or handlers or ancestor.filters or not ancestor.propagate:
            return True
        ancestor = ancestor.parent
    return False
