"""Ray: one call in a notebook or a driver program starts actors that train the model.

Install it with ``pip install "fastw2v[ray]"``. Ray starts the actors and chooses their machines. Arrays are sent
directly between the actors (`connections`). An actor `_Rendezvous` exchanges the addresses. An actor `_CheckpointStore`
holds the model of the last full merge, from which the training continues if an actor or its machine is lost.
"""

from __future__ import annotations

import asyncio
import pickle
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from fastw2v.callbacks import CallbackAny2Vec
from fastw2v.common.logs import get_logger
from fastw2v.common.validation import as_int
from fastw2v.corpora import Column
from fastw2v.distributed.communicator import CommunicatorError
from fastw2v.distributed.connections import RingCommunicator
from fastw2v.distributed.jobs import Job, raise_cause
from fastw2v.distributed.training import MergeSchedule
from fastw2v.word2vec import Word2Vec

__all__ = ["train"]

logger = get_logger(__name__, "models.word2vec")

_POLL_SECONDS = 1.0


def train(
    parameters: Mapping[str, Any] | None = None,
    *,
    corpus_file: Any = None,
    dataset: Any = None,
    column: str | None = None,
    parts: Sequence[Any] | None = None,
    members: int = 2,
    model: Word2Vec | None = None,
    update: bool = False,
    schedule: MergeSchedule | None = None,
    resources: Mapping[str, Any] | None = None,
    max_restarts: int = 3,
    **arguments: Any,
) -> Word2Vec:
    """Train a model by Ray actors, and return it.

    Parameters
    ----------
    parameters : mapping, optional
        Parameters of `Word2Vec`. `workers` is the number of threads of each actor.
    corpus_file : str, os.PathLike, or a list of these, optional
        The text, in files that every machine can read under the same name.
    dataset : ray.data.Dataset, optional
        The text, instead of files. The sentences are in `column`, as lists of words.
    column : str, optional
        The column of `dataset`.
    parts : sequence of iterables, optional
        The text, instead of files: one re-iterable of sentences for each actor.
    members : int, default 2
        The number of actors.
    model : Word2Vec, optional
        A model to train further, instead of `parameters` for a new one.
    update : bool, default False
        Add words of the text that `model` lacks.
    schedule : MergeSchedule, optional
        How often the replicas are merged.
    resources : mapping, optional
        Options of each actor, such as ``{"num_cpus": 4}``. By default, a CPU for each worker.
    max_restarts : int, default 3
        How often the training continues from its last full merge after an actor was lost.
    **arguments
        Further arguments of `fastw2v.distributed.train`: `epochs`, `start_alpha`, `end_alpha`, `compute_loss`.

    Returns
    -------
    Word2Vec

    Raises
    ------
    ImportError
        If Ray is not installed.
    ValueError
        If `workers` is negative (all cores of a machine) and `resources` has no ``num_cpus``.
    CommunicatorError
        If actors were lost more often than `max_restarts`.
    Exception
        An exception that an actor raised, such as an error of the corpus.

    Examples
    --------
    >>> from fastw2v.distributed import ray
    >>> model = ray.train(
    ...     {"vector_size": 300, "sg": 1, "workers": 8}, corpus_file="/data/text.txt", members=4
    ... )  # doctest: +SKIP
    """
    library = _library()
    members = as_int("members", members, minimum=1)
    max_restarts = as_int("max_restarts", max_restarts, minimum=0)
    job = Job(dict(parameters or {}), model, update, arguments, schedule)
    corpora = _corpora(corpus_file, dataset, column, parts, members)
    options = {"num_cpus": (model or Word2Vec(**job.parameters)).workers, **(resources or {})}
    if options["num_cpus"] < 0:
        raise ValueError(
            f"workers={options['num_cpus']} does not say how many CPUs an actor takes; pass a positive number of "
            'workers, or resources={"num_cpus": N}'
        )
    if not library.is_initialized():
        library.init()
    store = library.remote(num_cpus=0)(_CheckpointStore).remote()
    shared_job = library.put(job)
    for attempt in range(max_restarts + 1):
        rendezvous = library.remote(num_cpus=0)(_Rendezvous).remote(members)
        actors = [library.remote(**options)(_Member).remote(rank, members) for rank in range(members)]
        running = [
            actor.run.remote(shared_job, corpus, rendezvous, store)
            for actor, corpus in zip(actors, corpora, strict=True)
        ]
        try:
            return _result(library, running)
        except (library.exceptions.RayActorError, CommunicatorError) as error:
            if attempt == max_restarts:
                raise CommunicatorError(
                    f"actors were lost {attempt + 1} times; see the logs of Ray for the reason"
                ) from error
            reason = str(error).partition("\n")[0]
            logger.warning("an actor was lost; the training goes on from its last full merge: %s", reason)
        finally:
            for actor in (*actors, rendezvous):
                library.kill(actor)
    raise AssertionError("not reached")


def _library() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ImportError('fastw2v.distributed.ray needs Ray: pip install "fastw2v[ray]"') from error
    return ray


