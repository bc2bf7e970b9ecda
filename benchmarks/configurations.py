"""The configurations of the trainings: parameters of the constructor, by their name on the command line."""

from __future__ import annotations

from typing import Any

COMMON: dict[str, Any] = {
    "vector_size": 100, "window": 5, "min_count": 5, "sample": 1e-3, "negative": 5, "hs": 0, "epochs": 5,
}  # fmt: skip

# The parameters in which each configuration differs from COMMON.
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    "sg": {"sg": 1},
    "cbow": {"sg": 0},
    "sg-shared-5": {"sg": 1, "shared_negatives": True},
    "sg-shared-10": {"sg": 1, "negative": 10, "shared_negatives": True},
    "sg-pool": {"sg": 1, "negative_pool": 1024},
    "cbow-pool": {"sg": 0, "negative_pool": 1024},
    "sg-hs": {"sg": 1, "hs": 1, "negative": 0},
    "cbow-hs": {"sg": 0, "hs": 1, "negative": 0},
    "sg-300": {"sg": 1, "vector_size": 300},
    "cbow-300": {"sg": 0, "vector_size": 300},
    "sg-pool-300": {"sg": 1, "vector_size": 300, "negative_pool": 1024},
    "cbow-pool-300": {"sg": 0, "vector_size": 300, "negative_pool": 1024},
    "sg-shared-5-300": {"sg": 1, "vector_size": 300, "shared_negatives": True},
    "sg-shared-10-300": {"sg": 1, "vector_size": 300, "negative": 10, "shared_negatives": True},
    "sg-hs-300": {"sg": 1, "hs": 1, "negative": 0, "vector_size": 300},
    "cbow-hs-300": {"sg": 0, "hs": 1, "negative": 0, "vector_size": 300},
    "sg-million": {"sg": 1, "min_count": 1, "epochs": 1},
    "cbow-million": {"sg": 0, "min_count": 1, "epochs": 1},
}

# These configurations train an artificial text (`corpus.zipf`) with this number of distinct words. Its quality is not
# measured.
SYNTHETIC = {"sg-million": 1_000_000, "cbow-million": 1_000_000}

# The default: each algorithm once, and the variants that differ by more than the number of steps.
DEFAULT = (
    "sg", "cbow", "sg-shared-5", "sg-hs", "cbow-hs", "sg-300", "sg-shared-5-300", "cbow-300", "sg-million",
    "cbow-million",
)  # fmt: skip

# What libraries without `shared_negatives` and `negative_pool` train in place of them: 5 negative samples for each pair
# or window, also in place of ten shared ones. Ten for each pair would only make them slower.
PEERS = {
    "sg-shared-5": "sg", "sg-shared-10": "sg", "sg-shared-5-300": "sg-300", "sg-shared-10-300": "sg-300",
    "sg-pool": "sg", "cbow-pool": "cbow", "sg-pool-300": "sg-300", "cbow-pool-300": "cbow-300",
}  # fmt: skip


def parameters(configuration: str, overrides: dict[str, Any], library: str = "fastw2v") -> dict[str, Any]:
    """Return the parameters of a configuration for a library; `overrides` take precedence."""
    if not library.startswith("fastw2v"):
        configuration = PEERS.get(configuration, configuration)
    return {**COMMON, **CONFIGURATIONS[configuration], **overrides}
