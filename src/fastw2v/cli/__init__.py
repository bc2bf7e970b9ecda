"""The ``fastw2v`` command: train models, query and evaluate vectors, inspect and convert files, run the demo.

Modules: `entry_point` (exit statuses, error messages, logging), `parser` (options and help texts), `commands` (one
function for each subcommand), `demo` (``fastw2v demo``) and `files` (which class reads or writes a file).

This package is the top of the dependency order. It may import every other package and public module except
`fastw2v.compat`, and nothing but ``fastw2v.__main__`` imports it. The help texts must appear quickly, so `entry_point`
and `parser` import NumPy and the model classes only inside the functions that need them.

Public name: `main`.
"""

from fastw2v.cli.entry_point import main

__all__ = ["main"]
