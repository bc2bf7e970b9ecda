"""Files of fastText, written as its version 12 writes them, from the description of the format."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

ARGUMENTS = (
    "dim",
    "ws",
    "epoch",
    "minCount",
    "neg",
    "wordNgrams",
    "loss",
    "model",
    "bucket",
    "minn",
    "maxn",
    "lr",
)
WORDS = ["the", "</s>", "naïve", "中文词", "cats"]
LABELS = ["__label__a", "__label__b"]


def model(
    supervised: bool = False, pruned: bool = False, quantized: bool = False, **changed: Any
) -> dict[str, Any]:
    """Return the fields of a small model, of which `changed` replaces some."""
    dim, bucket = 5, 40
    words, labels = WORDS, LABELS if supervised else []
    kept = {int(each): row for row, each in enumerate([39, 3, 17, 8, 21, 30])} if pruned else None
    rows = len(words) + (bucket if kept is None else len(kept))
    random = np.random.default_rng(7)
    fields: dict[str, Any] = {
        "signature": 793712314, "version": 12, "dim": dim, "ws": 5, "epoch": 5, "minCount": 1, "neg": 5,
        "wordNgrams": 1, "loss": 2, "model": 3 if supervised else 2, "bucket": bucket, "minn": 2, "maxn": 4, "lr": 100,
        "t": 1e-4, "size": len(words) + len(labels), "nwords": len(words), "nlabels": len(labels), "ntokens": 99,
        "pruneidx_size": -1 if kept is None else len(kept),
        "entries": [[word, 50 - number, 0] for number, word in enumerate(words)] + [[each, 9, 1] for each in labels],
        "kept": [] if kept is None else [list(pair) for pair in kept.items()],
        "quant_input": int(quantized), "rows": rows, "columns": dim,
        "vectors": random.standard_normal((rows, dim)).astype("<f4"),
        "qnorm": 1, "codesize": rows * 3, "codes": random.integers(0, 256, rows * 3, dtype=np.uint8),
        "quantizer": [dim, 3, 2, 1], "centroids": random.standard_normal(256 * dim).astype("<f4"),
        "norm_codes": random.integers(0, 256, rows, dtype=np.uint8),
        "norm_quantizer": [1, 1, 1, 1], "norm_centroids": random.random(256).astype("<f4"),
        "quant_output": 0, "output_rows": 4, "output_columns": dim, "output": np.zeros((4, dim), "<f4"),
    }  # fmt: skip
    return {**fields, **changed}


def content(fields: dict[str, Any]) -> bytes:
    """Return the bytes of a model; the numbers of fields need not fit each other."""
    parts = [struct.pack("<2i", fields["signature"], fields["version"])]
    parts.append(struct.pack("<12id", *(fields[name] for name in ARGUMENTS), fields["t"]))
    names = ("size", "nwords", "nlabels", "ntokens", "pruneidx_size")
    parts.append(struct.pack("<3i2q", *(fields[name] for name in names)))
    for word, count, kind in fields["entries"]:
        parts.append(
            (word if isinstance(word, bytes) else word.encode()) + b"\0" + struct.pack("<qb", count, kind)
        )
    parts += [struct.pack("<2i", *pair) for pair in fields["kept"]]
    parts.append(struct.pack("<B", fields["quant_input"]))
    if fields["quant_input"] == 1:
        parts.append(
            struct.pack("<B2qi", fields["qnorm"], fields["rows"], fields["columns"], fields["codesize"])
        )
        parts += [
            fields["codes"].tobytes(),
            struct.pack("<4i", *fields["quantizer"]),
            fields["centroids"].tobytes(),
        ]
        if fields["qnorm"]:
            parts += [fields["norm_codes"].tobytes(), struct.pack("<4i", *fields["norm_quantizer"])]
            parts.append(fields["norm_centroids"].tobytes())
    else:
        parts += [struct.pack("<2q", fields["rows"], fields["columns"]), fields["vectors"].tobytes()]
    parts.append(struct.pack("<B2q", fields["quant_output"], fields["output_rows"], fields["output_columns"]))
    return b"".join([*parts, fields["output"].tobytes()])


def input_matrix(fields: dict[str, Any]) -> np.ndarray:
    """Return the input matrix of a model, decoded row by row."""
    if not fields["quant_input"]:
        return fields["vectors"]
    matrix = np.zeros((fields["rows"], fields["columns"]), np.float32)
    n_parts, width, last = fields["quantizer"][1:]
    for row in range(len(matrix)):
        norm = fields["norm_centroids"][fields["norm_codes"][row]] if fields["qnorm"] else np.float32(1)
        for part in range(n_parts):
            code = int(fields["codes"][row * n_parts + part])
            size = last if part == n_parts - 1 else width
            start = part * 256 * width + code * size
            matrix[row, part * width : part * width + size] = norm * fields["centroids"][start : start + size]
    return matrix


def vector(fields: dict[str, Any], word: str) -> np.ndarray:
    """Return the vector of a word, by the definition: the mean of the rows of the word and its n-grams."""
    matrix, words = input_matrix(fields), [entry[0] for entry in fields["entries"] if entry[2] == 0]
    rows = [words.index(word)] if word in words else []
    marked = f"<{word}>"
    kept = dict(fields["kept"])
    for start in range(len(marked) if word != "</s>" else 0):
        for length in range(max(fields["minn"], 1), fields["maxn"] + 1):
            end = start + length
            if end > len(marked) or (length == 1 and (start == 0 or end == len(marked))):
                continue
            value = 2166136261
            for byte in marked[start:end].encode():
                signed = byte - 256 if byte > 127 else byte
                value = ((value ^ (signed & 0xFFFFFFFF)) * 16777619) & 0xFFFFFFFF
            bucket = value % fields["bucket"]
            if fields["pruneidx_size"] < 0:
                rows.append(len(words) + bucket)
            elif bucket in kept:
                rows.append(len(words) + kept[bucket])
    if not rows:
        return np.zeros(fields["columns"], np.float32)
    total = np.zeros(fields["columns"], np.float32)
    for row in rows:
        total += matrix[row]
    return total * np.float32(1 / len(rows)) if len(rows) > 1 else total
