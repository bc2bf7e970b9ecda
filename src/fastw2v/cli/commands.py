"""The commands of the command line, one function each.

A command takes the options that `fastw2v.cli.parser` parsed. It prints its result to stdout, as text or with ``--json``
as JSON, and everything else (summaries, warnings) to stderr, so that the output can be piped into another program.
"""

from __future__ import annotations

import argparse
import contextlib
import inspect
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from typing import Any

from fastw2v import plotting
from fastw2v.callbacks import CallbackAny2Vec
from fastw2v.cli import (
    compare,
    completion,
    demo,
    distributed,
    evaluation,
    files,
    monitoring,
    phrases,
    queries,
    stream,
    texts,
    update,
    word2vec_tool,
)
from fastw2v.cli.files import STANDARD_STREAM
from fastw2v.cli.output import human_size, print_json, print_message, report, shown
from fastw2v.cli.parser import NOT_OPTIONS, PICTURE_FORMATS, UsageError, training_defaults
from fastw2v.cli.queries import check_known
from fastw2v.cli.streams import input_name, reads_stdin
from fastw2v.common.files import check_writable, is_same_file, open_atomic
from fastw2v.corpora import FileSentences
from fastw2v.display.explorer import MAX_WORDS
from fastw2v.distributed import Communicator
from fastw2v.text.corpus import check_not_read
from fastw2v.word2vec import Word2Vec

Command = Callable[[argparse.Namespace], None]

# Parameters that may differ between a training and its continuation from a checkpoint.
MAY_DIFFER_ON_RESUME = {"workers", "corpus_budget", "comment"}

# --- train


def train(options: argparse.Namespace) -> None:
    """Train a model on a text and save it."""
    with distributed.group(options) as communicator:
        _train(options, communicator)


def _train(options: argparse.Namespace, communicator: Communicator) -> None:
    prepared = _prepare_training(options) if communicator.rank == 0 else None
    output_format, inputs, held_out, resume = communicator.broadcast(prepared)
    parameters = {name: getattr(options, name) for name in training_defaults()}
    parameters["shrink_windows"] = bool(options.shrink_windows)
    parameters["compute_loss"] = bool(options.compute_loss)
    progress = False if options.quiet else None  # --verbose shows log lines instead
    observer = TrainingObserver(parameters if resume else {})
    start = time.perf_counter()
    try:
        with monitoring.monitoring(options, held_out, is_first=communicator.rank == 0) as monitor:
            callbacks = [observer, *monitor.callbacks]
            if options.distributed:
                model = distributed.train(
                    options,
                    inputs,
                    communicator,
                    parameters=parameters,
                    resume=resume,
                    callbacks=callbacks,
                    progress=progress,
                )
            else:
                model = _train_alone(options, inputs, parameters, resume, callbacks, progress)
    except KeyboardInterrupt as interrupt:
        raise type(interrupt)(_handle_interrupt(observer, options, output_format)) from None
    except RuntimeError as error:
        if (
            observer.model is None and not options.distributed
        ):  # before the training, only an empty vocabulary raises RuntimeError
            raise RuntimeError(
                f"{error} (is INPUT empty, or is --min-count={options.min_count} too high?)"
            ) from error
        raise
    if communicator.rank:
        return
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
        **monitor.summary(),
        "output": options.output,
        "format": output_format,
    }
    report(
        options,
        summary,
        f"trained on {summary['words']:,} words in {summary['sentences']:,} sentences for {model.epochs} epochs, "
        f"vocabulary of {summary['vocabulary']:,} words; {seconds:.1f} s in total, including "
        f"{model.total_train_time:.1f} s of training at {summary['raw_words_per_second']:,} words/s; "
        f"saved {shown(options.output, 'stdout')} ({output_format} format)",
    )


def _prepare_training(options: argparse.Namespace) -> tuple[str, list[str], list[str], bool]:
    """Check the options.

    Returns
    -------
    tuple
        The format of OUTPUT, the files of the text, those of the held-out text, and whether a checkpoint is resumed.
    """
    distributed.check_options(options)
    output_format, inputs = _check_paths(options)
    held_out = monitoring.check_options(options, inputs)
    return output_format, inputs, held_out, _is_resumed(options, inputs)


