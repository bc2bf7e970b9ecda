from typing_extensions import Self

from fastw2v.engine.job_queue import Feed
from fastw2v.engine.network import Network

class Worker:
    def __new__(
        cls,
        network: Network,
        hot_words: int = 0,
        hot_nodes: int = 0,
        hot_uses: int = 16,
        first_part: int = 0,
        n_parts: int = 1,
    ) -> Self: ...
    def run(self, feed: Feed) -> None: ...
    def tallies(self) -> tuple[int, int, int, int, float]: ...
