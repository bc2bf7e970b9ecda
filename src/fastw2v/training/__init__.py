"""How a model is trained, from the arguments of `Word2Vec.train` to the returned counts.

* `session`: `TrainingSession`, one call of `train` or `resume`, which owns all state of the training.
* `arguments`: the arguments of such a call, in groups.
* `training_corpus`: `TrainingCorpus`, the sentences of a training and their ids.
* `streaming`: `train_stream`, a training for each chunk of a text that is read once.
* `trainer`: `Trainer`, which hands the jobs of one epoch to worker threads.
* `sentence_jobs`: jobs of plain sentences, for subclasses that override gensim's methods.
* `learning_rate`: the schedule of the learning rate.
* `barriers`: points at which no worker trains.
* `progress`: tallies, log lines, the progress bar.
* `checkpoints`: the state of a training in a file.
* `update`, `replay`: training a grown model without forgetting.
* `divergence`: the warning about weights that grow without limit.
* `run_callbacks`, `held_out`, `network`, `sigterm`: calling callbacks, the loss of held-out sentences, the arrays of a
  model for the engine, SIGTERM.

The package may import every package below it: `formats`, `vocabulary`, `vectors`, `text`, the training loops `_inner`,
`engine` and `common`. It refers to the model class only through protocols.
"""
