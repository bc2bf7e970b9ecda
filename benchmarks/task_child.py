"""Run one task and write its figures: ``python -m benchmarks.task_child LIBRARY TASK INPUTS RESULT``.

INPUTS is JSON. The time and the peak memory are written to the file RESULT as JSON. This module imports nothing before
the task runs that a library would have to import itself, because imports are part of what is measured.
"""

import json
import sys
import time

from benchmarks.tasks import TASKS, Inputs


def main() -> None:
    """Run the task that the command line names."""
    library, task, inputs, result = sys.argv[1:]
    timed, count = TASKS[task].prepare(library, Inputs(**json.loads(inputs)))
    begin = time.perf_counter()
    result_of_task = timed()  # keeps the result in memory until the peak memory has been read
    seconds = (time.perf_counter() - begin) / count
    from benchmarks.machine import peak_memory

    peak, source = peak_memory()
    with open(result, "w", encoding="utf8") as file:
        json.dump({"seconds": seconds, "peak_rss": peak, "peak_rss_source": source}, file)
    del result_of_task


if __name__ == "__main__":
    main()