def _corpora(
    corpus_file: Any, dataset: Any, column: str | None, parts: Sequence[Any] | None, members: int
) -> list[dict[str, Any]]:
    """Return the arguments about the text for each member."""
    given = [value is not None for value in (corpus_file, dataset, parts)]
    if sum(given) != 1:
        raise TypeError("pass the text once: as corpus_file, as dataset with column, or as parts")
    if corpus_file is not None:
        return [{"corpus_file": corpus_file}] * members
    if dataset is not None:
        if column is None:
            raise TypeError("column=None: name the column of the dataset that holds the sentences")
        # The data are made here, before the actors start: these may take all processors, and wait for the data.
        made = dataset.select_columns([column]).materialize()
        return [{"tables": part.to_arrow_refs(), "column": column} for part in made.split(members)]
    assert parts is not None
    if len(parts) != members:
        raise ValueError(f"parts has {len(parts)} corpora for members={members}; pass one for each")
    return [{"corpus_iterable": part} for part in parts]


def _result(library: Any, running: list[Any]) -> Word2Vec:
    """Wait for all members, and return the model of rank 0; raise an error of the text rather than one of the ring."""
    waiting = list(running)
    errors: list[BaseException] = []
    while waiting and not errors:
        done, waiting = library.wait(waiting, num_returns=1)
        errors = [error for error in (_error(library, reference) for reference in done) if error is not None]
    if errors and waiting:  # the member that caused it may report it later
        done, _ = library.wait(waiting, num_returns=len(waiting), timeout=5 * _POLL_SECONDS)
        errors += [error for error in (_error(library, reference) for reference in done) if error is not None]
    raise_cause(errors)
    model: Word2Vec = pickle.loads(library.get(running[0]))
    return model


def _error(library: Any, reference: Any) -> BaseException | None:
    try:
        library.get(reference)
    except library.exceptions.RayTaskError as error:
        cause: Any = error.cause
        return cause if isinstance(cause, BaseException) else RuntimeError(str(error))
    except library.exceptions.RayError as error:
        found: BaseException = error
        return found
    return None


class _Rendezvous:
    """Where the members exchange their addresses."""

    def __init__(self, size: int) -> None:
        self._texts: list[dict[int, str]] = []
        self._size = size
        self._complete: list[asyncio.Event] = []

    async def exchange(self, number: int, rank: int, text: str) -> list[str]:
        """Return the texts of all members for the exchange `number`, once all have given theirs."""
        while len(self._texts) <= number:
            self._texts.append({})
            self._complete.append(asyncio.Event())
        self._texts[number][rank] = text
        if len(self._texts[number]) == self._size:
            self._complete[number].set()
        await self._complete[number].wait()
        return [self._texts[number][i] for i in range(self._size)]


class _CheckpointStore:
    """The model of the last full merge, as the bytes of a checkpoint."""

    def __init__(self) -> None:
        self._checkpoint: bytes | None = None

    def store(self, checkpoint: bytes) -> None:
        self._checkpoint = checkpoint

    def checkpoint(self) -> bytes | None:
        return self._checkpoint


class _StoreCheckpoint(CallbackAny2Vec):
    """Send the checkpoint of each epoch to a `_CheckpointStore`."""

    def __init__(self, library: Any, store: Any, path: Path) -> None:
        self._library, self._store, self._path = library, store, path

    def on_epoch_end(self, model: Any) -> None:
        if self._path.exists():
            self._library.get(self._store.store.remote(self._path.read_bytes()))


class _Member:
    """An actor that trains a part of the text."""

    def __init__(self, rank: int, size: int) -> None:
        self._rank, self._size = rank, size

    def run(self, job: Job, corpus: dict[str, Any], rendezvous: Any, store: Any) -> bytes | None:
        """Train; return the model on rank 0, as bytes, because Ray would map its arrays read-only."""
        import ray

        exchanges = iter(range(2))

        def exchange(text: str) -> list[str]:
            texts: list[str] = ray.get(rendezvous.exchange.remote(next(exchanges), self._rank, text))
            return texts

        if "tables" in corpus:
            corpus = {"corpus_iterable": _column(ray.get(corpus["tables"]), corpus["column"])}
        host = ray.util.get_node_ip_address()
        communicator = RingCommunicator(self._rank, self._size, exchange, host)
        try:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder, "checkpoint")
                earlier = ray.get(store.checkpoint.remote()) if self._rank == 0 else None
                if earlier is not None:
                    path.write_bytes(earlier)
                callbacks = [_StoreCheckpoint(ray, store, path)]
                model = job.run(communicator, corpus, path, earlier is not None, callbacks)
        finally:
            communicator.close()
        return pickle.dumps(model) if self._rank == 0 else None


def _column(tables: Sequence[Any], column: str) -> Column:
    """Return a column of the tables of a part of a dataset."""
    import pyarrow

    return Column(pyarrow.concat_tables(tables), column)
