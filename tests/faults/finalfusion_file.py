"""Files of finalfusion, written from the description of the format (https://finalfusion.github.io/spec)."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

WORDS = ["the", "New York", "naïve", "中文词", ""]
VECTORS = np.array([[3, 4, 0], [0, 0, 0], [1, 1, 1], [-2, 0.5, 8], [0.1, 0.2, 0.3]], "<f4")


def vectors(
    metadata: str | None = 'title = "sample"\n', norms: bool = True, **changed: Any
) -> dict[str, Any]:
    """Return the fields of a small file, of which `changed` replaces some; a length of None is the right one."""
    lengths = np.linalg.norm(VECTORS, axis=1).astype("<f4")
    chunks = [1, 2, 6] if norms else [1, 2]
    fields: dict[str, Any] = {
        "magic": "FiFu", "version": 0, "n_chunks": len(chunks) + (metadata is not None),
        "listed": chunks if metadata is None else [5, *chunks],
        "metadata_id": 5, "metadata_length": None, "metadata": metadata,
        "vocabulary_id": 1, "vocabulary_length": None, "n_words": len(WORDS), "words": WORDS,
        "matrix_id": 2, "matrix_length": None, "rows": len(WORDS), "columns": 3, "matrix_type": 10,
        "vectors": VECTORS / np.maximum(lengths, 1e-9)[:, None] if norms else VECTORS,
        "norms_id": 6, "norms_length": None, "n_norms": len(WORDS), "norms_type": 10,
        "norms": lengths if norms else None,
    }  # fmt: skip
    return {**fields, **changed}


def _chunk(identifier: int, length: int | None, data: bytes) -> bytes:
    return struct.pack("<IQ", identifier, len(data) if length is None else length) + data


def _octets(word: Any) -> bytes:
    return word if isinstance(word, bytes) else word.encode()


def content(fields: dict[str, Any], where_not_needed: int = 4) -> bytes:
    """Return the bytes of a file; the numbers of fields need not fit each other.

    finalfusion writes 4 bytes of padding where none are needed. The specification would allow 0.
    """

    def padding(position: int) -> bytes:
        return bytes(4 - position % 4 if position % 4 else where_not_needed)

    data = _octets(fields["magic"]) + struct.pack("<2I", fields["version"], fields["n_chunks"])
    data += struct.pack(f"<{len(fields['listed'])}I", *fields["listed"])
    if fields["metadata"] is not None:
        data += _chunk(fields["metadata_id"], fields["metadata_length"], _octets(fields["metadata"]))
    words = b"".join(struct.pack("<I", len(_octets(word))) + _octets(word) for word in fields["words"])
    words = struct.pack("<Q", fields["n_words"]) + words
    data += _chunk(fields["vocabulary_id"], fields["vocabulary_length"], words)
    matrix = struct.pack("<Q2I", fields["rows"], fields["columns"], fields["matrix_type"])
    matrix += padding(len(data) + 12 + len(matrix)) + fields["vectors"].tobytes()
    data += _chunk(fields["matrix_id"], fields["matrix_length"], matrix)
    if fields["norms"] is not None:
        norms = struct.pack("<QI", fields["n_norms"], fields["norms_type"])
        norms += padding(len(data) + 12 + len(norms)) + fields["norms"].tobytes()
        data += _chunk(fields["norms_id"], fields["norms_length"], norms)
    return data