def _check_paths(options: argparse.Namespace) -> tuple[str, list[str]]:
    """Check INPUT and OUTPUT; return the format of OUTPUT and the files of the text."""
    output_format = options.format or files.output_format(options.output)
    inputs = texts.find_files(options.inputs)
    if options.output != STANDARD_STREAM:
        _check_not_read(options, output_format, _named(inputs), "the corpus file")
    _check_output(options, output_format)
    return output_format, inputs


def _train_alone(
    options: argparse.Namespace,
    inputs: list[str],
    parameters: dict[str, Any],
    resume: bool,
    callbacks: list[Any],
    progress: bool | None,
) -> Word2Vec:
    """Train, or resume a training, in this process."""
    with texts.open_texts(inputs, options.tokenizer, options.lower) as corpus:
        if resume:
            return Word2Vec.resume(
                options.checkpoint,
                corpus,
                workers=options.workers,
                callbacks=callbacks,
                progress=progress,
            )
        checkpoint = {"checkpoint": options.checkpoint, "checkpoint_every": options.checkpoint_every}
        return Word2Vec(corpus, **parameters, **checkpoint, callbacks=callbacks, progress=progress)


def _check_output(options: argparse.Namespace, output_format: str) -> None:
    """Raise an error if OUTPUT cannot be written, before any work is done."""
    if options.output != STANDARD_STREAM:
        check_writable(options.output)
        return
    if output_format == "gensim":
        raise UsageError(
            "the gensim format may need several files and cannot be written to stdout; name a file"
        )
    _check_one_stdout(options)


def _check_one_stdout(options: argparse.Namespace) -> None:
    if options.output == STANDARD_STREAM and options.json:
        raise UsageError("the output and the summary of --json cannot both be written to stdout; name a file")


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


def _named(inputs: list[str]) -> FileSentences:
    """Return the corpus of the files among the inputs, without stdin."""
    return FileSentences([path for path in inputs if path != STANDARD_STREAM])


def _is_resumed(options: argparse.Namespace, inputs: list[str]) -> bool:
    """Return whether the training continues from a checkpoint.

    Raises
    ------
    UsageError
        If the options contradict each other, or a file would be overwritten.
    """
    if options.checkpoint is None:
        if options.resume or getattr(options, "checkpoint_every", None):
            raise UsageError("--resume and --checkpoint-every need --checkpoint FILE")
        return False
    for name, path in (*(("INPUT", path) for path in inputs), ("OUTPUT", options.output)):
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
        _check_resumed(model, self._expected)
        self.model = model


def _check_resumed(model: Word2Vec, expected: dict[str, Any]) -> None:
    """Raise an error if a parameter of the model of a checkpoint differs from the expected value."""
    for name, value in expected.items():
        actual = getattr(model, name, value)  # a model does not store the parameters of the initialization
        if name not in MAY_DIFFER_ON_RESUME and actual != value:
            option = "--" + name.replace("_", "-")
            raise UsageError(
                f"the checkpoint was made with {option}={actual}, not {value}; resume the training with the "
                "options that it was started with"
            )


def _handle_interrupt(observer: TrainingObserver, options: argparse.Namespace, output_format: str) -> str:
    """Save the partly trained model if the options ask for it, and return the message for the user."""
    if options.keep_partial and observer.model is not None:
        files.save(observer.model, options.output, output_format)
        return f"interrupted; the partly trained model was saved in {shown(options.output, 'stdout')}"
    if options.checkpoint is not None and os.path.exists(options.checkpoint):
        return (
            f"interrupted; run the command with --resume to continue from the checkpoint {options.checkpoint}"
        )
    if observer.model is None:
        return "interrupted before the training started; nothing was saved"
    return "interrupted; nothing was saved (--keep-partial saves the partly trained model)"


# --- stream


