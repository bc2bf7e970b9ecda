"""``fastw2v phrases``: join the phrases of a text.

The text is read once for each pass, to count its words and phrases, and once more to write it. Each pass finds phrases
in the text that the passes before have joined. That text is never held in memory.
"""

from __future__ import annotations

import argparse
import contextlib
import sys
import time
from collections.abc import Iterable, Iterator
from typing import IO, Any

from fastw2v.cli.output import shown
from fastw2v.cli.parser import UsageError
from fastw2v.common.files import check_writable, open_atomic
from fastw2v.phrases import ENGLISH_CONNECTOR_WORDS, Phrases

STDOUT = "-"


def run(sentences: Iterable[list[str]], options: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """Write a text with its phrases joined, one sentence a line; return a summary, also as a message.

    Parameters
    ----------
    sentences : iterable of list of str
        The text. It must be possible to iterate it several times.
    options : argparse.Namespace
        The options of the command.
    """
    start = time.perf_counter()
    words = options.connector_words
    settings: dict[str, Any] = {
        "min_count": options.min_count,
        "threshold": options.threshold,
        "scoring": options.scoring,
        "delimiter": options.delimiter,
        "max_vocab_size": options.max_vocab_size,
        "connector_words": ENGLISH_CONNECTOR_WORDS if words == "english" else set(words.split(",")) - {""},
    }
    if options.passes < 1:
        raise UsageError(f"--passes={options.passes} must be at least 1")
    if options.delimiter.split() != [options.delimiter]:
        raise UsageError(
            f"--delimiter={options.delimiter!r} must have characters, and no white space among them"
        )
    Phrases(**settings)  # wrong options are found before the text is read
    if options.output != STDOUT:
        check_writable(options.output)
    text: Any = sentences
    for _ in range(options.passes):
        phrases = Phrases(text, **settings)
        text = phrases[text]
    found: set[str] = set()
    n_before = phrases.corpus_word_count
    n_sentences = n_tokens = 0
    with _output(options.output) as stream:
        for sentence in text:
            stream.write((" ".join(sentence) + "\n").encode("utf-8"))
            n_sentences += 1
            n_tokens += len(sentence)
            found.update(token for token in sentence if options.delimiter in token)
    seconds = time.perf_counter() - start
    summary = {
        "sentences": n_sentences,
        "phrases": len(found),
        "words": n_before,
        "tokens": n_tokens,
        "seconds": round(seconds, 3),
        "output": options.output,
    }
    return summary, (
        f"{n_sentences:,} sentences with {len(found):,} different phrases; the last pass made {n_tokens:,} tokens "
        f"of {n_before:,}; {seconds:.1f} s; saved {shown(options.output, 'stdout')}"
    )


@contextlib.contextmanager
def _output(path: str) -> Iterator[IO[bytes]]:
    if path == STDOUT:
        yield sys.stdout.buffer
    else:
        with open_atomic(path) as stream:
            yield stream
