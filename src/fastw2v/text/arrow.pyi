from collections.abc import Iterator
from typing import Any

from numpy.typing import NDArray

class RowBatch:
    n_rows: int
    is_text: bool
    has_text_items: bool
    first_row: int
    column: str
    def copy_lines(self, row: int, buffer: bytearray, used: int, capacity: int) -> tuple[int, int, int]: ...
    def row(self, row: int) -> Any: ...

def read_column(source: Any, name: str | None) -> Iterator[RowBatch]: ...
def read_array(array: NDArray[Any]) -> Iterator[RowBatch]: ...
