"""The engine: the compiled parts of the training loops of `fastw2v._inner`, which run without the GIL.

The package depends on no model class, vocabulary or file; it takes plain arrays and settings. It may import only
`fastw2v.common`.

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

The `.pxd` files are for other Cython modules: `_inner.pyx` lists them in reading order and explains why they contain
code.
"""
