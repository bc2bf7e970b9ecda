"""The commands of the command line, one function each.

A command takes the options that `fastw2v.cli.parser` parsed. It prints its result to stdout, as text or with ``--json``
as JSON, and everything else (summaries, warnings) to stderr, so that the output can be piped into another program.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import functools
import inspect
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastw2v import plotting
from fastw2v.callbacks import CallbackAny2Vec
from fastw2v.cli import demo, files, phrases
from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.parser import NOT_OPTIONS, UsageError, training_defaults
from fastw2v.common.codecs import SIGNATURES
from fastw2v.common.files import check_writable, is_same_file, open_atomic, open_input
from fastw2v.corpora import LineSentence, PathLineSentences
from fastw2v.display.explorer import MAX_WORDS
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.text.corpus import check_not_read
from fastw2v.word2vec import Word2Vec

Command = Callable[[argparse.Namespace], None]

# Parameters that may differ between a training and its continuation from a checkpoint.
MAY_DIFFER_ON_RESUME = {"workers", "corpus_budget", "comment"}

SPELLING_CANDIDATES = 50_000


# --- train


def train(options: argparse.Namespace) -> None:
    """Train a model on a text and save it."""
    output_format = options.format or files.output_format(options.output)
    if files.STANDARD_STREAM not in (options.input, options.output):
        corpus_of_input = PathLineSentences(options.input) if os.path.isdir(options.input) else options.input
        _check_not_read(options, output_format, corpus_of_input, "the corpus file")
    _check_output(options, output_format)
    resume = _is_resumed(options)
    parameters = {name: getattr(options, name) for name in training_defaults()}
    parameters["shrink_windows"] = bool(options.shrink_windows)
    parameters["compute_loss"] = bool(options.compute_loss)
    progress = False if options.quiet else None  # --verbose shows log lines instead
    observer = TrainingObserver(parameters if resume else {})
    start = time.perf_counter()
    try:
        with _corpus(options.input) as corpus:
            if resume:
                corpus["corpus_iterable"] = corpus.pop("sentences", None)
                model = Word2Vec.resume(
                    options.checkpoint,
                    **corpus,
                    workers=options.workers,
                    callbacks=[observer],
                    progress=progress,
                )
            else:
                checkpoint = {"checkpoint": options.checkpoint, "checkpoint_every": options.checkpoint_every}
                model = Word2Vec(
                    **corpus, **parameters, **checkpoint, callbacks=[observer], progress=progress
                )
    except KeyboardInterrupt as interrupt:
        raise type(interrupt)(_handle_interrupt(observer, options, output_format)) from None
    except RuntimeError as error:
        if observer.model is None:  # before the training, only an empty vocabulary raises RuntimeError
            raise RuntimeError(
                f"{error} (is INPUT empty, or is --min-count={options.min_count} too high?)"
            ) from error
        raise
    seconds = time.perf_counter() - start
    files.save(model, options.output, output_format)
    summary = {
        "words": model.corpus_total_words,
        "sentences": model.corpus_count,
        "vocabulary": len(model.wv),
        "epochs": model.epochs,
        "seconds": round(seconds, 3),
        "training_seconds": round(model.total_train_time, 3),
        "raw_words_per_second": round(
            (model.corpus_total_words or 0) * model.epochs / max(model.total_train_time, 1e-9)
        ),
        "output": options.output,
        "format": output_format,
    }
    if options.json:
        _print_json(summary)
    if not options.quiet:
        print_message(
            f"trained on {summary['words']:,} words in {summary['sentences']:,} sentences for {model.epochs} epochs, "
            f"vocabulary of {summary['vocabulary']:,} words; {seconds:.1f} s in total, "
            f"{model.total_train_time:.1f} s of them training at {summary['raw_words_per_second']:,} words/s; "
            f"saved {_shown(options.output, 'stdout')} ({output_format} format)"
        )


def _check_output(options: argparse.Namespace, output_format: str) -> None:
    """Raise an error if OUTPUT cannot be written, before any work is done."""
    if options.output != STANDARD_STREAM:
        check_writable(options.output)
        return
    if output_format == "gensim":
        raise UsageError(
            "the gensim format may need several files and cannot be written to stdout; name a file"
        )
    if getattr(options, "json", False):
        raise UsageError("the model and the summary of --json cannot both be written to stdout; name a file")


def _check_not_read(options: argparse.Namespace, output_format: str, source: Any, what: str) -> None:
    """Raise an error if a file that OUTPUT stands for is one that `source` reads."""
    paths = [options.output]
    if output_format == "gensim":
        from fastw2v.formats.gensim import separate_paths  # a large module

        paths += separate_paths(options.output)
    for path in paths:
        try:
            check_not_read("OUTPUT", path, source, what)
        except ValueError as error:
            raise UsageError(str(error)) from None


def _is_resumed(options: argparse.Namespace) -> bool:
    """Return whether the training continues from a checkpoint.

    Raises
    ------
    UsageError
        If the options contradict each other, or a file would be overwritten.
    """
    if options.checkpoint is None:
        if options.resume or options.checkpoint_every:
            raise UsageError("--resume and --checkpoint-every need --checkpoint FILE")
        return False
    for name, path in (("INPUT", options.input), ("OUTPUT", options.output)):
        if is_same_file(path, options.checkpoint):
            raise UsageError(f"the checkpoint would overwrite {name} ({path}); choose another file name")
    exists = os.path.exists(options.checkpoint)
    if exists and not options.resume:
        raise UsageError(
            f"the checkpoint {options.checkpoint} already exists; add --resume to continue from it, or delete it to "
            "start from the beginning"
        )
    return exists


class TrainingObserver(CallbackAny2Vec):
    """A callback that checks the parameters of a resumed model and keeps a reference to the model.

    The constructor of `Word2Vec` trains, so an exception in it would otherwise lose the partly trained model.

    Parameters
    ----------
    expected : dict of str to value
        The parameters that the model must have.

    Attributes
    ----------
    model : Word2Vec or None
        The model; None before the training has started.
    """

    def __init__(self, expected: dict[str, Any]) -> None:
        self.model: Word2Vec | None = None
        self._expected = expected

    def on_train_begin(self, model: Word2Vec) -> None:
        """Check the parameters.

        Raises
        ------
        UsageError
            If a parameter of the model differs from the expected value.
        """
        for name, value in self._expected.items():
            actual = getattr(
                model, name, value
            )  # a model does not store the parameters of the initialization
            if name not in MAY_DIFFER_ON_RESUME and actual != value:
                option = "--" + name.replace("_", "-")
                raise UsageError(
                    f"the checkpoint was made with {option}={actual}, not {value}; resume the training with the "
                    "options that it was started with"
                )
        self.model = model


def _handle_interrupt(observer: TrainingObserver, options: argparse.Namespace, output_format: str) -> str:
    """Save the partly trained model if the options ask for it, and return the message for the user."""
    if options.keep_partial and observer.model is not None:
        files.save(observer.model, options.output, output_format)
        return f"interrupted; the partly trained model was saved in {_shown(options.output, 'stdout')}"
    if options.checkpoint is not None and os.path.exists(options.checkpoint):
        return (
            f"interrupted; run the command with --resume to continue from the checkpoint {options.checkpoint}"
        )
    if observer.model is None:
        return "interrupted before the training started; nothing was saved"
    return "interrupted; nothing was saved (--keep-partial saves the partly trained model)"


@contextlib.contextmanager
def _corpus(source: str) -> Iterator[dict[str, Any]]:
    """Yield the arguments of the constructor that select the corpus."""
    if source == STANDARD_STREAM:
        with _temporary_copy(sys.stdin.buffer) as path:
            yield {"corpus_file": path}
    elif os.path.isdir(source):
        yield {"sentences": PathLineSentences(source)}
    elif os.path.exists(source) and not os.path.isfile(source):  # a pipe, e.g. <(command) in a shell
        with open(source, "rb") as stream, _temporary_copy(stream) as path:
            yield {"corpus_file": path}
    else:
        with open_input(source):  # raises an error that names the file if it cannot be read
            pass
        yield {"corpus_file": source}


def _reads_stdin(argument: str) -> Callable[[Command], Command]:
    """Return a decorator of commands that read the file that `argument` names: the name ``-`` stands for stdin.

    Files of models are read in several passes, or mapped, so that stdin is copied to a temporary file.
    """

    def decorate(command: Command) -> Command:
        @functools.wraps(command)
        def run(options: argparse.Namespace) -> None:
            if getattr(options, argument) != STANDARD_STREAM:
                command(options)
                return
            with _temporary_copy(sys.stdin.buffer) as path:
                command(argparse.Namespace(**{**vars(options), argument: path, "from_stdin": True}))

        return run

    return decorate


def _input_name(options: argparse.Namespace, path: str) -> str:
    """Return the name of the file that a command reads, for messages."""
    return "stdin" if getattr(options, "from_stdin", False) else path


def _shown(path: str, stream: str) -> str:
    """Return a path for a message; ``-`` is shown as the name of the stream."""
    return stream if path == STANDARD_STREAM else path


@contextlib.contextmanager
def _temporary_copy(stream: Any) -> Iterator[str]:
    """Copy a stream to a temporary file and yield its path: training reads the text several times.

    The suffix of the file states the compression, which the first bytes of the stream identify.
    """
    first = stream.read(1 << 16)
    suffix = next((suffix for signature, suffix in SIGNATURES.items() if first.startswith(signature)), "")
    descriptor, path = tempfile.mkstemp(prefix="fastw2v-stdin-", suffix=suffix)
    try:
        with open(descriptor, "wb") as file:
            file.write(first)
            shutil.copyfileobj(stream, file, 1 << 20)
        yield path
    finally:
        os.unlink(path)


# --- similar, analogy


@_reads_stdin("model")
def similar(options: argparse.Namespace) -> None:
    """Show the words most similar to some words."""
    vectors = files.load_any(options.model)
    words = list(dict.fromkeys(options.words))
    check_known(vectors, words)
    groups = [words] if options.together else [[word] for word in words]
    rankings = {
        " + ".join(group): vectors.most_similar(
            group, topn=options.topn, restrict_vocab=options.restrict_vocab
        )
        for group in groups
    }
    if options.json:
        _print_json({query: _as_records(ranking) for query, ranking in rankings.items()})
        return
    for position, (query, ranking) in enumerate(rankings.items()):
        if len(rankings) > 1:
            print(("\n" if position else "") + query)
        print_ranking(ranking)


@_reads_stdin("model")
def analogy(options: argparse.Namespace) -> None:
    """Answer the question "a is to b as c is to which word?"."""
    vectors = files.load_any(options.model)
    check_known(vectors, [options.a, options.b, options.c])
    search = vectors.most_similar_cosmul if options.cosmul else vectors.most_similar
    ranking = search(
        [options.b, options.c], [options.a], topn=options.topn, restrict_vocab=options.restrict_vocab
    )
    if options.json:
        _print_json(_as_records(ranking))
    else:
        print_ranking(ranking)


def check_known(vectors: KeyedVectors, words: Iterable[str]) -> None:
    """Raise UsageError if a word is not in the vocabulary; the message suggests words with a similar spelling."""
    unknown = [word for word in words if word not in vectors.key_to_index]
    if not unknown:
        return
    message = f"not in the vocabulary of {len(vectors):,} words: {', '.join(map(repr, unknown))}"
    candidates = [key for key in vectors.index_to_key[:SPELLING_CANDIDATES] if isinstance(key, str)]
    suggestions = dict.fromkeys(match for word in unknown for match in _similar_spellings(word, candidates))
    raise UsageError(message + (f"; did you mean {', '.join(suggestions)}?" if suggestions else ""))


def _similar_spellings(word: str, candidates: list[str]) -> list[str]:
    other_case = [key for key in candidates if key.casefold() == word.casefold()]
    return other_case or difflib.get_close_matches(word, candidates, n=3, cutoff=0.75)


def print_ranking(ranking: list[tuple[Any, float]]) -> None:
    """Print words and their scores, one pair per line."""
    width = max((len(str(key)) for key, _ in ranking), default=0)
    for key, score in ranking:
        print(f"  {key!s:{width}}  {score:.4f}")


def _as_records(ranking: list[tuple[Any, float]]) -> list[dict[str, Any]]:
    return [{"word": key, "score": round(float(score), 6)} for key, score in ranking]


# --- eval


@_reads_stdin("model")
def evaluate(options: argparse.Namespace) -> None:
    """Score vectors on analogies and on word similarities, and print a table."""
    if not options.analogies and not options.pairs:
        raise UsageError("there is nothing to evaluate; add --analogies FILE, --pairs FILE or both")
    analogies = [(path, _lines(path)) for path in options.analogies]
    pairs = [(path, _lines(path)) for path in options.pairs]
    vectors = files.load_any(options.model)
    rows = [row for path, lines in analogies for row in _analogy_rows(vectors, path, lines, options)]
    rows += [_pairs_row(vectors, path, lines, options) for path, lines in pairs]
    if options.json:
        _print_json(rows)
    else:
        columns = {
            "score": "{:.4f}",
            "pearson": "{:.4f}",
            "spearman": "{:.4f}",
            "oov": "{:.1f}%",
            "items": "{:,}",
        }
        print_table([["name", *columns], *([row["name"], *_cells(row, columns)] for row in rows)])
    if all(row.get("score") is None and row.get("pearson") is None for row in rows):
        raise ValueError(
            "nothing was evaluated: no question and no pair of the files has all its words in the vocabulary; check "
            "the files, --delimiter and --restrict-vocab"
        )


def _cells(row: dict[str, Any], columns: dict[str, str]) -> list[str]:
    return [
        "-" if row.get(name) is None else template.format(row[name]) for name, template in columns.items()
    ]


def _lines(path: str) -> list[str]:
    """Return the lines of a file. It is read only once, so it may be a pipe; ``-`` stands for stdin."""
    try:
        if path == STANDARD_STREAM:
            return sys.stdin.buffer.read().decode("utf-8-sig").splitlines(keepends=True)
        with open_input(path, "r") as lines:
            return list(lines)
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: the file is not UTF-8 text ({error}); convert it to UTF-8, for example with iconv"
        ) from error


def _analogy_rows(
    vectors: KeyedVectors, path: str, lines: list[str], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """Return the row of all questions, followed by one row per section if the options ask for them."""
    try:
        _, sections = vectors.evaluate_word_analogies(
            lines,
            restrict_vocab=options.restrict_vocab,
            case_insensitive=not options.case_sensitive,
            dummy4unknown=options.dummy4unknown,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    counts = _question_counts(lines)
    *sections, total = sections
    rows = [_analogy_row(_name(path), total, sum(counts.values()))]
    if options.sections:
        rows += [_analogy_row(f"  {each['section']}", each, counts[each["section"]]) for each in sections]
    return rows


def _analogy_row(name: str, section: dict[str, Any], n_questions: int) -> dict[str, Any]:
    n_correct, n_incorrect = len(section["correct"]), len(section["incorrect"])
    n_answered = n_correct + n_incorrect
    return {
        "name": name,
        "score": n_correct / n_answered if n_answered else None,
        "oov": 100.0 * (1 - n_answered / n_questions) if n_questions else None,
        "items": n_questions,
    }


def _question_counts(lines: list[str]) -> dict[str, int]:
    """Return the number of questions in each section of a file of analogies."""
    counts: dict[str, int] = {}
    section = ""
    for line in lines:
        if line.startswith(": "):
            section = line[2:].strip()
            counts.setdefault(section, 0)
        elif len(line.split()) == 4:
            counts[section] = counts.get(section, 0) + 1
    return counts


def _pairs_row(
    vectors: KeyedVectors, path: str, lines: list[str], options: argparse.Namespace
) -> dict[str, Any]:
    try:
        pearson, spearman, oov = vectors.evaluate_word_pairs(
            lines,
            delimiter=options.delimiter,
            case_insensitive=not options.case_sensitive,
            dummy4unknown=options.dummy4unknown,
        )
    except ValueError as error:  # the other files are scored nevertheless
        print_message(f"warning: {path}: {error}")
        return {"name": _name(path), "pearson": None, "spearman": None, "oov": None}
    return {
        "name": _name(path),
        "pearson": _finite(pearson[0]),
        "spearman": _finite(spearman[0]),
        "oov": float(oov),
    }


def _finite(value: Any) -> float | None:
    return float(value) if math.isfinite(value) else None


def _name(path: str) -> str:
    return os.path.basename(path).split(".")[0]


# --- info, convert


@_reads_stdin("model")
def info(options: argparse.Namespace) -> None:
    """Show what a file of a model or of vectors contains."""
    model = files.load(options.model)
    vectors = files.vectors_of(model)
    sizes = files.file_sizes(options.model)
    if getattr(options, "from_stdin", False):
        sizes = {_input_name(options, options.model): sum(sizes.values())}
    facts: dict[str, Any] = {
        "file": _input_name(options, options.model),
        "format": files.input_format(options.model),
        "bytes": sum(sizes.values()),
        "files": sizes,
        "kind": "model" if isinstance(model, Word2Vec) else "vectors",
        "class": type(model).__name__,
        "words": len(vectors),
        "vector_size": vectors.vector_size,
        "dtype": str(vectors.vectors.dtype),
        "most_frequent": vectors.index_to_key[:10],
    }
    if isinstance(model, Word2Vec):
        if "count" in vectors.expandos:
            facts["tokens"] = int(vectors.expandos["count"].sum())
        names = inspect.signature(Word2Vec.__init__).parameters.keys() - NOT_OPTIONS
        facts["parameters"] = {name: getattr(model, name) for name in sorted(names) if hasattr(model, name)}
        facts["history"] = model.lifecycle_events or []
    if options.json:
        _print_json(facts)
    else:
        _print_info(facts)


def _print_info(facts: dict[str, Any]) -> None:
    print(f"{facts['file']}: {facts['class']} ({facts['kind']}), {facts['format']} format")
    for path, size in facts["files"].items():
        print(f"  {human_size(size):>10}  {path}")
    print(f"  {facts['words']:,} words, {facts['vector_size']} dimensions, {facts['dtype']}")
    if "tokens" in facts:
        print(f"  trained on a text with {facts['tokens']:,} occurrences of these words")
    print(f"  first words: {' '.join(map(str, facts['most_frequent']))}")
    if "parameters" in facts:
        print("parameters")
        for name, value in facts["parameters"].items():
            print(f"  {name:16}  {value}")
        print("history")
        for event in facts["history"]:
            moment = str(event.get("datetime", ""))[:19].replace("T", " ")
            what = event.get("msg") or event.get("params") or ""
            print(f"  {moment}  {event.get('event', '')}  {what}".rstrip())


@_reads_stdin("input")
def convert(options: argparse.Namespace) -> None:
    """Write a model or vectors in another format."""
    output_format = options.format or files.output_format(options.output)
    if options.kind == "model" and output_format in files.VECTORS_ONLY:
        raise UsageError(
            f"the {output_format} format holds vectors only; to save the whole model, give OUTPUT another suffix, "
            "such as .fw2v"
        )
    if STANDARD_STREAM not in (options.input, options.output):
        for path in files.file_sizes(options.input) if os.path.isfile(options.input) else ():
            _check_not_read(options, output_format, path, "INPUT,")
    if output_format in files.FOLDERS:
        files.check_folder(options.output)
    else:
        _check_output(options, output_format)
    model = files.load(options.input)
    input_format = files.input_format(options.input)
    if options.kind == "model" and not isinstance(model, Word2Vec):
        raise ValueError(
            f"{_input_name(options, options.input)} holds vectors only and cannot be converted to a model; remove "
            "--kind model"
        )
    if options.kind == "vectors" or output_format in files.VECTORS_ONLY:
        model = files.vectors_of(model)
    files.save(model, options.output, output_format)
    if not options.quiet:
        kind = "a model" if isinstance(model, Word2Vec) else "vectors"
        n_words = len(files.vectors_of(model))
        print_message(
            f"converted {_input_name(options, options.input)} ({input_format} format) to "
            f"{_shown(options.output, 'stdout')} "
            f"({output_format} format): {kind} of {n_words:,} words"
        )


# --- plot, explore


@_reads_stdin("model")
def plot(options: argparse.Namespace) -> None:
    """Draw a picture of a model or of vectors."""
    if options.kind in ("loss", "drift") and options.words:
        raise UsageError(f"fastw2v plot {options.kind} takes no words")
    if options.kind == "neighbours" and not options.words:
        raise UsageError("fastw2v plot neighbours needs at least one word")
    if (options.kind == "drift") != (options.before is not None):
        raise UsageError("fastw2v plot drift needs --before FILE, and only drift takes it")
    check_writable(options.output)
    model = files.load(options.model)
    vectors = files.vectors_of(model)
    check_known(vectors, options.words)
    titled: dict[str, Any] = {"title": options.title}
    if options.method is not None:
        titled["method"] = options.method
    if options.kind == "map":
        words = options.words or None
        picture = plotting.plot_map(vectors, words, n_words=options.first_words, **titled)
    elif options.kind == "neighbours":
        picture = plotting.plot_neighbours(vectors, options.words, topn=options.topn, **titled)
    elif options.kind == "loss":
        if not isinstance(model, Word2Vec) or not (model.loss_history or model.validation_loss_history):
            name = _input_name(options, options.model)
            raise ValueError(f"{name} has no losses; train a model with --compute-loss")
        picture = plotting.plot_loss(model, title=options.title)
    else:
        drift = vectors.drift(files.load_any(options.before))
        picture = plotting.plot_drift(drift, topn=options.topn, title=options.title)
    suffix = os.path.splitext(options.output)[1].lower().lstrip(".")
    with open_atomic(options.output) as file:
        picture.savefig(file, format=suffix, dpi=144)
    if not options.quiet:
        print_message(f"saved {options.output}")


@_reads_stdin("model")
def explore(options: argparse.Namespace) -> None:
    """Write a page with a map of words to explore."""
    if options.words > MAX_WORDS:
        raise UsageError(f"--words must be at most {MAX_WORDS}, not {options.words}")
    vectors = files.load_any(options.model)
    name = "Word vectors" if getattr(options, "from_stdin", False) else os.path.basename(options.model)
    plotting.explore(
        vectors,
        options.output,
        n_words=options.words,
        method=options.method,
        topn=options.topn,
        title=options.title or name,
        progress=False if options.quiet else None,
    )
    if not options.quiet:
        count = min(options.words, len(vectors))
        print_message(f"saved {options.output} with {count:,} words; open it in a browser")


# --- output


def print_message(text: str) -> None:
    """Print a message that is not part of the result to stderr."""
    print(f"fastw2v: {text}", file=sys.stderr)


def print_table(lines: list[list[str]]) -> None:
    """Print rows in columns; the first column is aligned to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())


def human_size(size: float) -> str:
    """Return a number of bytes with a suitable unit."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False, default=str)
    print()


# The commands by name; `fastw2v.cli.parser` defines their options.
def join_phrases(options: argparse.Namespace) -> None:
    """Join the phrases of a text."""
    phrases.check_output(options.input, options.output)
    with _corpus(options.input) as corpus:
        summary = phrases.run(corpus.get("sentences") or LineSentence(corpus["corpus_file"]), options)
    if not options.quiet:
        print_message(summary)


COMMANDS: dict[str, Command] = {
    "train": train,
    "similar": similar,
    "analogy": analogy,
    "eval": evaluate,
    "info": info,
    "convert": convert,
    "phrases": join_phrases,
    "plot": plot,
    "explore": explore,
    "demo": lambda options: demo.run(options.workers, options.save),
}