def train_stream(options: argparse.Namespace) -> None:
    """Train a model in one pass over a text and save it, also after an interruption."""
    stream.check_options(options)
    output_format, inputs = _check_paths(options)
    parameters = stream.parameters_of(options)
    if _is_resumed(options, inputs):
        model = Word2Vec.load(options.checkpoint)
        _check_resumed(model, parameters)
        model.workers = options.workers
    else:
        model = Word2Vec(**parameters)
    start, words_before = time.perf_counter(), model.stream_words
    try:
        stream.train(model, inputs, options)
    except KeyboardInterrupt as interrupt:
        if not model.stream_sentences:
            raise type(interrupt)(
                "interrupted before the first chunk was trained; nothing was saved"
            ) from None
        files.save(model, options.output, output_format)
        raise type(interrupt)(
            f"interrupted; the model of the first {model.stream_sentences:,} sentences was saved in "
            f"{shown(options.output, 'stdout')}"
        ) from None
    seconds = time.perf_counter() - start
    if not len(model.wv):
        raise RuntimeError(
            f"no word of the {model.stream_words:,} words of INPUT occurs --min-count={options.min_count} times"
        )
    files.save(model, options.output, output_format)
    summary = {
        "words": model.stream_words,
        "sentences": model.stream_sentences,
        "vocabulary": len(model.wv),
        "epochs": options.epochs,
        "seconds": round(seconds, 3),
        "words_per_second": round((model.stream_words - words_before) / max(seconds, 1e-9)),
        "output": options.output,
        "format": output_format,
    }
    report(
        options,
        summary,
        f"trained on {summary['words']:,} words in {summary['sentences']:,} sentences, vocabulary of "
        f"{summary['vocabulary']:,} words; {seconds:.1f} s at {summary['words_per_second']:,} words/s; saved "
        f"{shown(options.output, 'stdout')} ({output_format} format)",
    )


# --- info, convert


def info(options: argparse.Namespace) -> None:
    """Show what files of models or of vectors contain."""
    if len(options.models) == 1:
        show: Callable[[Any], None] = print_json if options.json else _print_info
        show(_facts(argparse.Namespace(model=options.models[0])))
        return
    all_facts = [_facts(argparse.Namespace(model=path)) for path in options.models]
    if options.json:
        print_json(all_facts)
        return
    for position, facts in enumerate(all_facts):
        print("\n" if position else "", end="")
        _print_info(facts)


@reads_stdin("model")
def _facts(options: argparse.Namespace) -> dict[str, Any]:
    """Return what a file of a model or of vectors contains."""
    model = files.load(options.model)
    vectors = files.vectors_of(model)
    sizes = files.file_sizes(options.model)
    if hasattr(options, "stdin_copy"):
        sizes = {input_name(options, options.model): sum(sizes.values())}
    facts: dict[str, Any] = {
        "file": input_name(options, options.model),
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
    return facts


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


@reads_stdin("input")
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
            f"{input_name(options, options.input)} holds vectors only and cannot be converted to a model; remove "
            "--kind model"
        )
    if options.kind == "vectors" or output_format in files.VECTORS_ONLY:
        model = files.vectors_of(model)
    files.save(model, options.output, output_format)
    kind = "model" if isinstance(model, Word2Vec) else "vectors"
    n_words = len(files.vectors_of(model))
    report(
        options,
        {
            "input": input_name(options, options.input),
            "input_format": input_format,
            "output": options.output,
            "format": output_format,
            "kind": kind,
            "words": n_words,
        },
        f"converted {input_name(options, options.input)} ({input_format} format) to "
        f"{shown(options.output, 'stdout')} "
        f"({output_format} format): {'a model' if kind == 'model' else kind} of {n_words:,} words",
    )


# --- plot, explore


