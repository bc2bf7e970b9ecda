"""The command line: arguments in, a command called, an exit status out.

What the commands do is in `commands` and `demo`; here is what they are called, what they take, and what
becomes of their errors: one line on stderr that says what to do, never a traceback unless ``--debug`` asks
for it.

Exit status: 0 done, 1 a fault of fastw2v's own, 2 wrong usage or unusable input, 130 interrupted, 141 nobody
reads the output any more, 143 terminated.
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
from typing import Any, NoReturn

from fastw2v import __version__
from fastw2v.cli import demo
from fastw2v.cli import commands
from fastw2v.cli.files import FORMATS
from fastw2v.cli.commands import ALL_CORES, UsageError, constructor_defaults
from fastw2v.training.termination import Terminated, sigterm_as_interrupt

OK, FAULT, UNUSABLE, INTERRUPTED, BROKEN_PIPE, TERMINATED = 0, 1, 2, 130, 141, 143

SWITCHES = {
    "sg",
    "hs",
    "cbow_mean",
    "null_word",
    "sorted_vocab",
    "compute_loss",
    "shrink_windows",
    "shared_negatives",
}

OPTION_HELP = {
    "vector_size": "dimensions of the vectors",
    "alpha": "learning rate at the start",
    "window": "largest distance between a center and its context words",
    "min_count": "leave out words seen less often",
    "max_vocab_size": "prune rare words while counting, to hold no more than so many",
    "sample": "threshold for dropping tokens of frequent words; 0: off",
    "seed": "seed of the initial vectors and all draws",
    "workers": "threads; -1: one a core; 1: reproducible",
    "min_alpha": "learning rate at the end",
    "sg": "1: skip-gram, 0: CBOW",
    "hs": "1: hierarchical softmax",
    "negative": "noise words drawn for each target; 0: no negative sampling",
    "ns_exponent": "noise words are drawn by count ** NS_EXPONENT",
    "cbow_mean": "CBOW input is the mean (1) or the sum (0) of the context",
    "epochs": "passes over the corpus",
    "null_word": "1: add a word '\\0' of count 1",
    "sorted_vocab": "1: order the words by falling count",
    "batch_words": "raw words of a job",
    "compute_loss": "1: tally the loss, shown in the bar and the log",
    "comment": "kept with the model",
    "max_final_vocab": "raise min-count until no more than so many words are left",
    "shrink_windows": "1: draw each window's size from 1 to WINDOW",
    "shared_negatives": "1: skip-gram draws noise words once a window, not once a pair; faster",
    "init_from": "vectors of any format that is read; the words they know start from them",
    "init_lockf": "factor on the learning rate of the vectors of --init-from; 0: frozen",
    "corpus_budget": "memory for the encoded corpus, in bytes or as 500M, 4G; beyond it a file is used",
}
OPTION_TYPES: dict[str, Callable[[str], Any]] = {
    "alpha": float, "min_alpha": float, "sample": float, "ns_exponent": float, "comment": str,
    "init_from": str, "init_lockf": float,
}  # fmt: skip

EXAMPLES = """\
examples:
  fastw2v demo
  fastw2v train corpus.txt.xz model.fw2v --sg --vector-size 200 --epochs 5
  zcat *.gz | fastw2v train - vectors.txt
  fastw2v similar model.fw2v paris london
  fastw2v analogy model.fw2v man king woman
  fastw2v eval model.fw2v --analogies questions-words.txt --pairs wordsim353.tsv men3000.tsv
  fastw2v convert model.fw2v vectors.bin
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors take the way of all others."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message} (see '{self.prog} --help')")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process by default.

    Returns
    -------
    int
        The exit status, see the module.
    """
    arguments = complete_switches(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in arguments
    try:
        options = make_parser().parse_args(arguments)
        with sigterm_as_interrupt(), _logging(options):
            options.command(options)
            sys.stdout.flush()
        return OK
    except KeyboardInterrupt as interrupt:
        status = TERMINATED if isinstance(interrupt, Terminated) else INTERRUPTED
        return _fail(status, str(interrupt) or "interrupted", debug)
    except BrokenPipeError:
        _close_stdout()
        return BROKEN_PIPE
    except (
        UsageError, OSError, ValueError, EOFError, ImportError, MemoryError, RuntimeError,
        pickle.UnpicklingError,
    ) as error:  # fmt: skip
        return _fail(UNUSABLE, describe_error(error), debug)
    except Exception as error:
        return _fail(
            FAULT, f"unexpected {type(error).__name__}: {error}; add --debug and report the traceback", debug
        )


def describe_error(error: BaseException) -> str:
    """Return an exception as one line for people."""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename is not None else error.strerror
    elif isinstance(error, MemoryError):
        text = f"out of memory {error}".rstrip()
    else:
        text = str(error)
    return " ".join(text.split()) or type(error).__name__


def complete_switches(arguments: Sequence[str]) -> list[str]:
    """Let a bare ``--sg`` mean ``--sg 1``, whatever follows it; gensim's users know both."""
    completed: list[str] = []
    for place, argument in enumerate(arguments):
        completed.append(argument)
        following = arguments[place + 1] if place + 1 < len(arguments) else ""
        if (
            argument.startswith("--")
            and argument[2:].replace("-", "_") in SWITCHES
            and not following.isdecimal()
        ):
            completed.append("1")
    return completed


