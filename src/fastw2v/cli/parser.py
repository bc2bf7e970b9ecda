"""The options and help texts of the command line.

The options of ``fastw2v train`` are the parameters of `Word2Vec.__init__` with the same names and defaults, read from
its signature, so that a new parameter becomes an option as soon as `PARAMETER_HELP` describes it. The only default that
differs is ``--workers``: the command line uses all cores.

Each command adds its options only when its own arguments are parsed. ``fastw2v --help`` therefore does not import the
model classes.
"""

from __future__ import annotations

import argparse
import difflib
import inspect
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

# Parameters of the constructor that are not options: Python objects, and those that have an option of their own.
NOT_OPTIONS = {
    "self",
    "sentences",
    "corpus_file",
    "hashfxn",
    "trim_rule",
    "callbacks",
    "progress",
    "checkpoint",
    "checkpoint_every",
    "sample_weight",
}
# Parameters of the constructor that are not options of ``fastw2v stream``: those that concern a text which is counted
# before it is trained, and those that have an option of their own there.
NOT_STREAMED = {
    "max_vocab_size",
    "max_final_vocab",
    "corpus_budget",
    "compute_loss",
    "init_from",
    "init_lockf",
    "max_words",
    "epochs",
}
ALL_CORES = -1

# Parameters that are 0 or 1. The option without a value means 1.
SWITCHES = {
    "sg",
    "hs",
    "cbow_mean",
    "null_word",
    "sorted_vocab",
    "compute_loss",
    "reproducible",
    "shrink_windows",
    "full_windows",
    "shared_negatives",
    "tied_weights",
    "logq_correction",
}

PARAMETER_HELP = {
    "vector_size": "number of dimensions of the vectors",
    "alpha": "learning rate at the start of the training; it falls linearly to --min-alpha",
    "min_alpha": "learning rate at the end of the training",
    "window": "maximum distance between the center word and a context word, or LEFT,RIGHT for each side",
    "final_window": "window of the last epoch; the window changes evenly from --window in the first epoch to this",
    "window_weights": "weights of context words by distance: linear, harmonic, or W1,W2,... for distances 1, 2, ...",
    "full_windows": "1 trains a center word only if the sentence has all context words of its window",
    "max_norm": "largest norm of a vector; a longer vector is shortened to this norm when it is trained",
    "min_count": "ignore words that occur fewer than N times",
    "max_vocab_size": "while counting, remove rare words whenever there are more than N distinct words, to save memory",
    "max_final_vocab": "keep at most N words, by raising --min-count as far as needed",
    "max_words": "largest size of the vocabulary; an update that would leave more words removes the rarest ones",
    "count_decay": "multiply earlier counts by FACTOR at each update, so that the vocabulary follows the present text",
    "sample": "randomly skip occurrences of words that are more than about 2.6 * SHARE of the text; 0 skips nothing. "
    "A percentile such as 99%% makes the count at that percentile of all words the threshold",
    "seed": "seed of the random number generator",
    "workers": "number of threads; -1 uses one thread per core. Results are reproducible with 1 or --reproducible",
    "reproducible": "1 gives the same vectors for every number of --workers",
    "virtual_workers": "with --reproducible: number of jobs in a round; they are trained from the same weights and "
    "then merged. The vectors depend on this number",
    "round_words": "with --reproducible: number of words in a round. The vectors depend on this number",
    "sg": "1 trains skip-gram, 0 trains CBOW",
    "hs": "1 adds hierarchical softmax; with --negative 0 it is used alone",
    "negative": "number of negative samples for each positive example; 0 disables negative sampling",
    "ns_exponent": "draw negative samples with a probability proportional to count ** N",
    "cbow_mean": "input of CBOW: 1 uses the mean of the context vectors, 0 their sum",
    "cbow_update": "update of the context vectors of CBOW: word2vec, or corrected, which is the gradient of the loss "
    "and needs a larger --alpha, such as 0.075",
    "epochs": "number of passes over the text",
    "null_word": "1 adds the word '\\0' with a count of 1 to the vocabulary (for compatibility with gensim)",
    "sorted_vocab": "1 sorts the vocabulary by descending frequency",
    "batch_words": "number of words per job, the unit of work of a thread; the learning rate changes between jobs",
    "compute_loss": "1 computes the training loss and shows it in the progress bar",
    "comment": "text that is stored in the model",
    "shrink_windows": "1 draws the size of each window uniformly from 1 to --window, 0 always uses --window",
    "shared_negatives": "1 makes skip-gram draw the negative samples once per window instead of once per word pair, "
    "which is faster",
    "negative_pool": "take 15 of 16 negative samples from a pool of N recently drawn words, which is faster; 1024 is "
    "usual, and 0 draws every sample anew",
    "objective": "negative_sampling, or sampled_softmax, which trains a model that gives probabilities of words",
    "tied_weights": "with sampled_softmax: 1 uses the vectors as output weights, instead of separate ones",
    "logq_correction": "with sampled_softmax: 1 corrects the logits for the unequal probabilities of the drawn words",
    "init_from": "file of a model or of vectors, in any supported format; the words in it start with its vectors "
    "instead of random ones",
    "init_lockf": "factor on the learning rate of the vectors from --init-from; 0 keeps these vectors unchanged",
    "corpus_budget": "memory for the encoded text, in bytes or with a unit (500M, 4G); a temporary file holds the text "
    "if it needs more",
}  # fmt: skip
# What --fast stands for: the quality of skip-gram with negatives for each pair, at about twice its speed.
FAST = {"sg": 1, "negative": 5, "shared_negatives": 1}


