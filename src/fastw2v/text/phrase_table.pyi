from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from typing_extensions import Self

ORIGINAL: int
NPMI: int

class PhraseTable:
    def __new__(cls, counts: Mapping[str, int] | None = None) -> Self: ...
    def __len__(self) -> int: ...
    def get(self, text: Any) -> int | None: ...
    def add(self, text: str, count: int) -> None: ...
    def texts(self) -> list[str]: ...
    def texts_of(self, numbers: npt.NDArray[np.int64]) -> list[str]: ...
    def counts(self) -> npt.NDArray[np.int64]: ...
    def merge(self, other: PhraseTable) -> None: ...
    def prune(self, min_count: int) -> None: ...
    def candidates(
        self, delimiter: str
    ) -> tuple[
        npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64], npt.NDArray[np.int64]
    ]: ...

def scores(
    kind: int,
    first: npt.NDArray[np.int64],
    last: npt.NDArray[np.int64],
    counts: npt.NDArray[np.int64],
    len_vocab: float,
    min_count: float,
    words: float,
) -> npt.NDArray[np.float64]: ...

class PhraseCounter:
    table: PhraseTable
    total_words: int
    n_sentences: int
    min_reduce: int
    def __new__(
        cls,
        delimiter: str,
        connector_words: Collection[str],
        max_vocab_size: float,
        progress_per: int,
        report: Callable[[int, int, int], None],
        report_pruning: Callable[[int, int, int], None],
    ) -> Self: ...
    @property
    def n_words(self) -> int: ...
    def add_words(self, words: Iterable[Any]) -> None: ...
    def forget_words(self) -> None: ...
    def feed(self, ids: npt.NDArray[np.int32], lengths: npt.NDArray[np.int64]) -> None: ...
    def finish(self) -> None: ...

class PhraseMatcher:
    def __new__(
        cls,
        phrases: PhraseTable | Mapping[str, float],
        delimiter: str,
        connector_words: Collection[str],
        threshold: float,
        scorer: Any = None,
        min_count: float = 0,
        corpus_word_count: int = 0,
    ) -> Self: ...
    @property
    def is_full(self) -> bool: ...
    def transform(self, sentence: Iterable[Any], found: dict[str, float] | None = None) -> list[Any]: ...
