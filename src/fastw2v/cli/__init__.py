"""The command line: parser, commands, the demo."""

from fastw2v.cli.parser import main

__all__ = ["main"]
