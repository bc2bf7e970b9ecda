"""What every other package uses.

* `memory`: large aligned arrays that grow in place (`empty`, `zeros`, `grown`, `prefault`, `release_freed`)
* `worker_pool`: threads that a calling thread can always stop (`WorkerPool`)
* `locks`: locks that no exception leaves held (`ExclusiveLock`, `holding`)
* `parallel`: ordered results of several threads (`ordered_map`, `ordered_map_by`)
* `files`: paths, URIs and atomic writing (`open_input`, `open_atomic`, `check_writable`, `check_regular`, `local_path`,
  `compression`)
* `codecs`: compressed streams (`DecompressedFile`, `compressing_writer`)
* `logs`: loggers, under gensim's names where a program expects them (`get_logger`)
* `validation`: checks of arguments (`as_int`, `as_float`, `as_flag`, `as_list`, `check_path` and others)
* `platform.h`, `cpu_features.h`: what differs between C compilers, and the instruction sets of the processor

The package imports nothing of fastw2v.
"""
