"""A ring of TCP connections gives the sums and values that a group of threads gives, and ends when a member is lost."""

from __future__ import annotations

import numpy as np
import pytest

from fastw2v.distributed import CommunicatorError, run_threads
from fastw2v.distributed.connections import RingCommunicator


def run_ring(size, function):
    """Call `function` with a ring and a group of threads that has the same members; return the results by rank."""

    def part(threads):
        ring = RingCommunicator(
            threads.rank, size, lambda text: threads.broadcast(threads.gather(text)), host="127.0.0.1"
        )
        try:
            return function(ring, threads)
        finally:
            ring.close()

    return run_threads(size, part)


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize(
    ("shape", "dtype"), [((1000, 7), np.float32), ((4,), np.int64), ((1,), np.float64), ((0,), np.float32)]
)
def test_every_member_gets_the_same_sum(size, shape, dtype):
    def part(ring, threads):
        array = (np.random.default_rng(ring.rank).standard_normal(shape) * 100).astype(dtype)
        expected = array.copy()
        threads.allreduce(expected)
        ring.allreduce(array)
        return array, expected

    results = run_ring(size, part)
    for array, expected in results:
        assert array.dtype == dtype
        np.testing.assert_allclose(array, expected, rtol=1e-4, atol=1e-3)
        np.testing.assert_array_equal(array, results[0][0])


@pytest.mark.parametrize("size", [1, 2, 4])
def test_values_of_rank_0_reach_all_and_those_of_all_reach_rank_0(size):
    def part(ring, threads):
        ring.barrier()
        return ring.broadcast({"rank": ring.rank}), ring.gather(ring.rank * 10)

    values, gathered = zip(*run_ring(size, part), strict=True)
    assert list(values) == [{"rank": 0}] * size
    assert list(gathered) == [[10 * rank for rank in range(size)]] + [None] * (size - 1)


def test_arrays_that_no_socket_holds_at_once():
    def part(ring, threads):
        array = np.full(2_000_000, ring.rank + 1.0)  # all members send before they receive
        ring.allreduce(array)
        return array

    for array in run_ring(3, part):
        assert np.all(array == 6)


@pytest.mark.parametrize("operation", ["allreduce", "broadcast", "gather", "barrier"])
@pytest.mark.parametrize("how", ["abort", "close"])
def test_a_lost_member_is_an_error_of_the_others(operation, how):
    def part(ring, threads):
        threads.barrier()
        if ring.rank == 1:
            ring.abort(OSError()) if how == "abort" else ring.close()
            return
        argument = {"allreduce": (np.zeros(5),), "barrier": ()}.get(operation, ("value",))

        def call():
            for _ in range(5):  # rank 0 needs nobody for its first broadcast
                getattr(ring, operation)(*argument)
                ring.barrier()

        with pytest.raises(CommunicatorError, match="lost"):
            call()

    run_ring(3, part)


def test_a_member_that_cannot_be_reached_is_named():
    def part(threads):
        if threads.rank == 0:
            texts = [threads.broadcast("")]
            RingCommunicator(0, 2, lambda text: texts.append(text) or [texts[-1], "127.0.0.1:1"], "127.0.0.1")

    with pytest.raises(CommunicatorError, match="rank 0 cannot connect to its neighbours"):
        run_threads(1, part)
