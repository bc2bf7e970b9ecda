"""Run the faults in full: ``python -m tests.faults saving|loading|fuzz|training|memory``."""

from __future__ import annotations

import argparse
import importlib


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    saving = commands.add_parser("saving", help="saves that are killed or fail")
    saving.add_argument("--kills", type=int, default=200, help="of each format (default: %(default)s)")
    commands.add_parser("loading", help="damaged files of every format")
    fuzz = commands.add_parser("fuzz", help="random input for every parser")
    fuzz.add_argument("--inputs", type=int, default=1_000_000, help="in all (default: %(default)s)")
    fuzz.add_argument("--seed", type=int, default=0)
    fuzz.add_argument("--update", action="store_true", help="add what was found to the corpus of the tests")
    training = commands.add_parser(
        "training", help="one sentence of millions of tokens; signals to the command line"
    )
    training.add_argument("--tokens", type=int, default=50_000_000, help="(default: %(default)s)")
    training.add_argument(
        "--text", help="a text of some million words, for the signals; without it none are sent"
    )
    training.add_argument("--times", type=int, default=40, help="signals (default: %(default)s)")
    training.add_argument("--seed", type=int, default=0)
    memory = commands.add_parser(
        "memory", help="peak memory of training and saving against estimate_memory()"
    )
    memory.add_argument("--words", type=int, default=2_000_000)
    memory.add_argument("--size", type=int, default=300)
    options = vars(parser.parse_args())
    module = importlib.import_module(f".{options.pop('command')}", __package__)
    module.main(**options)


if __name__ == "__main__":
    main()
