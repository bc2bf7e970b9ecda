"""``fastw2v compare``: two models or files of vectors, side by side.

Neighbours are computed within each of the two and need no common space; the widths may differ. The movement of words is
measured in the space of B, in two ways: by the vectors as they are, which suits a model and its update, and after the
orthogonal matrix that brings the unit vectors of A nearest to those of B [1]_, which suits any two trainings. That
matrix is nearly the identity for a model and its update, so that the second measure selects the words that moved most.

.. [1] P. Schönemann, "A generalized solution of the orthogonal Procrustes problem", Psychometrika 31, 1966.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import numpy.typing as npt

from fastw2v.cli import files
from fastw2v.cli.evaluation import EvaluationSets, Rows, check_evaluated
from fastw2v.cli.output import print_json, print_table
from fastw2v.cli.parser import UsageError
from fastw2v.cli.streams import input_name, reads_stdin
from fastw2v.keyedvectors import KeyedVectors
from fastw2v.vectors import alignment
from fastw2v.vectors.drift import neighbour_overlap

Floats = npt.NDArray[np.float32]

SHOWN_NEIGHBOURS = 5
MEASURES = ("score", "pearson", "spearman", "oov")  # of `Rows`


@reads_stdin("a", "b")
def compare(options: argparse.Namespace) -> None:
    """Compare two models or files of vectors."""
    evaluated = bool(options.analogies or options.pairs)
    sets = EvaluationSets(options)
    a, b = files.load_any(options.a), files.load_any(options.b)
    common = [word for word in b.index_to_key if word in a.key_to_index]
    if len(common) < 2:
        names = [input_name(options, path) for path in (options.a, options.b)]
        raise UsageError(
            f"{' and '.join(names)} have {len(common)} words in common; compare needs at least two"
        )
    rows_a, rows_b = (np.array([wv.key_to_index[word] for word in common], dtype=np.intp) for wv in (a, b))
    first = min(options.words, len(common))
    topn = min(options.topn, len(common) - 1)
    kept = neighbour_overlap(rows_a, rows_b, a.vectors, b.vectors, topn=topn, first=first)
    result: dict[str, Any] = {
        "a": _description(a, input_name(options, options.a), len(common)),
        "b": _description(b, input_name(options, options.b), len(common)),
        "common_words": len(common),
        "compared_words": first,
        "neighbours": {"topn": topn, "kept": _rounded(kept.mean(dtype=np.float64))},
        "drift": None,
        "most_moved": _least_kept(common, kept, options.moved),
    }
    if a.vector_size == b.vector_size:
        vectors_a, vectors_b = (
            wv.vectors[rows].astype(np.float32) for wv, rows in ((a, rows_a), (b, rows_b))
        )
        result["drift"], cosines = _drift(vectors_a, vectors_b, first)
        result["most_moved"] = _most_moved(common, cosines, kept, options.moved)
    for record in result["most_moved"]:
        for name, wv in (("neighbours_a", a), ("neighbours_b", b)):
            record[name] = [word for word, _ in wv.most_similar(record["word"], topn=SHOWN_NEIGHBOURS)]
    if evaluated:
        scores = [sets.score(wv) for wv in (a, b)]
        result["evaluation"] = _side_by_side(*scores)
    if options.json:
        print_json(result)
    else:
        _print_comparison(result)
    if evaluated:
        check_evaluated([*scores[0], *scores[1]])


def _description(vectors: KeyedVectors, name: str, n_common: int) -> dict[str, Any]:
    return {
        "file": name,
        "words": len(vectors),
        "vector_size": vectors.vector_size,
        "only_here": len(vectors) - n_common,
    }


def _drift(a: Floats, b: Floats, first: int) -> tuple[dict[str, float | None], Floats]:
    """Return how far the first of the common words moved, and their cosines after the rotation of A."""
    distances = np.linalg.norm(a[:first] - b[:first], axis=1)
    unit_a, unit_b = _unit(a), _unit(b)
    cosines = np.einsum("ij,ij->i", unit_a[:first], unit_b[:first])
    _, turned = alignment.rotations([unit_b, unit_a])
    rotated = np.einsum("ij,ij->i", unit_a[:first] @ turned.astype(np.float32), unit_b[:first])
    means = {
        "mean_distance": _rounded(distances.mean(dtype=np.float64)),
        "mean_cosine": _rounded(cosines.mean(dtype=np.float64)),
        "mean_cosine_after_rotation": _rounded(rotated.mean(dtype=np.float64)),
    }
    return means, rotated


def _unit(vectors: Floats) -> Floats:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: Floats = np.divide(vectors, norms, out=np.zeros_like(vectors), where=norms > 0)
    return unit


def _most_moved(words: list[Any], cosines: Floats, kept: Floats, count: int) -> list[dict[str, Any]]:
    order = np.argsort(cosines, kind="stable")[:count]
    return [
        {"word": words[i], "cosine": _rounded(cosines[i]), "neighbours_kept": _rounded(kept[i])}
        for i in order.tolist()
    ]


def _least_kept(words: list[Any], kept: Floats, count: int) -> list[dict[str, Any]]:
    order = np.argsort(kept, kind="stable")[:count]
    return [{"word": words[i], "cosine": None, "neighbours_kept": _rounded(kept[i])} for i in order.tolist()]


def _rounded(value: Any) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


def _side_by_side(rows_a: Rows, rows_b: Rows) -> list[dict[str, Any]]:
    return [
        {"name": a["name"], "measure": measure, "a": a[measure], "b": b[measure]}
        for a, b in zip(rows_a, rows_b, strict=True)
        for measure in MEASURES
        if measure in a
    ]


def _print_comparison(result: dict[str, Any]) -> None:
    a, b = result["a"], result["b"]
    first, topn = result["compared_words"], result["neighbours"]["topn"]
    print(
        f"A  {a['file']}: {a['words']:,} words, {a['only_here']:,} of them not in B; {a['vector_size']} dimensions"
    )
    print(
        f"B  {b['file']}: {b['words']:,} words, {b['only_here']:,} of them not in A; {b['vector_size']} dimensions"
    )
    print(f"{result['common_words']:,} common words; the first {first:,} of them in B are compared")
    print(
        f"  neighbours kept             {_number(result['neighbours']['kept'])}  (share of the {topn} nearest)"
    )
    drift = result["drift"]
    if drift is None:
        print("  the vectors have different dimensions, so how far words moved cannot be measured")
        print("\nwords whose neighbours changed most")
    else:
        print(f"  mean cosine                 {_number(drift['mean_cosine'])}")
        print(f"  mean cosine after rotation  {_number(drift['mean_cosine_after_rotation'])}")
        print(f"  mean distance               {_number(drift['mean_distance'])}")
        print("\nwords that moved most")
    width = max(len(str(record["word"])) for record in result["most_moved"])
    for record in result["most_moved"]:
        cosine = "" if record["cosine"] is None else f"{_number(record['cosine'])}  "
        before, after = (" ".join(map(str, record[name])) for name in ("neighbours_a", "neighbours_b"))
        print(f"  {record['word']!s:{width}}  {cosine}A: {before}")
        print(f"  {'':{width}}  {' ' * len(cosine)}B: {after}")
    if "evaluation" in result:
        print()
        cells = [
            [f"{row['name']}, {row['measure']}", _number(row["a"]), _number(row["b"])]
            for row in result["evaluation"]
        ]
        print_table([["evaluation", "A", "B"], *cells])


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
