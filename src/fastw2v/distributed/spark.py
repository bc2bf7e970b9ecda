"""Spark: the partitions of a DataFrame, each trained by a task of one barrier stage.

Install it with ``pip install "fastw2v[spark]"`` where the driver runs and on the executors. Spark runs all tasks of a
barrier stage at the same time and gives each task the addresses of the others. Arrays are sent directly between the
tasks (`connections`). If a task is lost, Spark runs the whole stage again, and the training continues from the
checkpoint of the last full merge if there is one. Spark repeats only stages before a shuffle, so the model is sent to
the driver through a shuffle. A Python exception would be lost when Spark ends the other tasks, so a task returns it as
a row of its result.
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
from fastw2v.distributed.jobs import Job, raise_cause
from fastw2v.distributed.training import MergeSchedule
from fastw2v.word2vec import Word2Vec

__all__ = ["train"]

_PIECE = 1 << 24  # bytes of the model in one row of the result
_MODEL, _ERROR = "model", "error"  # what a row of the result holds


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
        A file that every executor can read and write under this name. With it, a stage that Spark runs again continues
        from the last epoch; without it, the stage begins anew.
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
    CommunicatorError
        If the tasks cannot reach one another.
    Exception
        An exception that a task raised, such as an error of the corpus; and Spark's own exception, if tasks were lost
        more often than Spark repeats a stage (``spark.stage.maxConsecutiveAttempts``, by default 4).

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
    _check_column(dataframe, column)
    members = as_optional_int("members", members, minimum=1)
    job = Job(dict(parameters or {}), model, update, arguments, schedule)
    if checkpoint is not None and os.path.exists(checkpoint):
        os.remove(checkpoint)  # of an earlier training
    selected = dataframe.select(column)
    if members is not None:
        selected = selected.repartition(members)

    def run(batches: Iterator[Any]) -> Iterator[Any]:
        context = BarrierTaskContext.get()
        rank = context.partitionId()
        try:
            trained = _train_part(context, list(batches), column, job, checkpoint)
            data = pickle.dumps(trained) if rank == 0 else b""
        except Exception as error:
            data, kind = _pickled(error), _ERROR
        else:
            kind = _MODEL
        for start in range(0, len(data), _PIECE):
            piece = pyarrow.array([data[start : start + _PIECE]], pyarrow.binary())
            yield pyarrow.RecordBatch.from_pydict(
                {"kind": [kind], "rank": [rank], "start": [start], "data": piece}
            )

    rows = selected.mapInArrow(run, "kind string, rank long, start long, data binary", barrier=True)
    found: dict[str, dict[int, bytes]] = {_MODEL: {}, _ERROR: {}}
    for row in sorted(rows.repartition(1).collect(), key=lambda row: (row.rank, row.start)):
        found[row.kind][row.rank] = found[row.kind].get(row.rank, b"") + bytes(row.data)
    raise_cause([pickle.loads(data) for data in found[_ERROR].values()])
    if 0 not in found[_MODEL]:
        raise CommunicatorError("Spark returned no model; see the logs of the tasks")
    result: Word2Vec = pickle.loads(found[_MODEL][0])
    return result


def _check_column(dataframe: Any, column: str) -> None:
    from pyspark.sql.types import ArrayType, IntegralType, StringType

    check_str("column", column)
    if column not in dataframe.columns:
        raise ValueError(f"column={column!r} is not a column of the DataFrame, which has {dataframe.columns}")
    found = dataframe.schema[column].dataType
    if not isinstance(found, ArrayType) or not isinstance(found.elementType, (StringType, IntegralType)):
        raise TypeError(
            f"column={column!r} holds {found.simpleString()}; it must hold arrays of strings, such as those of "
            "pyspark.sql.functions.split(text, ' ')"
        )


def _train_part(
    context: Any, batches: list[Any], column: str, job: Job, checkpoint: str | None
) -> Word2Vec | None:
    """Train the rows of one task, and return the model on rank 0."""
    import pyarrow

    peers = context.getTaskInfos()
    rank = context.partitionId()
    host = peers[rank].address.rsplit(":", 1)[0]
    communicator = RingCommunicator(rank, len(peers), context.allGather, host)
    part: Any = Column(pyarrow.Table.from_batches(batches), column) if batches else []
    resumes = rank == 0 and checkpoint is not None and os.path.exists(checkpoint)
    try:
        return job.run(communicator, {"corpus_iterable": part}, checkpoint, resumes)
    finally:
        communicator.close()


def _pickled(error: Exception) -> bytes:
    """Return the pickle of an exception; if it cannot be pickled and read again, of another one with its text."""
    try:
        data = pickle.dumps(error)
        pickle.loads(data)
    except Exception:
        data = pickle.dumps(RuntimeError(f"{type(error).__name__}: {error}"))
    return data
