from typing_extensions import Self

from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network

CURVATURE: float
ACROSS_SHARE: float

class Rounds:
    def __new__(
        cls,
        network: Network,
        virtual_workers: int,
        key: int,
        first_job: int = 0,
        first_partition: int = 0,
        n_partitions: int = 1,
        n_whole_words: int = 0,
        curvature: float | None = None,
        across_share: float | None = None,
    ) -> Self: ...
    def tallies(self) -> tuple[int, int, int, int, float]: ...

class RoundWorker:
    def __new__(cls, rounds: Rounds, reports: bool = True) -> Self: ...
    def run(self, queue: JobQueue) -> None: ...
    def tallies(self) -> tuple[int, int, int, int, float]: ...