def make_parser() -> Parser:
    """Return the parser of all commands; what it parses has the function to call as `command`."""
    parser = Parser(
        prog="fastw2v",
        description="Train word2vec embeddings and use them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"fastw2v {__version__}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for add in (_add_train, _add_similar, _add_analogy, _add_eval, _add_info, _add_convert, _add_demo):
        command = add(subparsers)
        command.add_argument("--verbose", action="store_true", help="log what happens to stderr")
        command.add_argument("--debug", action="store_true", help="show the traceback of an error")
    return parser


def _add_train(subparsers: Any) -> Parser:
    parser = _new(
        subparsers, "train", "train a model on a text of one sentence a line",
        "Train a model on a text of one sentence a line, tokens separated by white space.",
    )  # fmt: skip
    parser.add_argument(
        "input", metavar="INPUT", help="text, plain or .gz .bz2 .xz .zst; a directory; -: stdin"
    )
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        help=".txt or .vec: word2vec text, .bin: word2vec binary (vectors only); else a whole model. "
        ".gz .bz2 .xz .zst after it compress",
    )
    parser.add_argument("--format", choices=FORMATS, help="format of OUTPUT, whatever its suffix")
    parser.add_argument("--quiet", action="store_true", help="no bar, no summary, no warnings")
    parser.add_argument(
        "--keep-partial",
        action="store_true",
        help="on Ctrl-C or SIGTERM write the model as far as it is trained",
    )
    parser.add_argument(
        "--checkpoint", metavar="FILE", help="at the end of each epoch write FILE, to go on from if need be"
    )
    parser.add_argument(
        "--checkpoint-every",
        type=_count,
        metavar="WORDS",
        help="write it every so many raw words too, as 100M",
    )
    parser.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in FILE, if there is one already"
    )
    _add_json(parser, "print the summary as JSON to stdout")
    group = parser.add_argument_group("parameters, named as in fastw2v.Word2Vec")
    for name, default in constructor_defaults().items():
        _add_parameter(group, name, default)
    return _runs(parser, commands.train)


def _add_parameter(group: Any, name: str, default: Any) -> None:
    option = "--" + name.replace("_", "-")
    if name in SWITCHES:
        default = int(default)
    what = f"{OPTION_HELP[name]} (default: {'none' if default is None else default})"
    if name in SWITCHES:
        group.add_argument(option, type=int, choices=(0, 1), default=default, metavar="{0,1}", help=what)
    elif name == "corpus_budget":
        group.add_argument(option, type=_size, default=default, metavar="BYTES", help=what)
    else:
        group.add_argument(option, type=OPTION_TYPES.get(name, int), default=default, metavar="N", help=what)