def _window(text: str) -> int | tuple[int, ...]:
    """Convert ``5``, or ``5,0`` for the left and the right side, to a window."""
    lengths = tuple(int(length) for length in text.split(","))
    return lengths[0] if len(lengths) == 1 else lengths


def _sample(text: str) -> float | str:
    """Convert a share, or a percentile such as ``99%``."""
    return text if text.endswith("%") else float(text)


def _window_weights(text: str) -> str | tuple[float, ...]:
    """Convert a name, or numbers with commas between them, to the weights of distances."""
    return text if text.isalpha() else tuple(float(weight) for weight in text.split(","))


PARAMETER_TYPES: dict[str, Callable[[str], Any]] = {
    "window": _window, "final_window": _window, "window_weights": _window_weights,
    "max_norm": float, "alpha": float, "min_alpha": float, "sample": _sample, "ns_exponent": float, "comment": str,
    "init_from": str, "init_lockf": float, "objective": str, "count_decay": float, "cbow_update": str,
}  # fmt: skip
PARAMETER_METAVARS = {
    "window": "N[,N]", "final_window": "N[,N]", "window_weights": "WEIGHTS",
    "alpha": "RATE", "min_alpha": "RATE", "sample": "SHARE", "comment": "TEXT", "init_from": "FILE",
    "init_lockf": "FACTOR", "max_norm": "NORM", "corpus_budget": "BYTES", "objective": "NAME",
    "count_decay": "FACTOR", "cbow_update": "NAME",
}  # fmt: skip
# How the help describes a default of None.
DEFAULT_HELP = {
    "max_norm": "no bound",
    "final_window": "that of --window",
    "window_weights": "all 1",
    "corpus_budget": "a quarter of the free memory",
    "max_vocab_size": "unlimited",
    "max_final_vocab": "unlimited",
    "max_words": "unlimited",
}

SHELLS = ("bash", "zsh", "fish")
PLOTS = ("map", "neighbours", "loss", "drift")
PICTURE_FORMATS = ("png", "svg", "pdf")
METHODS = ("auto", "pca", "tsne", "umap")  # those of `fastw2v.display.projection`, which is imported later

# Names that gensim 3, the original word2vec tool and fastText have for options of ``train`` -> the option.
INSTEAD_OF = {
    "size": "--vector-size", "dim": "--vector-size", "iter": "--epochs", "epoch": "--epochs", "threads": "--workers",
    "thread": "--workers", "ws": "--window", "neg": "--negative", "lr": "--alpha", "cbow": "--sg 0",
    "skipgram": "--sg 1", "binary": "--format binary",
}  # fmt: skip

EXAMPLES = """\
examples:
  fastw2v demo
  fastw2v train corpus.txt.xz model.fw2v --sg --vector-size 200 --epochs 5
  fastw2v train 'news/*.txt.gz' more.txt model.fw2v --lower --tokenizer words
  fastw2v train corpus.txt.xz model.fw2v --fast
  zcat *.gz | fastw2v train - vectors.txt
  fastw2v similar model.fw2v paris london
  fastw2v similar model.fw2v
  fastw2v analogy model.fw2v man king woman
  fastw2v eval model.fw2v --analogies questions-words.txt --pairs wordsim353.tsv men3000.tsv
  fastw2v compare older.fw2v model.fw2v
  fastw2v convert model.fw2v vectors.bin
  tail -n +1 -f messages.txt | fastw2v stream - model.fw2v --max-words 100K
  fastw2v update model.fw2v new.txt --replay old-text
  fastw2v phrases corpus.txt phrases.txt --passes 2 --connector-words english
  fastw2v plot neighbours model.fw2v paris london -o picture.svg
  fastw2v explore model.fw2v -o map.html

'fastw2v COMMAND --help' describes the options of a command.
"""

MODEL_HELP = (
    "file of a model or of vectors (fastw2v, gensim, word2vec text or binary, GloVe, fastText, finalfusion), or - for "
    "stdin"
)
OUTPUT_HELP = (
    "file to write. The suffix selects the format: .txt or .vec for word2vec text, .bin for word2vec binary, .fifu for "
    "finalfusion (these hold vectors only), any other suffix for the format of fastw2v. An additional .gz, .bz2, .xz "
    "or .zst compresses the file. - is stdout, to which word2vec text is written"
)
FORMAT_HELP = (
    "format of OUTPUT: native is that of fastw2v, text and binary are those of word2vec, gensim is that of gensim, "
    "and finalfusion that of finalfusion (default: selected by the suffix of OUTPUT)"
)
EXPORT_SUFFIXES_HELP = (
    ". The suffixes .glove, .npz and .parquet select formats of other libraries; see --format"
)
EXPORTS_HELP = (
    "; the others hold vectors only: glove is text without a header, npz and parquet are files with words and vectors, "
    "and OUTPUT is a folder for the TensorBoard projector (tensorboard), for sentence-transformers and model2vec "
    "(static-embedding), for spaCy (spacy) and for the Hugging Face hub (hub)"
)


class UsageError(Exception):
    """The command-line arguments are wrong."""


