"""Spark: the partitions of a DataFrame, each trained by a task of one barrier stage.

Install it with ``pip install "fastw2v[spark]"`` where the driver runs and on the executors. Spark runs all tasks of a
barrier stage at the same time and tells them one another's addresses; arrays travel directly between the tasks
(`connections`). If a task fails, Spark runs the whole stage again, which goes on from the checkpoint of the last full
merge if there is one.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Iterator, Mapping
from typing import Any

from fastw2v.common.validation import as_optional_int, check_str
from fastw2v.corpora import Column
from fastw2v.distributed.communicator import CommunicatorError
from fastw2v.distributed.connections import RingCommunicator
from fastw2v.distributed.jobs import Job
from fastw2v.distributed.training import MergeSchedule
from fastw2v.word2vec import Word2Vec

__all__ = ["train"]

_PIECE = 1 << 24  # bytes of the model in one row of the result


def train(
    dataframe: Any,
    column: str,
    parameters: Mapping[str, Any] | None = None,
    *,
    members: int | None = None,
    model: Word2Vec | None = None,
    update: bool = False,
    schedule: MergeSchedule | None = None,
    checkpoint: str | None = None,
    **arguments: Any,
) -> Word2Vec:
    """Train a model on a column of a Spark DataFrame, and return it on the driver.

    Parameters
    ----------
    dataframe : pyspark.sql.DataFrame
    column : str
        The column of sentences, each an array of strings.
    parameters : mapping, optional
        Parameters of `Word2Vec`. `workers` is the number of threads of each task; set ``spark.task.cpus`` to it.
    members : int, optional
        The number of tasks, all of which must run at the same time; by default that of the partitions.
    model, update, schedule
        As in `fastw2v.distributed.ray.train`.
    checkpoint : str, optional
        A file that every executor can read and write under this name. With it, a stage that Spark runs again goes on
        from the last epoch; without it, it begins anew.
    **arguments
        Further arguments of `fastw2v.distributed.train`.

    Returns
    -------
    Word2Vec

    Raises
    ------
    ImportError
        If pyspark or pyarrow is not installed.
    ValueError, TypeError
        If the column or a parameter is wrong.

    Examples
    --------
    >>> from fastw2v.distributed import spark
    >>> model = spark.train(sentences, "words", {"vector_size": 300, "workers": 4}, members=8)  # doctest: +SKIP
    """
    try:
        import pyarrow
        from pyspark import BarrierTaskContext
    except ImportError as error:
        raise ImportError('fastw2v.distributed.spark needs pyspark: pip install "fastw2v[spark]"') from error
    check_str("column", column)
    if column not in dataframe.columns:
        raise ValueError(f"column={column!r} is not a column of the DataFrame, which has {dataframe.columns}")
    members = as_optional_int("members", members, minimum=1)
    job = Job(dict(parameters or {}), model, update, arguments, schedule)
    if checkpoint is not None and os.path.exists(checkpoint):
        os.remove(checkpoint)  # of an earlier training
    selected = dataframe.select(column)
    if members is not None:
        selected = selected.repartition(members)

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        context = BarrierTaskContext.get()
        peers = context.getTaskInfos()
        rank = context.partitionId()
        host = peers[rank].address.rsplit(":", 1)[0]
        table = pyarrow.Table.from_batches(list(batches), pyarrow.schema([(column, pyarrow.list_(pyarrow.string()))]))
        communicator = RingCommunicator(rank, len(peers), context.allGather, host)
        resumes = rank == 0 and checkpoint is not None and os.path.exists(checkpoint)
        try:
            trained = job.run(communicator, {"corpus_iterable": Column(table, column)}, checkpoint, resumes)
        finally:
            communicator.close()
        data = pickle.dumps(trained) if rank == 0 else b""
        for start in range(0, len(data), _PIECE):
            yield pyarrow.RecordBatch.from_pydict(
                {"start": [start], "data": pyarrow.array([data[start : start + _PIECE]], pyarrow.binary())}
            )

    rows = selected.mapInArrow(run, "start long, data binary", barrier=True).collect()
    if not rows:
        raise CommunicatorError("Spark returned no model; see the logs of the tasks")
    found: Word2Vec = pickle.loads(b"".join(bytes(row.data) for row in sorted(rows, key=lambda row: row.start)))
    return found
