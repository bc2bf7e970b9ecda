import numpy as np
from numpy.typing import NDArray
from typing_extensions import Self

SIMD_VARIABLE: str

def instruction_sets() -> tuple[str, ...]: ...
def active_instruction_set() -> str: ...

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
        learning_rate: float,
        lock: float,
    ) -> NDArray[np.float32]: ...
    def train_targets(
        self,
        x: NDArray[np.float32],
        matrix: NDArray[np.float32],
        targets: NDArray[np.int64],
        labels: NDArray[np.float32],
        learning_rate: float,
        error: NDArray[np.float32],
        added: bool,
    ) -> NDArray[np.float32]: ...
    def products(
        self, a: NDArray[np.float32], b: NDArray[np.float32], stride: int
    ) -> NDArray[np.float32]: ...
    def gradients(
        self,
        logits: NDArray[np.float32],
        labels: NDArray[np.float32],
        learning_rates: NDArray[np.float32],
        n_targets: int,
    ) -> NDArray[np.float32]: ...
    def sequential_gradients(
        self,
        logits: NDArray[np.float32],
        gram: NDArray[np.float32],
        labels: NDArray[np.float32],
        learning_rates: NDArray[np.float32],
        n_targets: int,
    ) -> NDArray[np.float32]: ...
    def update(
        self,
        inputs: NDArray[np.float32],
        targets: NDArray[np.float32],
        gradients: NDArray[np.float32],
        locks: NDArray[np.float32],
    ) -> None: ...
    def softmax_gradients(
        self, logits: NDArray[np.float32], multiplicities: NDArray[np.float32], learning_rate: float
    ) -> tuple[NDArray[np.float32], float]: ...
    def step_targets(
        self,
        x: NDArray[np.float32],
        matrix: NDArray[np.float32],
        targets: NDArray[np.int64],
        gradients: NDArray[np.float32],
        steps: NDArray[np.float32],
    ) -> NDArray[np.float32]: ...
    def sum_rows(
        self, matrix: NDArray[np.float32], indices: NDArray[np.int64], scale: float
    ) -> NDArray[np.float32]: ...
    def weigh_rows(
        self,
        matrix: NDArray[np.float32],
        indices: NDArray[np.int64],
        weights: NDArray[np.float32],
        scale: float,
    ) -> NDArray[np.float32]: ...
    def add_rows(
        self,
        matrix: NDArray[np.float32],
        indices: NDArray[np.int64],
        delta: NDArray[np.float32],
        factors: NDArray[np.float32],
    ) -> None: ...