class Parser(argparse.ArgumentParser):
    """An argument parser that raises `UsageError` and adds its arguments when it is first used.

    Parameters
    ----------
    *args, **kwargs
        Passed to `argparse.ArgumentParser`.
    add_arguments : callable, optional
        Called with the parser before the first parsing.

    Attributes
    ----------
    accept_rest : callable or None
        What to do with arguments that are no options and that `argparse` has assigned to nothing; it does so with those
        that follow an option, if an argument takes several values. Called with the parsed options and the list.
    """

    accept_rest: Callable[[argparse.Namespace, list[str]], None] | None = None

    def __init__(
        self, *args: Any, add_arguments: Callable[[Parser], None] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._add_arguments = add_arguments

    def define(self) -> None:
        """Add the arguments, if that has not been done."""
        add_arguments, self._add_arguments = self._add_arguments, None
        if add_arguments is not None:
            add_arguments(self)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Add the arguments at the first call, then parse."""
        self.define()
        options, unknown = super().parse_known_args(args, namespace)
        wrong = [argument for argument in unknown if argument.startswith("-") and argument != "-"]
        if wrong and self._subparsers is None:
            self.error(f"unknown option {wrong[0]}{self._suggestion(wrong[0])}")
        if unknown and self.accept_rest is not None:
            self.accept_rest(options, unknown)
            unknown = []
        return options, unknown

    def _suggestion(self, argument: str) -> str:
        """Return the end of a message that names the option that an unknown one may stand for."""
        name = argument.partition("=")[0].strip("-").replace("_", "-").lower()
        if name in INSTEAD_OF:
            return (
                f"; use {INSTEAD_OF[name]}"
                if INSTEAD_OF[name].split()[0] in self._option_string_actions
                else ""
            )
        known = [option[2:] for option in self._option_string_actions if option.startswith("--")]
        close = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        return f"; did you mean --{close[0]}?" if close else ""

    def error(self, message: str) -> NoReturn:
        """Raise `UsageError` instead of exiting."""
        raise UsageError(f"{message} (see '{self.prog} --help')")


def make_parser() -> Parser:
    """Return the parser of the whole command line.

    The parsed options have an attribute `command`, a key of `fastw2v.cli.commands.COMMANDS`.
    """
    parser = Parser(
        prog="fastw2v",
        description="Train word2vec embeddings and use them.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--version", action=_ShowVersion, nargs=0, help="show the version of fastw2v and exit"
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    def add(name: str, add_arguments: Callable[[Parser], None], summary: str, description: str) -> None:
        command = subparsers.add_parser(
            name, help=summary, description=description, add_arguments=add_arguments
        )
        command.set_defaults(command=name)

    add(
        "train",
        _add_train_arguments,
        "train a model on a text",
        "Train a word2vec model on texts. A text has one sentence per line, and by default white space separates the "
        "words. Every line is trained once in each epoch, in the order of the INPUTs.",
    )
    add(
        "stream", _add_stream_arguments, "train a model in one pass over a text of any length",
        "Train a word2vec model in a single pass: for a text that cannot be read again, has no known end, or is too "
        "long to be kept. Its words are counted while it is trained, in chunks, and the vocabulary is bounded. stdin "
        "and pipes are read as their text arrives. If the command is interrupted by Ctrl-C or SIGTERM, the model is "
        "saved as the complete chunks have trained it.",
    )  # fmt: skip
    add(
        "update", _add_update_arguments, "train a model further on new text",
        "Count and train new text with a model that was trained before, and save the model once, at the end. Nothing "
        "is printed unless something is wrong, so that the command can run from cron. A text that is in the model "
        "already is refused; the exit status is 2 then, and the model stays as it is.",
    )  # fmt: skip
    add(
        "store", _add_store_arguments, "keep old text on disk for 'update --replay'",
        "Make a store of old text, or add text to it. 'fastw2v update --replay STORE' mixes its sentences into new "
        "text.",
    )  # fmt: skip
    add(
        "similar",
        _add_similar_arguments,
        "show the words most similar to a word",
        "Show the words whose vectors are most similar to the vector of each WORD, with their cosine similarities. "
        "Without WORDs, each line of stdin is a query, and a terminal shows a prompt. For several words in a line, the "
        "neighbours of their mean are shown.",
    )
    add(
        "analogy",
        _add_analogy_arguments,
        "answer 'A is to B as C is to which word?'",
        "Answer the question 'A is to B as C is to which word?'. For example, the answer to "
        "'man king woman' should be 'queen'. Without words, each line of stdin is a question, and a terminal shows a "
        "prompt.",
    )
    add(
        "eval",
        _add_eval_arguments,
        "score vectors on analogies and on word similarities",
        "Score vectors on analogy questions, on word similarities judged by people, or on both.",
    )
    add(
        "compare",
        _add_compare_arguments,
        "compare two models or files of vectors",
        "Compare two models or files of vectors: the words and the neighbours that they have in common, how far the "
        "words have moved, and the scores on evaluation files. The vectors of a word in A and B are compared as they "
        "are, which suits a model and its update, and after A was rotated to fit B, which suits independent trainings.",
    )
    add(
        "info",
        _add_info_arguments,
        "show what files of models or of vectors contain",
        "Show what a file of a model or of vectors contains: its format and size, the vocabulary and, for a model, its "
        "parameters and history.",
    )
    add(
        "convert",
        _add_convert_arguments,
        "convert a model or vectors to another format",
        "Read a model or vectors in any supported format (fastw2v, gensim, word2vec text or binary, GloVe, fastText, "
        "finalfusion) and write them in the format that the suffix of OUTPUT or --format selects.",
    )
    add(
        "phrases",
        _add_phrases_arguments,
        "join the phrases of a text",
        "Find phrases of two words, such as 'new york', by their counts, and write the text with each of them as one "
        "word, 'new_york'. The options are those of fastw2v.Phrases.",
    )
    add(
        "plot",
        _add_plot_arguments,
        "draw a map of words, neighbours, losses or drift",
        "Draw a picture with matplotlib (pip install 'fastw2v[plot]'): a map of the most frequent words or of some "
        "WORDs (map), WORDs and their neighbours (neighbours), the loss over the epochs (loss), or how far the words "
        "have moved since an older model (drift).",
    )
    add(
        "explore",
        _add_explore_arguments,
        "write a page with a map of words to explore in a browser",
        "Write an HTML file with a map of words, in which one can search, zoom and move, and read the neighbours of "
        "each word. The file contains everything that it needs and loads nothing from the network.",
    )
    add(
        "word2vec",
        _add_word2vec_arguments,
        "train with the flags of the original word2vec tool",
        "Train word vectors with the flags and the defaults of word2vec.c, so that scripts for it need no other "
        "change. The ends of lines do not count as the word </s>. 'fastw2v train' has more options, and saves models "
        "that can be trained further.",
    )
    add(
        "demo", _add_demo_arguments, "train on the documentation of Python and show the results",
        "Train a small model on text that every Python installation contains (its reference manual and the docstrings "
        "of its standard library) and show the results. It takes some seconds and downloads nothing.",
    )  # fmt: skip
    add(
        "completion",
        _add_completion_arguments,
        "print a script that completes commands in a shell",
        "Print a script with which a shell completes commands, options and file names when the tab key is pressed. It "
        "needs shtab: pip install 'fastw2v[completion]'.",
    )
    return parser


def expand_switches(arguments: Sequence[str]) -> list[str]:
    """Replace a switch without a value by the switch with the value 1, e.g. ``--sg`` by ``--sg 1``.

    `argparse` cannot do this: with an optional value, ``--sg FILE`` would take FILE as the value.
    """
    expanded: list[str] = []
    for position, argument in enumerate(arguments):
        expanded.append(argument)
        following = arguments[position + 1] if position + 1 < len(arguments) else ""
        is_switch = argument.startswith("--") and argument[2:].replace("-", "_") in SWITCHES
        if is_switch and not following.isdecimal():
            expanded.append("1")
    return expanded


def training_defaults() -> dict[str, Any]:
    """Return the parameters of `Word2Vec.__init__` that are options of ``train``, with their default values."""
    from fastw2v.word2vec import Word2Vec

    parameters = inspect.signature(Word2Vec.__init__).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items() if name not in NOT_OPTIONS}
    return {**defaults, "workers": ALL_CORES}


def streaming_defaults() -> dict[str, Any]:
    """Return the parameters of `Word2Vec.__init__` that are options of ``stream`` as they are, with their defaults."""
    return {name: value for name, value in training_defaults().items() if name not in NOT_STREAMED}


class _ShowVersion(argparse.Action):
    """Print the version; reading it from the package metadata takes time that other commands need not spend."""

    def __call__(self, parser: argparse.ArgumentParser, *args: Any) -> NoReturn:
        from fastw2v import __version__

        print(f"fastw2v {__version__}")
        parser.exit()


class _SetParameters(argparse.Action):
    """Set several parameters at once, as if their options stood in place of this one."""

    def __init__(
        self, option_strings: Sequence[str], dest: str, *, values: dict[str, Any], help: str
    ) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, default=argparse.SUPPRESS, help=help)
        self._values = values

    def __call__(self, parser: argparse.ArgumentParser, namespace: argparse.Namespace, *args: Any) -> None:
        for name, value in self._values.items():
            setattr(namespace, name, value)


# --- arguments of each command


def _add_train_arguments(parser: Parser) -> None:
    from fastw2v.cli.files import FORMATS

    _add_texts(parser, OUTPUT_HELP)
    parser.add_argument("--format", choices=FORMATS, help=FORMAT_HELP)
    parser.add_argument(
        "--keep-partial",
        action="store_true",
        help="if the training is interrupted (Ctrl-C or SIGTERM), write the partly trained model to OUTPUT",
    )
    parser.add_argument(
        "--checkpoint",
        type=_file_name,
        metavar="FILE",
        help="save a checkpoint in FILE after each epoch; --resume continues from it",
    )
    parser.add_argument(
        "--checkpoint-every",
        type=_word_count,
        metavar="WORDS",
        help="also save the checkpoint each time WORDS more words have been trained, e.g. 100M",
    )
    parser.add_argument(
        "--resume",
        action="store_true",
        help="continue the training from the file of --checkpoint; start from the beginning if the file does not exist",
    )
    _add_monitoring_arguments(parser)
    _add_common_arguments(
        parser, quiet="no progress bar, no summary, no warnings", json="print the summary as JSON"
    )
    group = parser.add_argument_group("distributed training")
    group.add_argument(
        "--distributed",
        choices=("mpi",),
        help="train one model by all processes that mpirun has started, each with --workers threads; needs mpi4py "
        "(pip install 'fastw2v[mpi]')",
    )
    group.add_argument(
        "--merge-words",
        type=_word_count,
        metavar="WORDS",
        help="words that each process trains from one exchange with the others to the next (default: 5000, fewer "
        "with more than eight processes, but at least 1000 for each worker)",
    )
    group = parser.add_argument_group(
        "training parameters",
        "The names are those of the parameters of fastw2v.Word2Vec. An option with the values {0,1} may be given "
        "without a value, which means 1.",
    )
    group.add_argument(
        "--fast",
        action=_SetParameters,
        values=FAST,
        help="train skip-gram about twice as fast, with the same quality but other vectors than gensim; stands for "
        + " ".join(f"{_option(name)} {value}" for name, value in FAST.items())
        + ", and options that follow it take precedence",
    )
    for name, default in training_defaults().items():
        _add_parameter(group, name, default)


def _add_stream_arguments(parser: Parser) -> None:
    from fastw2v.cli.files import FORMATS

    _add_texts(parser, OUTPUT_HELP)
    for name, options in STREAM_OPTIONS.items():
        parser.add_argument(name, help=STREAM_HELP[name], **options)
    parser.add_argument("--format", choices=FORMATS, help=FORMAT_HELP)
    _add_common_arguments(
        parser, quiet="no progress bar, no summary, no warnings", json="print the summary as JSON"
    )
    group = parser.add_argument_group(
        "training parameters", "Those of 'fastw2v train' that do not need the whole text beforehand."
    )
    for name, default in streaming_defaults().items():
        _add_parameter(group, name, default)


def _add_monitoring_arguments(parser: Parser) -> None:
    group = parser.add_argument_group("after each epoch")
    group.add_argument(
        "--validation",
        metavar="FILE",
        help="show the loss of a text that is not trained, which is read as INPUT is",
    )
    group.add_argument(
        "--keep-best",
        action="store_true",
        help="with --validation: write the weights of the epoch with the lowest loss to OUTPUT, not the last ones",
    )
    group.add_argument(
        "--patience",
        type=_positive_int,
        metavar="N",
        help="with --validation: end the training when the loss has not fallen for N epochs (default: never)",
    )
    group.add_argument(
        "--probe", type=_words, metavar="WORD,...", help="show the nearest neighbours of these words"
    )
    group.add_argument(
        "--probe-topn",
        type=_positive_int,
        default=5,
        metavar="N",
        help="number of neighbours of each word of --probe (default: 5)",
    )


def _add_texts(parser: Parser, output_help: str) -> None:
    """Add the arguments of a command that reads texts and writes one output, which is its last argument."""
    parser.add_argument(
        "inputs",
        metavar="INPUT",
        nargs="+",
        help="text file, plain or compressed (.gz, .bz2, .xz, .zst); a directory, all of whose files are read; a "
        "pattern in quotes, such as 'news/*.txt'; or - for stdin",
    )
    parser.add_argument("output", metavar="OUTPUT", help=output_help)
    parser.add_argument("--lower", action="store_true", help="convert the text to lower case")
    parser.add_argument(
        "--tokenizer",
        type=_tokenizer_name,
        default="whitespace",
        metavar="NAME",
        help="how a line is split into words: whitespace splits at white space; words keeps letters and digits of any "
        "script, with the marks that follow them, and splits at all other characters; PACKAGE:FUNCTION calls a Python "
        "function of a line that returns a list of words, which is slower (default: whitespace)",
    )

    def accept_rest(options: argparse.Namespace, rest: list[str]) -> None:
        names: list[str] = [*options.inputs, options.output, *rest]
        options.inputs, options.output = names[:-1], names[-1]

    parser.accept_rest = accept_rest


def _add_words(parser: Parser, text: str) -> None:
    """Add an argument that takes any number of words."""
    parser.add_argument("words", metavar="WORD", nargs="*", help=text)
    parser.accept_rest = lambda options, rest: options.words.extend(rest)


def _add_parameter(group: Any, name: str, default: Any) -> None:
    option = _option(name)
    if name in SWITCHES:
        default = int(default)
    shown_default = DEFAULT_HELP.get(name, "none") if default is None else default
    help_text = f"{PARAMETER_HELP[name]} (default: {shown_default})"
    if name in SWITCHES:
        group.add_argument(option, type=int, choices=(0, 1), default=default, metavar="{0,1}", help=help_text)
        return
    argument_type = _byte_count if name == "corpus_budget" else PARAMETER_TYPES.get(name, int)
    metavar = PARAMETER_METAVARS.get(name, "N")
    group.add_argument(option, type=argument_type, default=default, metavar=metavar, help=help_text)


def _option(name: str) -> str:
    """Return the option of a parameter."""
    return "--" + name.replace("_", "-")


def _add_update_arguments(parser: Parser) -> None:
    for name, options in UPDATE_OPTIONS.items():
        parser.add_argument(name, help=UPDATE_HELP[name], **options)
    parser.accept_rest = lambda options, rest: options.texts.extend(rest)
    _add_common_arguments(parser, quiet="no progress bar, no warnings", json="print the report as JSON")


def _add_store_arguments(parser: Parser) -> None:
    for name, options in STORE_OPTIONS.items():
        parser.add_argument(name, help=STORE_HELP[name], **options)
    parser.accept_rest = lambda options, rest: options.texts.extend(rest)
    _add_common_arguments(parser, quiet="no summary, no warnings", json="print the summary as JSON")


def _add_similar_arguments(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    _add_words(parser, "word to look up; without words, they are read from stdin, one query a line")
    parser.add_argument(
        "--together",
        action="store_true",
        help="show a single list: the words most similar to the mean of the vectors of all WORDs",
    )
    _add_query_arguments(parser)


def _add_analogy_arguments(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    _add_words(
        parser,
        "the three words A, B and C, e.g. man king woman; without words, questions are read from stdin, one a line",
    )
    parser.add_argument(
        "--cosmul",
        action="store_true",
        help="rank the answers by 3CosMul, which multiplies similarities (default: 3CosAdd, which adds them)",
    )
    _add_query_arguments(parser)


def _add_query_arguments(parser: Parser) -> None:
    parser.add_argument(
        "--topn", type=_positive_int, default=10, metavar="N", help="number of words to show (default: 10)"
    )
    parser.add_argument(
        "--restrict-vocab",
        type=_positive_int,
        metavar="N",
        help="search only the N most frequent words (default: all words)",
    )
    _add_common_arguments(parser)


def _add_eval_arguments(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    _add_evaluation_sets(parser)
    parser.add_argument(
        "--sections", action="store_true", help="also show the score of each section of the analogies"
    )
    _add_common_arguments(parser)


def _add_compare_arguments(parser: Parser) -> None:
    parser.add_argument("a", metavar="A", help="the older of two models or files of vectors, or any other")
    parser.add_argument("b", metavar="B", help="the newer one; one of A and B may be - for stdin")
    parser.add_argument(
        "--topn", type=_positive_int, default=10, metavar="N",
        help="number of nearest neighbours to compare (default: 10)",
    )  # fmt: skip
    parser.add_argument(
        "--words", type=_positive_int, default=1000, metavar="N",
        help="compare the first N words of B that A has, too; in most files, these are the most frequent words "
        "(default: 1000)",
    )  # fmt: skip
    parser.add_argument(
        "--moved", type=_positive_int, default=10, metavar="N",
        help="number of words to show of those that moved most (default: 10)",
    )  # fmt: skip
    _add_evaluation_sets(parser)
    parser.set_defaults(sections=False)
    _add_common_arguments(parser)


def _add_evaluation_sets(parser: Parser) -> None:
    parser.add_argument(
        "--analogies",
        metavar="FILE",
        nargs="+",
        action="extend",
        default=[],
        help="files of analogy questions: four words A B C D per line, where D is the correct answer to 'A is to B as "
        "C is to which word?'; a line ': NAME' starts a section",
    )
    parser.add_argument(
        "--pairs",
        metavar="FILE",
        nargs="+",
        action="extend",
        default=[],
        help="files of word similarities: per line two words and the similarity that people assigned to them",
    )
    parser.add_argument(
        "--restrict-vocab",
        type=_positive_int,
        default=30000,
        metavar="N",
        help="in analogies, use only the N most frequent words; all other words count as unknown "
        "(default: 30000)",
    )
    parser.add_argument(
        "--delimiter",
        default="\t",
        metavar="TEXT",
        help="separator of the columns in the files of --pairs (default: a tab)",
    )
    parser.add_argument(
        "--case-sensitive",
        action="store_true",
        help="distinguish upper and lower case (default: ignore the difference)",
    )
    parser.add_argument(
        "--dummy4unknown",
        action="store_true",
        help="count questions with unknown words as wrong, and pairs with unknown words as similarity 0 (default: skip "
        "them)",
    )


def _add_info_arguments(parser: Parser) -> None:
    parser.add_argument("models", metavar="MODEL", nargs="+", help=MODEL_HELP)
    parser.accept_rest = lambda options, rest: options.models.extend(rest)
    _add_common_arguments(parser)


def _add_convert_arguments(parser: Parser) -> None:
    from fastw2v.cli.files import EXPORTS, FORMATS

    parser.add_argument("input", metavar="INPUT", help=MODEL_HELP)
    parser.add_argument("output", metavar="OUTPUT", help=OUTPUT_HELP + EXPORT_SUFFIXES_HELP)
    parser.add_argument("--format", choices=(*FORMATS, *EXPORTS), help=FORMAT_HELP + EXPORTS_HELP)
    parser.add_argument(
        "--kind",
        choices=("model", "vectors"),
        help="write the whole model, which can be trained further, or only its vectors (default: the whole model if "
        "INPUT contains one and the format can hold it)",
    )
    _add_common_arguments(parser, quiet="no summary, no warnings", json="print the summary as JSON")


def _add_phrases_arguments(parser: Parser) -> None:
    _add_texts(
        parser,
        "text to write, one sentence per line, compressed if its suffix says so; - for stdout",
    )
    for option, argument_type, default, metavar, text in (
        (
            "--passes",
            int,
            1,
            "N",
            "number of passes; the second pass joins phrases and words to longer phrases",
        ),
        ("--min-count", float, 5, "N", "phrases must occur more often than this"),
        ("--threshold", float, 10.0, "SCORE", "phrases must have a higher score"),
        ("--delimiter", str, "_", "TEXT", "joins the words of a phrase"),
        (
            "--max-vocab-size",
            int,
            40_000_000,
            "N",
            "remove rare words and pairs whenever there are more than N",
        ),
    ):
        parser.add_argument(
            option, type=argument_type, default=default, metavar=metavar, help=f"{text} (default: {default})"
        )
    parser.add_argument(
        "--scoring",
        choices=("default", "npmi"),
        default="default",
        help="how phrases are scored; npmi needs a --threshold from -1 to 1 (default: default)",
    )
    parser.add_argument(
        "--connector-words",
        default="",
        metavar="WORDS",
        help="words that may stand within a phrase, such as 'of' in bank_of_america: a list with commas, or 'english' "
        "for a list of English words (default: none)",
    )
    _add_common_arguments(parser, quiet="no summary, no warnings", json="print the summary as JSON")


def _add_plot_arguments(parser: Parser) -> None:
    parser.add_argument("kind", metavar="KIND", choices=PLOTS, help=f"one of {', '.join(PLOTS)}")
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    _add_words(parser, "words of the map, or whose neighbours to draw")
    parser.add_argument(
        "-o", "--output", required=True, metavar="FILE",
        help="file to write; the suffix .png, .svg or .pdf selects the format. - is stdout, to which PNG is written",
    )  # fmt: skip
    parser.add_argument(
        "--format",
        choices=PICTURE_FORMATS,
        help="format of the picture (default: selected by the suffix of FILE)",
    )
    parser.add_argument(
        "--before", metavar="FILE", help="older model or vectors that MODEL was trained from, for drift"
    )
    parser.add_argument(
        "--first-words", type=_positive_int, default=200, metavar="N",
        help="number of the most frequent words on a map without WORDs (default: 200)",
    )  # fmt: skip
    parser.add_argument(
        "--topn", type=_positive_int, default=15, metavar="N",
        help="number of neighbours of each WORD, or of words that moved most (default: 15)",
    )  # fmt: skip
    parser.add_argument(
        "--method", choices=METHODS,
        help="how words are placed: by UMAP, t-SNE or principal components; auto is the first of them that is "
        "installed (default: auto for maps, pca for neighbours)",
    )  # fmt: skip
    parser.add_argument("--title", metavar="TEXT", help="title of the picture (default: none)")
    _add_common_arguments(parser, quiet="no message, no warnings", json="print a summary as JSON")


def _add_explore_arguments(parser: Parser) -> None:
    parser.add_argument("model", metavar="MODEL", help=MODEL_HELP)
    parser.add_argument(
        "-o", "--output", default="map.html", metavar="FILE",
        help="HTML file to write, or - for stdout (default: map.html)",
    )  # fmt: skip
    parser.add_argument(
        "--words", type=_positive_int, default=20_000, metavar="N",
        help="number of the most frequent words on the map, at most 50000 (default: 20000)",
    )  # fmt: skip
    parser.add_argument(
        "--topn",
        type=_positive_int,
        default=10,
        metavar="N",
        help="number of neighbours of each word (default: 10)",
    )
    parser.add_argument(
        "--method", choices=METHODS, default="pca",
        help="how words are placed: by principal components, which takes a second, or by t-SNE or UMAP, which take "
        "minutes for many words; auto is UMAP or t-SNE if one is installed (default: pca)",
    )  # fmt: skip
    parser.add_argument("--title", metavar="TEXT", help="title of the page (default: the name of MODEL)")
    _add_common_arguments(
        parser, quiet="no progress bar, no message, no warnings", json="print a summary as JSON"
    )


def _add_word2vec_arguments(parser: Parser) -> None:
    from fastw2v.scripts.word2vec_flags import add_flags

    parser.add_argument(
        "-train", required=True, metavar="FILE",
        help="text to train on, one sentence per line: a file, a directory, a pattern in quotes, or - for stdin",
    )  # fmt: skip
    parser.add_argument(
        "-output", metavar="FILE",
        help="file to write the vectors to, or - for stdout; without it, only the vocabulary is made, for -save-vocab",
    )  # fmt: skip
    add_flags(parser, threads=12)
    parser.add_argument(
        "-save-vocab", type=_file_name, metavar="FILE", help="file to write the words and their counts to"
    )
    parser.add_argument(
        "-read-vocab",
        metavar="FILE",
        help="file to read the words and their counts from, instead of the text",
    )
    parser.add_argument("-classes", type=int, default=0, metavar="N", help="not supported, except 0")
    parser.add_argument(
        "-debug", dest="debug_level", type=int, default=2, metavar="N",
        help="0 shows no progress and no messages, as --quiet does (default: 2)",
    )  # fmt: skip
    _add_common_arguments(
        parser, quiet="no progress bar, no summary, no warnings", json="print the summary as JSON"
    )


def _add_demo_arguments(parser: Parser) -> None:
    parser.add_argument(
        "--workers",
        type=int,
        default=ALL_CORES,
        metavar="N",
        help=f"number of threads; -1 uses one thread per core (default: {ALL_CORES})",
    )
    parser.add_argument("--save", type=_file_name, metavar="FILE", help="save the model in FILE")
    _add_common_arguments(parser, json=None)


def _add_completion_arguments(parser: Parser) -> None:
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=f"one of {', '.join(SHELLS)}")
    _add_common_arguments(parser, json=None)


def _add_common_arguments(
    parser: Parser, *, quiet: str = "no warnings", json: str | None = "print the result as JSON"
) -> None:
    """Add the options that all commands have; a help text of None leaves out --json."""
    if json is not None:
        parser.add_argument("--json", action="store_true", help=json)
    parser.add_argument("--quiet", action="store_true", help=quiet)
    parser.add_argument("--verbose", action="store_true", help="show log messages on stderr")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")


# --- types of arguments


def _file_name(text: str) -> str:
    if text == "-":
        raise argparse.ArgumentTypeError(
            "- stands for stdin or stdout, which cannot be used here; name a file"
        )
    return text


def _tokenizer_name(text: str) -> str:
    package, _, function = text.partition(":")
    if text not in ("whitespace", "words") and not (package and function):
        raise argparse.ArgumentTypeError(f"{text!r} is none of whitespace, words and PACKAGE:FUNCTION")
    return text


def _words(text: str) -> list[str]:
    words = list(dict.fromkeys(word for word in text.split(",") if word))
    if not words:
        raise argparse.ArgumentTypeError(f"{text!r} has no word; give words with commas between them")
    return words


def _positive_int(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _word_count(text: str) -> int:
    try:
        count = _with_unit(text, 1000)
    except (ValueError, OverflowError):
        count = 0
    if count < 1:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number of words; give a number of at least 1, with or without a unit, e.g. 100M"
        )
    return count


def _byte_count(text: str) -> int:
    try:
        return _with_unit(text, 1024)
    except (ValueError, OverflowError):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a size; give a number of bytes, or a number with a unit, e.g. 500M or 4G"
        ) from None


def _with_unit(text: str, base: int) -> int:
    """Return the value of a number with an optional unit K, M, G or T, the first four powers of `base`."""
    exponent = "KMGT".find(text[-1:].upper()) + 1 if text else 0
    return int(float(text.rstrip("KMGTkmgt")) * base**exponent)


# --- options of stream, update and store, by the names of argparse

STREAM_HELP = {
    "--max-words": "largest size of the vocabulary; if there are more words, the rarest are removed",
    "--chunk-words": "words that are read, counted and trained at a time, e.g. 500K (default: 1M)",
    "--total-words": "words of the whole text, or an estimate, e.g. 2G; the learning rate falls from --alpha to "
    "--min-alpha over these words (default: the rate stays --alpha, which suits text without an end)",
    "--epochs": "number of passes over each chunk, while it is in memory (default: 1)",
    "--checkpoint": "save the model in FILE after each chunk; --resume continues from it",
    "--resume": "continue from the file of --checkpoint; the sentences that it was trained on are skipped; "
    "start from the beginning if the file does not exist",
    "--no-skip": "with --resume: the INPUTs begin where the checkpoint ends, as those of a message queue; none of "
    "their sentences is skipped",
}
STREAM_OPTIONS: dict[str, dict[str, Any]] = {
    "--max-words": {"type": _word_count, "metavar": "N", "required": True},
    "--chunk-words": {"type": _word_count, "metavar": "WORDS", "default": 1_000_000},
    "--total-words": {"type": _word_count, "metavar": "WORDS"},
    "--epochs": {"type": _positive_int, "metavar": "N", "default": 1},
    "--checkpoint": {"type": _file_name, "metavar": "FILE"},
    "--resume": {"action": "store_true"},
    "--no-skip": {"action": "store_true"},
}

UPDATE_HELP = {
    "model": "file of the model to update, in the format of fastw2v or gensim",
    "texts": "new text: a file, plain or compressed, with one sentence per line, or a directory of such files. All "
    "TEXTs are one update",
    "--output": "file to write, in the format of fastw2v (default: MODEL, which is replaced)",
    "--replay": "mix old sentences into the new text, from a store that 'fastw2v store' has made, or from a text. "
    "After the update, TEXT is added to the store. The option may be repeated for several texts",
    "--replay-ratio": "words of old text for each word of new text (default: 3.0; with --anchor-to 1.0)",
    "--lockf": "factor on the learning rate of the vectors of old words; 0 freezes these vectors. With --anchor-to, or "
    "without --replay, 0 also freezes their output weights (default: 0.5 with --replay and without --anchor-to; "
    "otherwise 1.0)",
    "--anchor": "strength of a pull of the vectors of old words towards their old values; 0 for none. With "
    "--anchor-to, or without --replay, the output weights are pulled too (default: 1.0)",
    "--anchor-to": "the model, or vectors, that the old words are pulled towards (default: MODEL)",
    "--epochs": "number of passes over the text (default: that of MODEL)",
    "--alpha": "learning rate at the start (default: that of MODEL)",
    "--min-alpha": "learning rate at the end (default: that of MODEL)",
    "--workers": "number of threads; -1 uses one thread per core (default: -1)",
    "--drift-threshold": "warn if a smaller share of the nearest neighbours of old words stays, e.g. 0.5",
    "--skip-known": "skip a TEXT that is in the model already (default: refuse the update)",
    "--report": "file to write a report to, as JSON: texts, new words, and how far old words have moved",
}
UPDATE_OPTIONS: dict[str, dict[str, Any]] = {
    "model": {"type": _file_name, "metavar": "MODEL"},
    "texts": {"type": _file_name, "metavar": "TEXT", "nargs": "+"},
    "--output": {"type": _file_name, "metavar": "FILE"},
    "--replay": {"type": _file_name, "metavar": "STORE_OR_TEXT", "action": "append", "default": []},
    "--replay-ratio": {"type": float, "metavar": "RATIO"},
    "--lockf": {"type": float, "metavar": "FACTOR"},
    "--anchor": {"type": float, "metavar": "STRENGTH"},
    "--anchor-to": {"type": _file_name, "metavar": "FILE"},
    "--epochs": {"type": _positive_int, "metavar": "N"},
    "--alpha": {"type": float, "metavar": "RATE"},
    "--min-alpha": {"type": float, "metavar": "RATE"},
    "--workers": {"type": int, "metavar": "N", "default": -1},
    "--drift-threshold": {"type": float, "metavar": "SHARE"},
    "--skip-known": {"action": "store_true"},
    "--report": {"type": _file_name, "metavar": "FILE"},
}
STORE_HELP = {
    "store": "directory of the store; it is made if it does not exist",
    "texts": "text to add: a file, plain or compressed, or a directory of such files",
    "--max-words": "largest number of words in the store, e.g. 100M (default: no limit for a new store)",
    "--keep": "which text stays when there are more than --max-words words: a random sample of all text ever added, "
    "or the newest text (default: random for a new store)",
}
STORE_OPTIONS: dict[str, dict[str, Any]] = {
    "store": {"type": _file_name, "metavar": "STORE"},
    "texts": {"type": _file_name, "metavar": "TEXT", "nargs": "*"},
    "--max-words": {"type": _word_count, "metavar": "N"},
    "--keep": {"choices": ("random", "newest")},
}
