"""What surrounds the training loops of `fastw2v._inner`: network, job queue, sampling, row replicas, scoring, kernels."""
