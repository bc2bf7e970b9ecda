"""The flags of the original word2vec tool, which have one dash, and the parameters of `Word2Vec` that they stand for.

`word2vec_standalone` has them with gensim's defaults, ``fastw2v word2vec`` with those of word2vec.c.
"""

from __future__ import annotations

import argparse
from typing import Any

SKIP_GRAM_ALPHA, CBOW_ALPHA = 0.025, 0.05


def add_flags(parser: argparse.ArgumentParser, *, threads: int) -> None:
    """Add the flags that both programs have.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        The parser of the program.
    threads : int
        Default of ``-threads``.
    """
    for flags, default, text in (
        (["-size"], 100, "number of dimensions of the vectors"),
        (["-window"], 5, "maximum distance between a word and its context words"),
        (["-negative"], 5, "number of negative samples; 0 switches negative sampling off"),
        (["-threads"], threads, "number of training threads"),
        (["-iter"], 5, "number of passes over the text"),
        (["-min-count", "-min_count"], 5, "ignore words that occur less often"),
    ):
        parser.add_argument(
            *flags, dest=flags[-1].lstrip("-"), type=int, default=default, metavar="N",
            help=f"{text} (default: %(default)s)",
        )  # fmt: skip
    for flag, default, text in (
        ("-hs", 0, "1 uses hierarchical softmax"),
        ("-cbow", 1, "1 trains CBOW, 0 skip-gram"),
        ("-binary", 0, "1 writes the vectors in the binary format"),
    ):
        parser.add_argument(
            flag, type=int, choices=(0, 1), default=default, help=f"{text} (default: %(default)s)"
        )
    parser.add_argument(
        "-sample", type=float, default=1e-3, metavar="SHARE",
        help="threshold for subsampling frequent words; 0 switches it off (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "-alpha", type=float, metavar="RATE",
        help=f"initial learning rate (default: {SKIP_GRAM_ALPHA} for skip-gram, {CBOW_ALPHA} for CBOW)",
    )  # fmt: skip


def training_parameters(options: argparse.Namespace) -> dict[str, Any]:
    """Return the parameters of `Word2Vec` that the flags stand for."""
    return {
        "vector_size": options.size,
        "alpha": options.alpha or (CBOW_ALPHA if options.cbow else SKIP_GRAM_ALPHA),
        "window": options.window,
        "min_count": options.min_count,
        "sample": options.sample,
        "workers": options.threads,
        "sg": 1 - options.cbow,
        "hs": options.hs,
        "negative": options.negative,
        "epochs": options.iter,
    }
