"""Speed, memory and quality of fastw2v beside other libraries; see `python -m benchmarks --help`.

__main__.py        the command line: which corpus, configurations, libraries
configurations.py  what is trained, as data
corpus.py          the corpus unpacked and counted
adapters/          one file a library
child.py           one training in a fresh process
measure.py         runs children in turn and puts their figures together
tasks.py           what is measured beside training
taskchild.py       one of these in a fresh process
taskruns.py        runs them in turn, makes the files that they read
quality.py         analogies and word similarities
machine.py         what the figures were measured on
table.py           what is printed
arguments.py       types of command-line arguments
plots.py           speed against quality, and over workers, as SVG (`python -m benchmarks.plots`)
seeds.py           quality over seeds, in a file that grows (`python -m benchmarks.seeds`)
kernels.py         the training loops alone: ns a pair (`python -m benchmarks.kernels`)
overhead.py        what of a training is not in these loops (`python -m benchmarks.overhead`)
overheadchild.py   one training of it in a fresh process
"""
