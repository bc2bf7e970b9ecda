"""The weights of a model, which the number of its words sizes: how much memory they take, made, grown."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastw2v.common import memory
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.training import trainer
from fastw2v.training.warm_start import WarmStart
from fastw2v.vectors.initialization import prep_vectors

logger = logging.getLogger("gensim.models.word2vec")  # the name that users of gensim filter and parse


class Weights:
    """Vectors and output weights of a model; the base of `Lexicon`, which knows the words."""

    vector_size: int
    hs: int
    negative: int
    workers: int
    seed: int | None
    wv: KeyedVectors
    syn1: NDArray[np.float32] | None
    syn1neg: NDArray[np.float32] | None
    _warm_start: WarmStart | None

    def estimate_memory(
        self, vocab_size: int | None = None, report: dict[str, int] | None = None
    ) -> dict[str, int]:
        """Return how many bytes a model of so many words takes, trained and saved, at its peak.

        Parameters
        ----------
        vocab_size : int, optional
            Number of words; those of the model by default.
        report : dict, optional
            Gets the results beside what it holds.

        Returns
        -------
        dict
            gensim's keys ``vocab`` (words, their dictionary, counts and tables, and what making and saving them takes
            in passing: 500 bytes a word of usual length, 700 with hierarchical softmax), ``vectors``, ``syn1`` and
            ``syn1neg``; ``workers``, the private copies of rows that several workers keep; and the ``total`` of all.
            A corpus that is held as ids comes to 4 bytes a token and 16 a sentence beside that, within
            `corpus_budget`.
        """
        vocab_size = vocab_size or len(self.wv)
        report = report if report is not None else {}
        matrix = vocab_size * self.vector_size * np.dtype(np.float32).itemsize
        report["vocab"] = vocab_size * (700 if self.hs else 500)
        report["vectors"] = matrix
        if self.hs:
            report["syn1"] = matrix
        if self.negative:
            report["syn1neg"] = matrix
        report["workers"] = self._copies_size(vocab_size)
        report["total"] = sum(
            report.get(name, 0) for name in ("vocab", "vectors", "syn1", "syn1neg", "workers")
        )
        logger.info(
            "estimated required memory for %i words and %i dimensions: %i bytes",
            vocab_size, self.vector_size, report["total"],
        )  # fmt: skip
        return report

    def _copies_size(self, vocab_size: int) -> int:
        """Bytes of the private copies of output rows that several workers keep, with what they were copied from."""
        if self.workers < 2:
            return 0
        words, nodes = trainer.replicated_rows(self.vector_size)
        rows = min(words, vocab_size) if self.negative else 0
        rows += min(nodes, vocab_size) if self.hs else 0
        return self.workers * 2 * rows * self.vector_size * np.dtype(np.float32).itemsize

    def prepare_weights(self, update: bool = False) -> None:
        """Make the weights of a new vocabulary, or let them grow to an updated one."""
        if update:
            self.update_weights()
        else:
            self.init_weights()

    def init_weights(self) -> None:
        """Make initial vectors and zero output weights for the present vocabulary, whatever was there before."""
        logger.info("resetting layer weights")
        shape = (len(self.wv), self.vector_size)
        self.wv.vectors = prep_vectors(shape, seed=self.seed)
        self.wv.allocate_vecattrs()
        if self._warm_start is not None:
            self._warm_start.apply(self.wv)
            self._warm_start = None
        if self.hs:
            self.syn1 = memory.zeros(shape)
        if self.negative:
            self.syn1neg = memory.zeros(shape)

    def _check_update(self, update: bool) -> None:
        if update and not len(self.wv):
            raise RuntimeError(
                "You cannot do an online vocabulary-update of a model which has no prior vocabulary. First build the "
                "vocabulary of your model with a corpus before doing an online update."
            )
        for name in ("syn1neg", "syn1"):
            weights = getattr(self, name)
            if update and weights is not None and len(weights) > len(self.wv):
                raise RuntimeError(
                    f"{name} has {len(weights)} rows for {len(self.wv)} words: words were removed since the vocabulary "
                    "was built, and the output weights no longer belong to the rest; train a new model to grow it"
                )

    def update_weights(self) -> None:
        """Give the words that an update added their initial vectors and zero output weights."""
        if not len(self.wv.vectors):
            self._check_update(True)
        logger.info("updating layer weights")
        if len(self.wv.vectors) < len(self.wv):
            self._say_what_leaves_its_file()
        self.wv.resize_vectors(seed=self.seed)
        if self.syn1 is not None:
            self.syn1 = memory.grown(self.syn1, len(self.wv))
        if self.syn1neg is not None:
            self.syn1neg = memory.grown(self.syn1neg, len(self.wv))
        self.wv.invalidate_norms()

    def _say_what_leaves_its_file(self) -> None:
        """A file that is mapped for writing cannot grow: from now on it would miss changes without a word."""
        matrices = {"wv.vectors": self.wv.vectors, "syn1": self.syn1, "syn1neg": self.syn1neg}
        mapped = [name for name, matrix in matrices.items() if _writes_to_a_file(matrix)]
        if mapped:
            logger.warning(
                "%s grow in memory: the file that was loaded with mmap='r+' does not follow any more; save() the model",
                ", ".join(mapped),
            )  # fmt: skip


def _writes_to_a_file(array: Any) -> bool:
    while array is not None and not isinstance(array, np.memmap):
        array = getattr(array, "base", None)
    return array is not None and array.mode == "r+"
