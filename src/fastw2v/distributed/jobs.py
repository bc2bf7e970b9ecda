"""A whole distributed training as one value, which an engine can send to the processes that it starts."""

from __future__ import annotations

import pickle
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from fastw2v.distributed.communicator import Communicator, CommunicatorError
from fastw2v.distributed.training import MergeSchedule, build_vocab, resume, train
from fastw2v.word2vec import Word2Vec

__all__ = ["Job", "raise_cause"]


@dataclass(frozen=True)
class Job:
    """The training that every member does with its part of the text.

    Attributes
    ----------
    parameters : dict
        Parameters of `Word2Vec` for a new model.
    model : Word2Vec or None
        A model to train further, instead of a new one.
    update : bool
        Whether words of the text that `model` lacks are added to it.
    arguments : dict
        Further arguments of `train`.
    schedule : MergeSchedule or None
    """

    parameters: dict[str, Any] = field(default_factory=dict)
    model: Word2Vec | None = None
    update: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    schedule: MergeSchedule | None = None

    def __post_init__(self) -> None:
        if self.model is not None and self.parameters:
            raise ValueError("pass either parameters, for a new model, or model, to train it further")
        Word2Vec(**self.parameters)  # wrong parameters are an error before any process is started

    def __getstate__(self) -> dict[str, Any]:
        """Return the state with the model as bytes: Ray maps the arrays of an object, and they cannot be trained."""
        return {**self.__dict__, "model": pickle.dumps(self.model)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, model=pickle.loads(state["model"]))

    def run(
        self,
        communicator: Communicator,
        corpus: dict[str, Any],
        checkpoint: Any,
        resumes: bool,
        callbacks: Any = (),
    ) -> Word2Vec | None:
        """Train, or resume from `checkpoint`, as a member of the group; return the model on rank 0.

        Parameters
        ----------
        communicator : Communicator
        corpus : dict
            ``corpus_iterable`` or ``corpus_file``.
        checkpoint : str, path or None
        resumes : bool
            Whether `checkpoint` holds an earlier attempt. Only the value on rank 0 is used.
        callbacks : sequence
            Called on rank 0.
        """
        if communicator.broadcast(resumes):
            model = resume(
                checkpoint, **corpus, communicator=communicator, schedule=self.schedule, callbacks=callbacks
            )
            return model if communicator.rank == 0 else None
        model = Word2Vec(**self.parameters) if self.model is None else self.model
        if self.model is None or self.update:
            build_vocab(model, **corpus, communicator=communicator, update=self.model is not None)
        train(
            model,
            **corpus,
            communicator=communicator,
            schedule=self.schedule,
            callbacks=callbacks,
            checkpoint=checkpoint,
            **self.arguments,
        )
        return model if communicator.rank == 0 else None


def raise_cause(errors: Iterable[BaseException]) -> None:
    """Raise the error of the member that failed, if there is one, instead of those of members that have lost it."""
    for error in sorted(errors, key=lambda error: isinstance(error, CommunicatorError)):
        raise error
