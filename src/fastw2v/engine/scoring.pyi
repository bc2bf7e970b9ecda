import numpy as np
from numpy.typing import NDArray

from fastw2v.engine.network import Network

def score_sentences(
    network: Network, ids: NDArray[np.int32], offsets: NDArray[np.int64]
) -> NDArray[np.float32]: ...
def held_out_loss(
    network: Network, ids: NDArray[np.int32], offsets: NDArray[np.int64], seed: int
) -> tuple[float, int]: ...
