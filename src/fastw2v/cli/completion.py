"""``fastw2v completion``: a script for a shell that completes commands, options and file names.

shtab writes the script from the parser. The script is complete: a shell that has read it starts no Python process when
the user presses the tab key. argcomplete would start one each time, and replace parts of the parser while it runs.
"""

from __future__ import annotations

import argparse

from fastw2v.cli.parser import make_parser
from fastw2v.export.optional import require

# What the help calls arguments that are files.
FILE_METAVARS = {"FILE", "INPUT", "OUTPUT", "MODEL", "A", "B"}


def completion(options: argparse.Namespace) -> None:
    """Print the completion script of a shell."""
    shtab = require("shtab", "completion")
    parser = make_parser()
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    summaries = {choice.dest: choice.help for choice in commands._choices_actions}
    for name, command in commands.choices.items():
        command.define()
        command.description = summaries[name]  # zsh and fish show it beside the command
        for action in command._actions:
            if action.metavar in FILE_METAVARS:
                action.complete = shtab.FILE
    print(shtab.complete(parser, options.shell))
