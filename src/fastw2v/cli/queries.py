"""``fastw2v similar`` and ``fastw2v analogy``: the neighbours of words, and the answers to analogies.

Without words on the command line, the queries are the lines of stdin. At a terminal, a prompt asks for them, and a
wrong one is answered with a message. From a pipe, each answer is written at once, and the exit status tells whether all
queries could be answered.
"""

from __future__ import annotations

import argparse
import contextlib
import difflib
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastw2v.cli import files
from fastw2v.cli.output import as_records, print_json, print_json_line, print_message, print_ranking
from fastw2v.cli.parser import UsageError
from fastw2v.cli.streams import reads_stdin
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.training.sigterm import Terminated

Ranking = list[tuple[Any, float]]

SPELLING_CANDIDATES = 50_000
PROMPT = "> "


@reads_stdin("model")
def similar(options: argparse.Namespace) -> None:
    """Show the words most similar to some words."""
    _check_stdin_is_free(options)
    vectors = files.load_any(options.model)

    def neighbours(words: list[str]) -> Ranking:
        check_known(vectors, words)
        ranking: Ranking = vectors.most_similar(
            words, topn=options.topn, restrict_vocab=options.restrict_vocab
        )
        return ranking

    if not options.words:
        _answer_lines(
            neighbours,
            options,
            f"{len(vectors):,} words. Enter a word, or several for the mean of their vectors",
        )
        return
    words = list(dict.fromkeys(options.words))
    check_known(vectors, words)
    groups = [words] if options.together else [[word] for word in words]
    rankings = {" + ".join(group): neighbours(group) for group in groups}
    if options.json:
        print_json({query: as_records(ranking) for query, ranking in rankings.items()})
        return
    for position, (query, ranking) in enumerate(rankings.items()):
        if len(rankings) > 1:
            print(("\n" if position else "") + query)
        print_ranking(ranking)


@reads_stdin("model")
def analogy(options: argparse.Namespace) -> None:
    """Answer the question "a is to b as c is to which word?"."""
    _check_stdin_is_free(options)
    if options.words:
        _check_three(options.words)
    vectors = files.load_any(options.model)
    search = vectors.most_similar_cosmul if options.cosmul else vectors.most_similar

    def answers(words: list[str]) -> Ranking:
        _check_three(words)
        check_known(vectors, words)
        a, b, c = words
        ranking: Ranking = search([b, c], [a], topn=options.topn, restrict_vocab=options.restrict_vocab)
        return ranking

    if not options.words:
        _answer_lines(
            answers, options, f"{len(vectors):,} words. Enter A B C to ask: A is to B as C is to which word?"
        )
    elif options.json:
        print_json(as_records(answers(options.words)))
    else:
        print_ranking(answers(options.words))


def _check_stdin_is_free(options: argparse.Namespace) -> None:
    if not options.words and hasattr(options, "stdin_copy"):
        raise UsageError("MODEL is stdin, from which no words can be read; add the words to the command line")


def _check_three(words: list[str]) -> None:
    if len(words) != 3:
        raise UsageError(f"an analogy has three words, A B C, not {len(words)}")


# --- queries from stdin


def _answer_lines(answer: Callable[[list[str]], Ranking], options: argparse.Namespace, welcome: str) -> None:
    """Answer each line of stdin.

    Raises
    ------
    UsageError
        At the end, if lines of a pipe could not be answered.
    """
    at_terminal = sys.stdin.isatty()
    if at_terminal and not options.quiet:
        print_message(f"{welcome}; Ctrl-D ends")
    n_queries = n_failed = 0
    for number, line in enumerate(_lines_of_terminal() if at_terminal else _lines_of_pipe(), 1):
        words = line.split()
        if not words:
            continue
        n_queries += 1
        try:
            ranking = answer(words)
        except (UsageError, ValueError, KeyError) as error:
            n_failed += 1
            print_message(str(error) if at_terminal else f"line {number}: {error}")
            if options.json:
                print_json_line({"query": words, "error": str(error)})
        else:
            if options.json:
                print_json_line({"query": words, "answers": as_records(ranking)})
            else:
                if not at_terminal:
                    print(" ".join(words))
                print_ranking(ranking)
        sys.stdout.flush()
    if n_failed and not at_terminal:
        raise UsageError(f"{n_failed} of {n_queries} queries were not answered; see the messages above")


def _lines_of_terminal() -> Iterator[str]:
    """Yield the lines that a person enters, up to Ctrl-D or Ctrl-C; the arrow keys recall earlier ones."""
    with contextlib.suppress(ImportError):  # it does not exist on Windows
        import readline  # noqa: F401 - `input` uses it
    prompt = PROMPT if sys.stdout.isatty() else ""
    while True:
        try:
            line = input(prompt)
        except (EOFError, KeyboardInterrupt) as end:
            if isinstance(end, Terminated):
                raise
            if prompt:
                print()
            return
        yield line


def _lines_of_pipe() -> Iterator[str]:
    for number, line in enumerate(sys.stdin.buffer, 1):
        try:
            yield line.decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"stdin: line {number} is not UTF-8 text ({error.reason})") from error


# --- unknown words


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
