"""The engine: what the training loops of `fastw2v._inner` are built from, compiled and without the GIL.

The package knows no model class, no vocabulary and no file; it gets plain arrays and settings. It may import
`fastw2v.common` alone.

Public names
------------
network.Network
    The weights, sampling tables and settings of a model, checked once.
job_queue.JobQueue, job_queue.cut_jobs
    Jobs, and the queue that passes them to the workers.
scoring.score_sentences, scoring.held_out_loss
    Log-probabilities and loss of sentences, without training.
kernels.instruction_sets
    The names of the instruction sets whose row kernels this machine can run.

The `.pxd` files are for other Cython modules: `_inner.pyx` lists them in reading order and says why they hold code.
"""
