"""One task in a fresh process: ``python -m benchmarks.taskchild LIBRARY TASK INPUTS RESULT``.

INPUTS is JSON; seconds and memory go to the file RESULT as JSON. Nothing is imported here that would spare a
library an import of its own.
"""

import json
import sys
import time

from benchmarks.tasks import TASKS, Inputs


def main() -> None:
    library, task, inputs, result = sys.argv[1:]
    timed, count = TASKS[task].prepare(library, Inputs(**json.loads(inputs)))
    begin = time.perf_counter()
    kept = timed()
    seconds = (time.perf_counter() - begin) / count
    from benchmarks.machine import peak_memory

    peak, source = peak_memory()
    with open(result, "w", encoding="utf8") as file:
        json.dump({"seconds": seconds, "peak_rss": peak, "peak_rss_source": source}, file)
    del kept


if __name__ == "__main__":
    main()
