from typing import Any

import numpy as np
import numpy.typing as npt

def row_products(
    matrix: npt.NDArray[np.float32], query: npt.NDArray[np.float32], products: npt.NDArray[np.float32]
) -> None: ...
def merge_best(
    scores: npt.NDArray[Any],
    divisors: npt.NDArray[Any],
    first: int,
    best: npt.NDArray[Any],
    rows: npt.NDArray[np.int64],
) -> None: ...
def sort_best(best: npt.NDArray[Any], rows: npt.NDArray[np.int64]) -> None: ...
def merge_answers(
    cosines: npt.NDArray[Any],
    terms: npt.NDArray[np.int64],
    first: int,
    starts: npt.NDArray[np.int64],
    excluded: npt.NDArray[np.int64],
    best: npt.NDArray[Any],
    answers: npt.NDArray[np.int64],
) -> None: ...