def _count(text: str) -> int:
    factors = {"K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
    factor = factors.get(text[-1:].upper(), 1)
    try:
        count = int(float(text.rstrip("KMGTkmgt")) * factor)
    except (ValueError, OverflowError):
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of words; write it in full, or as 100M")
    return count


def _size(text: str) -> int:
    factors = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    factor = factors.get(text[-1:].upper(), 1)
    try:
        return int(float(text.rstrip("KMGTkmgt")) * factor)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size; write bytes, or 500M, or 4G") from None


def _add_similar(subparsers: Any) -> Parser:
    parser = _new(
        subparsers, "similar", "show the words nearest to some words", "Show the words nearest to each WORD."
    )
    _add_model(parser)
    parser.add_argument("words", metavar="WORD", nargs="+")
    parser.add_argument("--together", action="store_true", help="one list, for the mean of all words")
    _add_query_options(parser)
    return _runs(parser, commands.similar)


def _add_analogy(subparsers: Any) -> Parser:
    parser = _new(subparsers, "analogy", "A is to B as C is to ?", "Answer: A is to B as C is to which word?")
    _add_model(parser)
    for name in "ABC":
        parser.add_argument(name.lower(), metavar=name)
    parser.add_argument(
        "--cosmul", action="store_true", help="multiplicative combination (3CosMul), not the additive"
    )
    _add_query_options(parser)
    return _runs(parser, commands.analogy)


def _add_query_options(parser: Parser) -> None:
    parser.add_argument(
        "--topn", type=_positive, default=10, metavar="N", help="how many words (default: 10)"
    )
    parser.add_argument(
        "--restrict-vocab", type=_positive, metavar="N", help="search the N most frequent words only"
    )
    _add_json(parser, "print JSON")


def _add_eval(subparsers: Any) -> Parser:
    parser = _new(
        subparsers, "eval", "score vectors on analogies and word similarities",
        "Score vectors on analogies (': section' lines and lines of four words) and on pairs of words with "
        "human judgements (word, word, number).",
    )  # fmt: skip
    _add_model(parser)
    parser.add_argument("--analogies", metavar="FILE", nargs="+", action="extend", default=[])
    parser.add_argument("--pairs", metavar="FILE", nargs="+", action="extend", default=[])
    parser.add_argument(
        "--restrict-vocab", type=_positive, default=30000, metavar="N",
        help="for analogies, use the N most frequent words only (default: 30000)",
    )  # fmt: skip
    parser.add_argument("--delimiter", default="\t", help="between the columns of --pairs (default: a tab)")
    parser.add_argument("--case-sensitive", action="store_true", help="do not ignore case")
    parser.add_argument(
        "--dummy4unknown", action="store_true", help="count items with unknown words as wrong"
    )
    parser.add_argument("--sections", action="store_true", help="show each section of the analogies")
    _add_json(parser, "print JSON")
    return _runs(parser, commands.evaluate)


def _add_info(subparsers: Any) -> Parser:
    parser = _new(
        subparsers, "info", "show what a file holds", "Show what a file of a model or of vectors holds."
    )
    _add_model(parser)
    _add_json(parser, "print JSON")
    return _runs(parser, commands.info)


def _add_convert(subparsers: Any) -> Parser:
    parser = _new(
        subparsers, "convert", "write a model or vectors in another format",
        "Read a model or vectors in any format (fastw2v, gensim of any version, word2vec, GloVe) "
        "and write them in the format that the suffix of OUT asks for: .txt .vec text, .bin binary, else "
        "fastw2v's own.",
    )  # fmt: skip
    parser.add_argument("input", metavar="IN")
    parser.add_argument("output", metavar="OUT")
    parser.add_argument("--format", choices=FORMATS, help="format of OUT, whatever its suffix")
    parser.add_argument(
        "--kind", choices=("model", "vectors"),
        help="what to write: the whole model, ready for further training, or its vectors only "
        "(default: all that IN has and the format can hold)",
    )  # fmt: skip
    parser.add_argument("--quiet", action="store_true", help="do not say what was written")
    return _runs(parser, commands.convert)


def _add_demo(subparsers: Any) -> Parser:
    parser = _new(
        subparsers, "demo", "train on the English of the Python installation",
        "Train on the English of the Python installation itself, its manual and its docstrings, in a few "
        "seconds, and show what came out. Nothing is downloaded.",
    )  # fmt: skip
    parser.add_argument(
        "--workers", type=int, default=ALL_CORES, metavar="N", help="threads (default: one a core)"
    )
    parser.add_argument("--save", metavar="FILE", help="keep the model")
    parser.set_defaults(command=lambda options: demo.run(options.workers, options.save))
    return parser


def _new(subparsers: Any, name: str, summary: str, description: str) -> Parser:
    parser: Parser = subparsers.add_parser(name, help=summary, description=description)
    return parser


def _add_model(parser: Parser) -> None:
    parser.add_argument(
        "model",
        metavar="MODEL",
        help="a model or vectors: of fastw2v, gensim, word2vec (text, binary), GloVe",
    )


def _add_json(parser: Parser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=what)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _runs(parser: Parser, command: Callable[[argparse.Namespace], None]) -> Parser:
    parser.set_defaults(command=command)
    return parser


@contextlib.contextmanager
def _logging(options: argparse.Namespace) -> Iterator[None]:
    """Show warnings, all with ``--verbose``, errors with ``--quiet``; leave the loggers as they were."""
    verbose, quiet = options.verbose, getattr(options, "quiet", False)
    handler = logging.StreamHandler(sys.stderr)
    form = "%(asctime)s : %(levelname)s : %(message)s" if verbose else "fastw2v: %(levelname)s: %(message)s"
    handler.setFormatter(logging.Formatter(form))
    level = logging.INFO if verbose else logging.ERROR if quiet else logging.WARNING
    handler.setLevel(level)
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(level)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)


def _fail(status: int, message: str, debug: bool) -> int:
    if debug:
        traceback.print_exc()
    print(f"fastw2v: error: {message}", file=sys.stderr)
    return status


def _close_stdout() -> None:
    # The interpreter flushes stdout when it ends, and would complain about the pipe once more.
    with contextlib.suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
