"""Training: the session, one epoch, learning rates, barriers, checkpoints, updates."""
