import numpy as np
from numpy.typing import NDArray

STRIPE_DRAWS: int

def guide_table(cum_table: NDArray[np.uint32]) -> tuple[NDArray[np.int32], int]: ...

class Network:
    def __init__(
        self,
        syn0: NDArray[np.float32],
        *,
        lockf: NDArray[np.float32],
        random: np.random.RandomState,
        skip_gram: bool,
        window: int | tuple[int, int],
        window_weights: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
        full_windows: bool = False,
        shrink_windows: bool = True,
        cbow_mean: bool = True,
        corrected_cbow: bool = False,
        negative: int = 0,
        syn1neg: NDArray[np.float32] | None = None,
        cum_table: NDArray[np.uint32] | None = None,
        syn1: NDArray[np.float32] | None = None,
        tree: tuple[NDArray[np.int64], NDArray[np.uint32], NDArray[np.uint8]] | None = None,
        sample_ints: NDArray[np.uint32] | None = None,
        draws_seed: bool = True,
        tally_loss: bool = False,
        shared_negatives: bool = False,
        negative_pool: int = 0,
        sampled_softmax: bool = False,
        tied_weights: bool = False,
        max_norm: float = 0,
        biases: NDArray[np.float32] | None = None,
        log_noise: NDArray[np.float32] | None = None,
        simd: str | None = None,
    ) -> None: ...
    @property
    def n_words(self) -> int: ...
    @property
    def dim(self) -> int: ...
    @property
    def pair_negatives(self) -> bool: ...
    @property
    def cum_table(self) -> NDArray[np.uint32] | None: ...
