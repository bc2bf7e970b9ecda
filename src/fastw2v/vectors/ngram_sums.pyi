import numpy as np
from numpy.typing import NDArray

def average(
    out: NDArray[np.float32],
    ngrams: NDArray[np.float32],
    text: NDArray[np.uint8],
    starts: NDArray[np.int64],
    min_n: int,
    max_n: int,
    n_buckets: int,
    kept: NDArray[np.int32],
    rows: NDArray[np.int32],
    pruned: bool,
    with_word: bool,
) -> None: ...
