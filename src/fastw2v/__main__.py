"""``python -m fastw2v``: the command line, if the script ``fastw2v`` is not on the path."""

from __future__ import annotations

import sys

from fastw2v.cli import main

if __name__ == "__main__":
    sys.exit(main())
