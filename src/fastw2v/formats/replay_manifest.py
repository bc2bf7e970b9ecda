"""The list of what a replay store holds: one small JSON file, which is replaced atomically.

A store is a directory. Its sentences lie in segments, files of the format of `encoded_corpus` that are never changed
once they are written. The manifest names the segments, and how many sentences of each, from the first on, are in the
store. A change of the store writes new segments first and then replaces the manifest. Before that moment the store is
the old one and after it the new one, whenever the process or the system is stopped. Files that the manifest does not
name are remains of an interrupted change.

    replay-store.json     the manifest
    segment-NUMBER.fw2v   the segments
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from typing import Any

from fastw2v.common.files import open_atomic
from fastw2v.formats.settings import MAX_COUNT, check_fields, integer, number, unexpected
from fastw2v.formats.xxh64 import XXH64
from fastw2v.text.texts import STORE_FILE

FORMAT = "fastw2v replay store"
VERSION = 1
KEEP = ("random", "newest")
PREFIX, SUFFIX = "segment-", ".fw2v"


@dataclass(frozen=True)
class Segment:
    """Some sentences of the store, in random order.

    Attributes
    ----------
    number : int
        The number in the name of its file.
    sentences, words : int
        How many of its sentences are in the store, from the first on, and their raw words.
    written : int
        How many sentences the file has.
    rate : float
        Chance of each sentence of its texts to be among them.
    """

    number: int
    sentences: int
    words: int
    written: int
    rate: float

    @property
    def file(self) -> str:
        """Name of the file, in the directory of the store."""
        return f"{PREFIX}{self.number:08}{SUFFIX}"


@dataclass(frozen=True)
class Manifest:
    """What a store holds.

    Attributes
    ----------
    max_words : int or None
        Most raw words of the store.
    keep : str
        Which sentences stay when there are more; one of `KEEP`.
    seed : int
        The seed of all random choices.
    generation : int
        Number of changes.
    next_number : int
        The number of the next segment.
    segments : list of Segment
        From the oldest to the newest.
    staged : list of Segment
        Segments that are not in the store yet, one for each of `staged_texts`.
    texts, staged_texts : list of dict
        What was added: ``fingerprint``, ``added`` (date), ``sentences`` and ``words``.
    """

    max_words: int | None = None
    keep: str = "random"
    seed: int = 0
    generation: int = 0
    next_number: int = 0
    segments: list[Segment] = field(default_factory=list)
    staged: list[Segment] = field(default_factory=list)
    texts: list[dict[str, Any]] = field(default_factory=list)
    staged_texts: list[dict[str, Any]] = field(default_factory=list)


def write(directory: str, manifest: Manifest) -> None:
    """Replace the manifest of a store atomically."""
    content = json.dumps(asdict(manifest), separators=(",", ":"))
    text = {"format": FORMAT, "version": VERSION, "checksum": _checksum(content), "content": content}
    with open_atomic(os.path.join(directory, STORE_FILE), "w") as file:
        json.dump(text, file)
        file.write("\n")


def read(directory: str) -> Manifest | None:
    """Read the manifest of a store; return None if there is none.

    Raises
    ------
    ValueError
        If it is damaged, or of another version; the message names the file and the field.
    OSError
        If it cannot be read.
    """
    path = os.path.join(directory, STORE_FILE)
    try:
        with open(path, encoding="utf-8") as file:
            text = json.load(file)
        if not isinstance(text, dict) or text.get("format") != FORMAT:
            raise unexpected("format", text, f"an object whose format is {FORMAT!r}")
        if text.get("version") != VERSION:
            raise unexpected("version", text.get("version"), f"{VERSION}; upgrade fastw2v")
        content = text.get("content")
        if not isinstance(content, str) or _checksum(content) != text.get("checksum"):
            raise unexpected("checksum", text.get("checksum"), "that of the field 'content'")
        return _checked(json.loads(content))
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(
            f"cannot read {path!r}: {error}; the file is damaged: restore it, or delete the directory and build the "
            "store again"
        ) from None


_COUNT = integer(0, MAX_COUNT)
_FIELDS = {
    "max_words": integer(1, MAX_COUNT, optional=True),
    **dict.fromkeys(("seed", "generation", "next_number"), _COUNT),
}
_SEGMENT = {
    **dict.fromkeys(("number", "sentences", "words", "written"), _COUNT),
    "rate": number(0),
}


def _checked(entry: Any) -> Manifest:
    entry = check_fields(entry, _FIELDS)
    if entry["keep"] not in KEEP:
        raise unexpected("keep", entry["keep"], " or ".join(KEEP))
    for name in ("segments", "staged"):
        if not isinstance(entry[name], list):
            raise unexpected(name, entry[name], "a list")
        entry[name] = [Segment(**check_fields(segment, _SEGMENT, name)) for segment in entry[name]]
        for segment in entry[name]:
            if segment.sentences > segment.written or segment.rate > 1:
                raise unexpected(f"{name}.sentences", segment.sentences, f"at most {segment.written}")
    for name in ("texts", "staged_texts"):
        texts = entry[name]
        if not isinstance(texts, list) or not all(
            isinstance(text, dict) and "fingerprint" in text for text in texts
        ):
            raise unexpected(name, texts, "a list of texts with fingerprints")
    if len(entry["staged"]) != len(entry["staged_texts"]):
        raise unexpected("staged", len(entry["staged"]), "one segment for each staged text")
    return Manifest(**entry)


def _checksum(content: str) -> str:
    checksum = XXH64()
    checksum.update(content.encode("utf-8"))
    return f"{checksum.value:016x}"
