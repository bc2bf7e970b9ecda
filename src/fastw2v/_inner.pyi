import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

from fastw2v._jobs import Feed

def instruction_sets() -> tuple[str, ...]: ...
def active_instruction_set() -> str: ...
def guide_table(cum_table: NDArray[np.uint32]) -> tuple[NDArray[np.int32], int]: ...
def score_sentences(
    network: Network, ids: NDArray[np.int32], offsets: NDArray[np.int64]
) -> NDArray[np.float32]: ...

class Network:
    def __init__(
        self,
        syn0: NDArray[np.float32],
        *,
        lockf: NDArray[np.float32],
        random: np.random.RandomState,
        skip_gram: bool,
        window: int,
        shrink_windows: bool = True,
        cbow_mean: bool = True,
        negative: int = 0,
        syn1neg: NDArray[np.float32] | None = None,
        cum_table: NDArray[np.uint32] | None = None,
        syn1: NDArray[np.float32] | None = None,
        tree: tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]] | None = None,
        sample_ints: NDArray[np.uint32] | None = None,
        draws_seed: bool = True,
        tally_loss: bool = False,
        simd: str | None = None,
    ) -> None: ...
    @property
    def n_words(self) -> int: ...

class Worker:
    def __new__(cls, network: Network, hot_rows: int = 0) -> Self: ...
    def run(self, feed: Feed) -> None: ...
    def tallies(self) -> tuple[int, int, int, int, float]: ...

class RowKernels:
    def __new__(cls, name: str | None = None) -> Self: ...
    @property
    def name(self) -> str: ...
    def train_pair(
        self,
        x: NDArray[np.float32],
        matrix: NDArray[np.float32],
        targets: NDArray[np.int64],
        labels: NDArray[np.float32],
        alpha: float,
        lockf: float,
    ) -> NDArray[np.float32]: ...
    def train_targets(
        self,
        x: NDArray[np.float32],
        matrix: NDArray[np.float32],
        targets: NDArray[np.int64],
        labels: NDArray[np.float32],
        alpha: float,
        work: NDArray[np.float32],
        added: bool,
    ) -> NDArray[np.float32]: ...
    def sum_rows(
        self, matrix: NDArray[np.float32], indices: NDArray[np.int64], scale: float
    ) -> NDArray[np.float32]: ...
    def add_rows(
        self,
        matrix: NDArray[np.float32],
        indices: NDArray[np.int64],
        delta: NDArray[np.float32],
        factors: NDArray[np.float32],
    ) -> None: ...
