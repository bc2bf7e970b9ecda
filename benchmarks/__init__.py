"""Benchmarks of speed, memory and quality; `README.md` says how to run each of them and what it measures.

The modules are:

__main__.py         the comparison of libraries
compare_builds.py   the comparison of two builds of fastw2v
seeds.py            quality over seeds
incremental.py      updates with new text
kernels.py          the training loops alone
overhead.py         the time outside the training loops
plots.py            plots of the comparison of libraries

configurations.py   the parameters of the trainings
corpus.py           decompresses and counts a corpus, generates artificial ones
adapters/           how each library is called, one file per library and input
measure.py          runs trainings alternately and summarises them
training_child.py   one training, in a process of its own
tasks.py            what is measured besides training
task_runs.py        runs tasks alternately and summarises them
task_child.py       one task, in a process of its own
overhead_child.py   one training of overhead.py, in a process of its own
quality.py          evaluation on analogies and word similarities
machine.py          the conditions of a measurement
table.py            the printed report
arguments.py        types of command-line arguments
"""
