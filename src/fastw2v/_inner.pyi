from typing_extensions import Self

from fastw2v.engine.job_queue import JobQueue
from fastw2v.engine.network import Network

class Worker:
    def __new__(
        cls,
        network: Network,
        replicated_words: int = 0,
        replicated_nodes: int = 0,
        replica_uses: int = 16,
        first_partition: int = 0,
        n_partitions: int = 1,
        n_whole_words: int = 0,
        replicated_inputs: int = 0,
        input_uses: int = 16,
    ) -> Self: ...
    def run(self, queue: JobQueue) -> None: ...
    def tallies(self) -> tuple[int, int, int, int, float]: ...
