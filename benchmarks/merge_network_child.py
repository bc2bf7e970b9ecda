"""Time merges as a member of a group: ``python -m benchmarks.merge_network_child JOB``.

JOB is JSON with the keys engine, rank, size, address, rows, dim, frequent_rows and merges. A member of a ring
exchanges texts with the others through its input and output, which `merge_network` connects. Rank 0 prints the figures
as the last line of its output.
"""

from __future__ import annotations

import json
import sys
import time

import numpy as np

from fastw2v.distributed.communicator import Communicator
from fastw2v.distributed.connections import RingCommunicator
from fastw2v.distributed.merging import Merger, Replicated, rows_of_merge


def main() -> None:
    """Time the merges of one period of the schedule, and one of all rows."""
    job = json.loads(sys.argv[1])
    communicator = connect(job)
    values = [np.ones((job["rows"], job["dim"]), dtype=np.float32) for _ in range(2)]
    rates = 1.0 / np.arange(10.0, 10.0 + job["rows"])  # Zipf's law
    merger = Merger(
        communicator, [Replicated(each, rates, opposites=(1 - i,)) for i, each in enumerate(values)]
    )
    merger.merge(None, 1.0, 0.025)  # memory is touched, buffers and windows of TCP have grown
    sizes = [rows_of_merge(i + 1, job["frequent_rows"], job["rows"]) for i in range(job["merges"])]
    before, seconds = merger.merged_bytes, []
    for n_rows in sizes:
        communicator.barrier()
        start = time.perf_counter()
        merger.merge(n_rows, 2.0, 0.025)
        seconds.append(time.perf_counter() - start)
    moved = merger.merged_bytes - before
    communicator.barrier()
    start = time.perf_counter()
    merger.merge(None, 3.0, 0.025)
    complete = time.perf_counter() - start
    if isinstance(communicator, RingCommunicator):
        communicator.close()  # after all has been sent
    if communicator.rank == 0:
        smallest = [each for each, n_rows in zip(seconds, sizes, strict=True) if n_rows == min(sizes)]
        figures = {
            "smallest": float(np.median(smallest)),
            "mean": float(np.mean(seconds)),
            "complete": complete,
            "bytes": moved / len(sizes),
        }
        print(json.dumps(figures), flush=True)


def connect(job: dict[str, object]) -> Communicator:
    """Return the communicator of this process."""
    if job["engine"] == "mpi":
        from fastw2v.distributed import MPICommunicator

        return MPICommunicator()

    def exchange(text: str) -> list[str]:
        print(json.dumps(text), flush=True)
        found: list[str] = json.loads(sys.stdin.readline())
        return found

    return RingCommunicator(int(str(job["rank"])), int(str(job["size"])), exchange, str(job["address"]))


if __name__ == "__main__":
    main()
