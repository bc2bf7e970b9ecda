"""Training on several machines with existing engines: each member trains a part of the text, and replicas are merged.

* `communicator`: what an engine provides (`Communicator`), and a group of one process
* `threads`: a group of threads of one process (`run_threads`)
* `mpi`: processes that ``mpirun`` has started (`MPICommunicator`)
* `merging`: how the changes of replicas become one change, and which rows are merged when
* `curvature`: the directions in which the loss of a row curves, for `merging`
* `training`: `build_vocab`, `train` and `resume`, which every member of a group calls

The package may import all packages except `cli`. Only `cli` imports it.
"""

from __future__ import annotations

from fastw2v.distributed.communicator import Communicator, CommunicatorError, SingleProcess
from fastw2v.distributed.mpi import MPICommunicator
from fastw2v.distributed.threads import run_threads
from fastw2v.distributed.training import MergeSchedule, build_vocab, resume, train

__all__ = [
    "Communicator",
    "CommunicatorError",
    "MPICommunicator",
    "MergeSchedule",
    "SingleProcess",
    "build_vocab",
    "resume",
    "run_threads",
    "train",
]
