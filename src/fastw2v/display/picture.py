"""A figure of matplotlib that a notebook shows, without pyplot.

A figure that pyplot has not made is not shown by a notebook, and pyplot keeps each figure that it makes until it is
closed, and has one current figure for the whole program.
"""

from __future__ import annotations

import io
from typing import Any

from fastw2v.export.optional import require

Figure: Any = require("matplotlib.figure", "plot").Figure


class Picture(Figure):  # type: ignore[misc]
    """A `matplotlib.figure.Figure` that a notebook shows."""

    def _repr_png_(self) -> bytes:
        stream = io.BytesIO()
        self.savefig(stream, format="png", dpi=144)
        return stream.getvalue()
