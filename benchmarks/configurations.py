"""What is trained: parameters of the constructor, by the names of the command line."""

from __future__ import annotations

from typing import Any

COMMON: dict[str, Any] = {
    "vector_size": 100, "window": 5, "min_count": 5, "sample": 1e-3, "negative": 5, "hs": 0, "epochs": 5,
}  # fmt: skip

# Each differs from COMMON in these.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "sg": {"sg": 1},
    "cbow": {"sg": 0},
    "sg-shared": {"sg": 1, "negative": 10, "shared_negatives": True},
    "sg-hs": {"sg": 1, "hs": 1, "negative": 0},
    "cbow-hs": {"sg": 0, "hs": 1, "negative": 0},
    "sg-300": {"sg": 1, "vector_size": 300},
    "cbow-300": {"sg": 0, "vector_size": 300},
    "sg-shared-300": {"sg": 1, "vector_size": 300, "negative": 10, "shared_negatives": True},
    "sg-hs-300": {"sg": 1, "hs": 1, "negative": 0, "vector_size": 300},
    "cbow-hs-300": {"sg": 0, "hs": 1, "negative": 0, "vector_size": 300},
    "sg-million": {"sg": 1, "min_count": 1, "epochs": 1},
    "cbow-million": {"sg": 0, "min_count": 1, "epochs": 1},
}

# These train a made-up text of so many distinct words (`corpus.zipf`), of which no quality can be told.
SYNTHETIC = {"sg-million": 1_000_000, "cbow-million": 1_000_000}

# What is measured unless some are named: each trainer once, and what differs by more than the number of steps.
WHOLE = (
    "sg", "cbow", "sg-shared", "sg-hs", "cbow-hs", "sg-300", "sg-shared-300", "cbow-300", "sg-million",
    "cbow-million",
)  # fmt: skip

# What libraries without `shared_negatives` train beside it: negatives of each pair's own, and 5 of them, as
# ten of them would only make these libraries slower.
PEERS = {"sg-shared": "sg", "sg-shared-300": "sg-300"}


def parameters(configuration: str, overrides: dict[str, Any], library: str = "fastw2v") -> dict[str, Any]:
    """Return the parameters of a configuration, as far as a library has them; `overrides` win."""
    if not library.startswith("fastw2v"):
        configuration = PEERS.get(configuration, configuration)
    return {**COMMON, **CONFIGURATIONS[configuration], **overrides}
