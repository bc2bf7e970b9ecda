import numpy as np
from numpy.typing import NDArray

def instruction_sets() -> tuple[str, ...]: ...
def active_instruction_set() -> str: ...
def guide_table(cum_table: NDArray[np.uint32]) -> tuple[NDArray[np.int32], int]: ...
def cut_jobs(raw_lengths: NDArray[np.int64], batch_words: int, first: bool = True) -> NDArray[np.int64]: ...
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

class Feed:
    def __init__(self, capacity: int) -> None: ...
    @property
    def room(self) -> int: ...
    @property
    def waiting(self) -> int: ...
    @property
    def finished(self) -> bool: ...
    @property
    def stopped(self) -> bool: ...
    def push(
        self,
        ids: NDArray[np.int32],
        offsets: NDArray[np.int64],
        raw_lengths: NDArray[np.int64],
        starts: NDArray[np.int64],
        alphas: NDArray[np.float32],
    ) -> None: ...
    def close(self) -> None: ...
    def stop(self) -> None: ...

class Worker:
    def __init__(self, network: Network) -> None: ...
    def run(self, feed: Feed) -> None: ...
    def tallies(self) -> tuple[int, int, int, int, float]: ...

class RowKernels:
    def __init__(self, name: str | None = None) -> None: ...
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
