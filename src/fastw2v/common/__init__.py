"""What every other package uses: memory, files, threads, validation of arguments. It imports nothing of fastw2v."""
