"""Run one kind of fault in full, in the folder ``tests``.

python -m faults saving|loading|fields|fuzz|training|memory|interrupts|sharing|limits|forks
"""

from __future__ import annotations

import argparse
import importlib

TIMED = {
    "interrupts": "interrupt calls by signal handlers and by exceptions of other threads, at random moments",
    "sharing": "save to one path, and use one model, in many threads and processes",
    "limits": "let memory run out within calls",
    "forks": "fork in a corpus iterator, and while other threads work",
}


def main() -> None:
    """Run the kind of fault that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m faults", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    saving = commands.add_parser("saving", help="kill saves, and let them fail")
    saving.add_argument("--kills", type=int, default=200, help="kills per format (default: %(default)s)")
    commands.add_parser("loading", help="load damaged files of every format")
    commands.add_parser("fields", help="change every field of files of every format")
    fuzz = commands.add_parser("fuzz", help="give random input to every parser")
    fuzz.add_argument(
        "--inputs", type=int, default=1_000_000, help="total number of inputs (default: %(default)s)"
    )
    fuzz.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    fuzz.add_argument("--update", action="store_true", help="add inputs with new outcomes to corpus.json")
    training = commands.add_parser(
        "training", help="train one sentence of millions of tokens; send signals to the command line"
    )
    training.add_argument("--tokens", type=int, default=50_000_000, help="tokens (default: %(default)s)")
    training.add_argument(
        "--text", help="text of some million words to train while signals are sent (default: send no signals)"
    )
    training.add_argument("--times", type=int, default=40, help="number of signals (default: %(default)s)")
    training.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    memory = commands.add_parser(
        "memory", help="compare the peak memory of training and saving with estimate_memory()"
    )
    memory.add_argument("--words", type=int, default=2_000_000, help="vocabulary (default: %(default)s)")
    memory.add_argument("--size", type=int, default=300, help="dimensions (default: %(default)s)")
    for name, text in TIMED.items():
        timed = commands.add_parser(name, help=text)
        timed.add_argument("--seconds", type=float, default=60, help="for each kind (default: %(default)s)")
        timed.add_argument("--seed", type=int, default=0, help="seed (default: %(default)s)")
    options = vars(parser.parse_args())
    module = importlib.import_module(f".{options.pop('command')}", __package__)
    module.main(**options)


if __name__ == "__main__":
    main()
