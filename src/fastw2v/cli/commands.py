"""What the commands of the command line do: parsed options in, results on stdout, notes on stderr.

Each public function is one command and takes the options that `cli` parsed. Results that a machine might read
come as JSON with ``--json``.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import inspect
import json
import math
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from typing import Any

from fastw2v.cli import files
from fastw2v.corpora import PathLineSentences
from fastw2v.common.files import check_writable, open_input
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.word2vec import Word2Vec

# Options of the constructor that a command line cannot express.
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
}
ALL_CORES = -1
MAY_CHANGE = {"workers", "corpus_budget", "comment"}  # from one part of a training to the next

STDIN = "-"
# What compressed data begins with, for a stream that has no name.
SIGNATURES = {b"\x1f\x8b": ".gz", b"BZh": ".bz2", b"\xfd7zXZ\x00": ".xz", b"\x28\xb5\x2f\xfd": ".zst"}
SPELLINGS_TRIED = 50_000


class UsageError(Exception):
    """The arguments cannot be used."""


def constructor_defaults() -> dict[str, Any]:
    """Return the parameters of the constructor that are options of ``train``, with their defaults here.

    They are the constructor's, but that all cores are used.
    """
    parameters = inspect.signature(Word2Vec.__init__).parameters
    defaults = {name: parameter.default for name, parameter in parameters.items() if name not in NOT_OPTIONS}
    return {**defaults, "workers": ALL_CORES}


# ---------------------------------------------------------------------------------------- train


def train(options: argparse.Namespace) -> None:
    """Train a model on a text and write it."""
    form = options.format or files.output_format(options.output)
    both_exist = os.path.exists(options.input) and os.path.exists(options.output)
    if both_exist and os.path.samefile(options.input, options.output):
        raise UsageError(f"OUTPUT would overwrite INPUT ({options.input}); name another file")
    check_writable(options.output)
    resumes = _resumes(options)
    parameters = {name: getattr(options, name) for name in constructor_defaults()}
    parameters["shrink_windows"] = bool(options.shrink_windows)
    parameters["compute_loss"] = bool(options.compute_loss)
    bar = sys.stderr.isatty() and not options.quiet and not options.verbose
    begun = Begun(parameters if resumes else {})
    start = time.perf_counter()
    try:
        with _corpus(options.input) as corpus:
            if resumes:
                corpus["corpus_iterable"] = corpus.pop("sentences", None)
                model = Word2Vec.resume(
                    options.checkpoint, **corpus, workers=options.workers, callbacks=[begun], progress=bar
                )
            else:
                checkpoint = {"checkpoint": options.checkpoint, "checkpoint_every": options.checkpoint_every}
                model = Word2Vec(**corpus, **parameters, **checkpoint, callbacks=[begun], progress=bar)
    except KeyboardInterrupt as interrupt:
        raise type(interrupt)(_after_interrupt(begun, options, form)) from None
    except RuntimeError as error:
        if begun.model is None:  # nothing but the vocabulary can fail so before the training begins
            raise RuntimeError(
                f"{error} (is INPUT empty, or --min-count={options.min_count} too high?)"
            ) from error
        raise
    seconds = time.perf_counter() - start
    files.save(model, options.output, form)
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
        "format": form,
    }
    if options.json:
        _print_json(summary)
    if not options.quiet:
        note(
            f"{summary['words']:,} words in {summary['sentences']:,} sentences, "
            f"vocabulary {summary['vocabulary']:,}; {model.epochs} epochs; {seconds:.1f} s in all, "
            f"{model.total_train_time:.1f} s of training at {summary['raw_words_per_second']:,} raw words/s; "
            f"wrote {options.output} ({form})"
        )


def _resumes(options: argparse.Namespace) -> bool:
    """Whether to go on with a training; refuse what would not do what was meant."""
    if options.checkpoint is None:
        if options.resume or options.checkpoint_every:
            raise UsageError("--resume and --checkpoint-every need --checkpoint=FILE")
        return False
    for name, path in (("INPUT", options.input), ("OUTPUT", options.output)):
        if os.path.abspath(path) == os.path.abspath(options.checkpoint):
            raise UsageError(f"the checkpoint would overwrite {name} ({path}); name another file")
    exists = os.path.exists(options.checkpoint)
    if exists and not options.resume:
        raise UsageError(
            f"the checkpoint {options.checkpoint} exists; add --resume to go on from it, or remove it to start anew"
        )
    return exists


class Begun:
    """A callback that holds on to the model, which an interrupted constructor would take with it.

    Parameters
    ----------
    parameters : dict
        What the model of a checkpoint must have been made with.
    """

    def __init__(self, parameters: dict[str, Any]) -> None:
        self.model: Word2Vec | None = None
        self._parameters = parameters

    def on_train_begin(self, model: Word2Vec) -> None:
        for name, value in self._parameters.items():
            made_with = getattr(model, name, value)  # what concerns the first vectors alone is not kept
            if name not in MAY_CHANGE and made_with != value:
                option = "--" + name.replace("_", "-")
                raise UsageError(
                    f"the checkpoint was made with {option}={made_with}, not {value}; resume with the options of the "
                    "training"
                )
        self.model = model

    def on_epoch_begin(self, model: Word2Vec) -> None:
        pass

    def on_epoch_end(self, model: Word2Vec) -> None:
        pass

    def on_train_end(self, model: Word2Vec) -> None:
        pass


def _after_interrupt(begun: Begun, options: argparse.Namespace, form: str) -> str:
    if options.keep_partial and begun.model is not None:
        files.save(begun.model, options.output, form)
        return f"interrupted; the partly trained model is in {options.output}"
    if options.checkpoint is not None and os.path.exists(options.checkpoint):
        return f"interrupted; --resume goes on from the checkpoint {options.checkpoint}"
    if begun.model is None:
        return "interrupted before the training began; nothing was written"
    return "interrupted; nothing was written (--keep-partial would have kept what was trained)"


@contextlib.contextmanager
def _corpus(source: str) -> Iterator[dict[str, Any]]:
    """Arguments of the constructor that name the corpus."""
    if source == STDIN:
        with _spooled(sys.stdin.buffer) as path:
            yield {"corpus_file": path}
    elif os.path.isdir(source):
        yield {"sentences": PathLineSentences(source)}
    elif os.path.exists(source) and not os.path.isfile(source):  # a pipe, such as a shell's <(command)
        with open(source, "rb") as stream, _spooled(stream) as path:
            yield {"corpus_file": path}
    else:
        with open_input(source):  # says what is wrong with it, if it cannot be read
            pass
        yield {"corpus_file": source}


@contextlib.contextmanager
def _spooled(stream: Any) -> Iterator[str]:
    """Copy a stream, which can be read once only, into a temporary file; its first bytes name the codec."""
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


# ---------------------------------------------------------------------------------------- queries


def similar(options: argparse.Namespace) -> None:
    """Show the words nearest to some words."""
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
    for place, (query, ranking) in enumerate(rankings.items()):
        if len(rankings) > 1:
            print(("\n" if place else "") + query)
        print_ranking(ranking)


def analogy(options: argparse.Namespace) -> None:
    """Answer: a is to b as c is to which word?"""
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
    """Raise UsageError for words that have no vector; suggest others that are spelled alike."""
    unknown = [word for word in words if word not in vectors.key_to_index]
    if not unknown:
        return
    message = f"not in the vocabulary of {len(vectors):,} words: {', '.join(map(repr, unknown))}"
    candidates = [key for key in vectors.index_to_key[:SPELLINGS_TRIED] if isinstance(key, str)]
    alike = dict.fromkeys(near for word in unknown for near in _alike(word, candidates))
    raise UsageError(message + (f"; did you mean {', '.join(alike)}?" if alike else ""))


def _alike(word: str, candidates: list[str]) -> list[str]:
    same = [key for key in candidates if key.casefold() == word.casefold()]
    return same or difflib.get_close_matches(word, candidates, n=3, cutoff=0.75)


def print_ranking(ranking: list[tuple[Any, float]]) -> None:
    width = max((len(str(key)) for key, _ in ranking), default=0)
    for key, score in ranking:
        print(f"  {key!s:{width}}  {score:.4f}")


def _as_records(ranking: list[tuple[Any, float]]) -> list[dict[str, Any]]:
    return [{"word": key, "score": round(float(score), 6)} for key, score in ranking]


# ---------------------------------------------------------------------------------------- eval


def evaluate(options: argparse.Namespace) -> None:
    """Score vectors on analogies and on pairs of words, and print a table."""
    if not options.analogies and not options.pairs:
        raise UsageError("nothing to evaluate; give --analogies FILE, --pairs FILE, or both")
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


def _cells(row: dict[str, Any], columns: dict[str, str]) -> list[str]:
    return ["-" if row.get(name) is None else form.format(row[name]) for name, form in columns.items()]


def _lines(path: str) -> list[str]:
    """The lines of a file, read once: it may be a pipe."""
    try:
        with open_input(path, "r") as lines:
            return list(lines)
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: not UTF-8 text ({error}); convert it, with iconv for instance") from error


def _analogy_rows(
    vectors: KeyedVectors, path: str, lines: list[str], options: argparse.Namespace
) -> list[dict[str, Any]]:
    """The score of all questions, and of each section if these are wanted."""
    try:
        _, sections = vectors.evaluate_word_analogies(
            lines,
            restrict_vocab=options.restrict_vocab,
            case_insensitive=not options.case_sensitive,
            dummy4unknown=options.dummy4unknown,
        )
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from error
    asked = _questions(lines)
    rows = [_analogy_row(_name(path), sections[-1], sum(asked.values()))]
    if options.sections:
        rows += [_analogy_row(f"  {part['section']}", part, asked[part["section"]]) for part in sections[:-1]]
    return rows


def _analogy_row(name: str, section: dict[str, Any], asked: int) -> dict[str, Any]:
    right, wrong = len(section["correct"]), len(section["incorrect"])
    answered = right + wrong
    return {
        "name": name,
        "score": right / answered if answered else None,
        "oov": 100.0 * (1 - answered / asked) if asked else None,
        "items": asked,
    }


def _questions(lines: list[str]) -> dict[str, int]:
    """Number of questions in each section of a file of analogies."""
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
    except ValueError as error:  # a set that cannot be scored does not cost the others their scores
        note(f"warning: {path}: {error}")
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


# ---------------------------------------------------------------------------------------- files


def info(options: argparse.Namespace) -> None:
    """Show what a file holds."""
    model = files.load(options.model)
    vectors = files.vectors_of(model)
    sizes = files.file_sizes(options.model)
    facts: dict[str, Any] = {
        "file": options.model,
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
        facts["history"] = model.lifecycle_events
    if options.json:
        _print_json(facts)
    else:
        _print_info(facts)


def _print_info(facts: dict[str, Any]) -> None:
    print(f"{facts['file']}: {facts['class']} ({facts['kind']}), format {facts['format']}")
    for path, size in facts["files"].items():
        print(f"  {human_size(size):>10}  {path}")
    tokens = f", seen {facts['tokens']:,} times" if "tokens" in facts else ""
    print(f"  {facts['words']:,} words of {facts['vector_size']} dimensions ({facts['dtype']}){tokens}")
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


def convert(options: argparse.Namespace) -> None:
    """Write a model or vectors in another format."""
    form = options.format or files.output_format(options.output)
    if options.kind == "model" and form in files.VECTORS_ONLY:
        raise UsageError(
            f"the {form} format holds vectors only; name OUT something.fw2v to keep the whole model"
        )
    check_writable(options.output)
    model = files.load(options.input)
    if options.kind == "model" and not isinstance(model, Word2Vec):
        raise ValueError(
            f"{options.input} holds vectors only, so no model can be made of it; leave out --kind model"
        )
    if options.kind == "vectors" or form in files.VECTORS_ONLY:
        model = files.vectors_of(model)
    files.save(model, options.output, form)
    if not options.quiet:
        what = "a model" if isinstance(model, Word2Vec) else "vectors"
        words = len(files.vectors_of(model))
        note(
            f"wrote {what} of {words:,} words to {options.output} ({form}); "
            f"read as {files.input_format(options.input)}"
        )


# ---------------------------------------------------------------------------------------- printing


def note(text: str) -> None:
    """Say something that is not part of the result."""
    print(f"fastw2v: {text}", file=sys.stderr)


def print_table(lines: list[list[str]]) -> None:
    """Print aligned columns, the first one to the left, the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            line[0].ljust(widths[0]),
            *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True)),
        ]
        print("  ".join(cells).rstrip())


def human_size(size: float) -> str:
    """Return bytes as people read them."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def _print_json(value: Any) -> None:
    json.dump(value, sys.stdout, indent=1, ensure_ascii=False, default=str)
    print()
