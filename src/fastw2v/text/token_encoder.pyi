from collections.abc import Callable, Iterator
from typing import Any, Protocol, final, type_check_only

import numpy as np
import numpy.typing as npt

@type_check_only
class Observer(Protocol):
    every: int
    max_words: int | None
    def report(self, number: int, raw_words: int, n_words: int, /) -> None: ...
    def warn_plain_text(self, sentence: Any, /) -> None: ...
    def prune(self, counts: dict[Any, int], /) -> None: ...

_Sink = Callable[[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.int64]], None]

@final
class TokenEncoder:
    n_sentences: int
    raw_words: int
    def __init__(
        self, index: dict[Any, int], grow: bool, sink: _Sink | None = None, observer: Observer | None = None
    ) -> None: ...
    def feed(self, iterator: Iterator[Any], words: int = ...) -> bool: ...
    def counts(self) -> dict[Any, int]: ...

def renumber(
    ids: npt.NDArray[np.int32], offsets: npt.NDArray[np.int64], table: npt.NDArray[np.int32]
) -> int: ...
