"""gensim 3's record of each word, and its ``wv.vocab``: today's arrays, seen as a dictionary of records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fastw2v.vectors.vector_store import VectorStore


class CompatVocab:
    """What gensim 3 kept of each word: a bag of attributes, ordered by `count`. Old pickles name it."""

    def __init__(self, **kwargs: Any) -> None:
        self.count = 0
        self.__dict__.update(kwargs)

    def __lt__(self, other: CompatVocab) -> bool:
        return bool(self.count < other.count)

    def __str__(self) -> str:
        values = ", ".join(
            f"{name}:{self.__dict__[name]!r}" for name in sorted(self.__dict__) if name[0] != "_"
        )
        return f"{type(self).__name__}<{values}>"


class WordRecord(CompatVocab):
    """One word of a store; `count` may be assigned."""

    def __init__(self, store: VectorStore, word: Any) -> None:
        self._store = store
        self._word = word

    @property
    def index(self) -> int:
        """The row of the word."""
        return self._store.key_to_index[self._word]

    @property
    def count(self) -> int:
        """How often the word was seen."""
        return int(self._store.get_vecattr(self._word, "count"))

    @count.setter
    def count(self, value: int) -> None:
        self._store.set_vecattr(self._word, "count", value)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            value = self._store.get_vecattr(self._word, name)
        except KeyError:
            raise AttributeError(f"the word {self._word!r} has no attribute {name!r}") from None
        return value.item() if hasattr(value, "item") and not getattr(value, "ndim", 0) else value

    def __str__(self) -> str:
        return f"Vocab(count:{self.count}, index:{self.index})"

    __repr__ = __str__


class VocabView(Mapping[Any, WordRecord]):
    """``wv.vocab``: word -> record, in the order of rows; shows what the store holds at any time."""

    def __init__(self, store: VectorStore) -> None:
        self._store = store

    def __getitem__(self, word: Any) -> WordRecord:
        if word not in self._store.key_to_index:
            raise KeyError(word)
        return WordRecord(self._store, word)

    def __contains__(self, word: object) -> bool:
        return word in self._store.key_to_index

    def __iter__(self) -> Iterator[Any]:
        return iter(self._store.key_to_index)

    def __len__(self) -> int:
        return len(self._store.key_to_index)

    def __repr__(self) -> str:
        return f"VocabView({len(self)} words)"