@reads_stdin("model", "before")
def plot(options: argparse.Namespace) -> None:
    """Draw a picture of a model or of vectors."""
    if options.kind in ("loss", "drift") and options.words:
        raise UsageError(f"fastw2v plot {options.kind} takes no words")
    if options.kind == "neighbours" and not options.words:
        raise UsageError("fastw2v plot neighbours needs at least one word")
    if (options.kind == "drift") != (options.before is not None):
        raise UsageError("fastw2v plot drift needs --before FILE, and only drift takes it")
    picture_format = _picture_format(options)
    _check_one_stdout(options)
    if options.output != STANDARD_STREAM:
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
            name = input_name(options, options.model)
            raise ValueError(f"{name} has no losses; train a model with --compute-loss")
        picture = plotting.plot_loss(model, title=options.title)
    else:
        drift = vectors.drift(files.load_any(options.before))
        picture = plotting.plot_drift(drift, topn=options.topn, title=options.title)
    if options.output == STANDARD_STREAM:
        picture.savefig(sys.stdout.buffer, format=picture_format, dpi=144)
    else:
        with open_atomic(options.output) as file:
            picture.savefig(file, format=picture_format, dpi=144)
    report(
        options,
        {"output": options.output, "format": picture_format, "kind": options.kind},
        f"saved {shown(options.output, 'stdout')}",
    )


def _picture_format(options: argparse.Namespace) -> str:
    """Return the format that --format or the suffix of the output selects."""
    suffix = os.path.splitext(options.output)[1].lower().lstrip(".")
    if options.format is not None:
        return str(options.format)
    if options.output == STANDARD_STREAM:
        return "png"
    if suffix not in PICTURE_FORMATS:
        raise UsageError(
            f"--output {options.output} must end with .png, .svg or .pdf; --format selects another one"
        )
    return str(suffix)


@reads_stdin("model")
def explore(options: argparse.Namespace) -> None:
    """Write a page with a map of words to explore."""
    if options.words > MAX_WORDS:
        raise UsageError(f"--words must be at most {MAX_WORDS}, not {options.words}")
    vectors = files.load_any(options.model)
    _check_one_stdout(options)
    name = "Word vectors" if hasattr(options, "stdin_copy") else os.path.basename(options.model)
    with contextlib.ExitStack() as stack:
        path = options.output
        if path == STANDARD_STREAM:
            path = os.path.join(stack.enter_context(tempfile.TemporaryDirectory()), "map.html")
        plotting.explore(
            vectors,
            path,
            n_words=options.words,
            method=options.method,
            topn=options.topn,
            title=options.title or name,
            progress=False if options.quiet else None,
        )
        if path != options.output:
            with open(path, "rb") as page:
                shutil.copyfileobj(page, sys.stdout.buffer)
    count = min(options.words, len(vectors))
    report(
        options,
        {"output": options.output, "words": count},
        f"saved {shown(options.output, 'stdout')} with {count:,} words; open it in a browser",
    )


# --- phrases


def join_phrases(options: argparse.Namespace) -> None:
    """Join the phrases of a text."""
    inputs = texts.find_files(options.inputs)
    _check_one_stdout(options)
    if options.output != STANDARD_STREAM:
        try:
            check_not_read("OUTPUT", options.output, _named(inputs), "INPUT")
        except ValueError as error:
            raise UsageError(str(error)) from None
    with texts.open_texts(inputs, options.tokenizer, options.lower) as corpus:
        summary, message = phrases.run(corpus, options)
    report(options, summary, message)


def update_model(options: argparse.Namespace) -> None:
    """Train a model further on new text."""
    report = update.run(options)
    if options.json:
        print_json(report)


def build_store(options: argparse.Namespace) -> None:
    """Make a store of old text, or add text to it."""
    summary, text = update.build_store(options)
    if options.json:
        print_json(summary)
    elif not options.quiet:
        print_message(text)


# The commands by name; `fastw2v.cli.parser` defines their options.
COMMANDS: dict[str, Command] = {
    "train": train,
    "stream": train_stream,
    "update": update_model,
    "store": build_store,
    "similar": queries.similar,
    "analogy": queries.analogy,
    "eval": evaluation.evaluate,
    "compare": compare.compare,
    "info": info,
    "convert": convert,
    "phrases": join_phrases,
    "plot": plot,
    "explore": explore,
    "word2vec": word2vec_tool.word2vec,
    "completion": completion.completion,
    "demo": lambda options: demo.run(options.workers, options.save),
}
