"""Kill saves, let saves fail, and check the files afterwards.

A child process saves one generation of a model after another to the same file and reports on a pipe which saves it has
started and finished. It is killed at a random time, or before a given system call that changes the directory. The file
must then contain, completely, the last generation that was finished or the one that was being written.
"""

from __future__ import annotations

import contextlib
import errno
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .samples import FORMATS, Format, model_of

_STEPS = {"open", "os.link", "os.rename", "os.chmod", "os.remove"}


@dataclass
class Kills:
    """Results of some kills, and the number of temporary files that they left."""

    kills: int = 0
    old: int = 0  # kills after which the file contained the last finished generation
    new: int = 0  # kills after which it contained the generation being written
    left_over: int = 0


def kill_at_random(form: Format, directory: Path, kills: int, seed: int = 0) -> Kills:
    """Kill `kills` saving processes, each at a random time."""
    path = directory / form.name
    form.write(model_of(0), str(path))
    expected = {entry.name for entry in directory.iterdir()}
    started = time.perf_counter()
    for generation in range(3):
        form.write(model_of(generation), str(path))
    length = (time.perf_counter() - started) / 3
    rng, result, last = random.Random(seed), Kills(), 2
    for _ in range(kills):
        delay = rng.uniform(0, 4 * length)

        def wait(child: int, delay: float = delay) -> None:
            time.sleep(delay)
            os.kill(child, signal.SIGKILL)

        started_last, finished = _saver(form, str(path), last + 1, wait)
        last = _examine(form, path, started_last, last if finished is None else finished, result)
    result.left_over = len({entry.name for entry in directory.iterdir()} - expected)
    return result


def kill_at_each_step(form: Format, directory: Path) -> Kills:
    """Kill saving processes before their first change of a directory, before the second, and so on until one ends."""
    path = directory / form.name
    form.write(model_of(1), str(path))
    expected = {entry.name for entry in directory.iterdir()}
    result, last = Kills(), 1
    while True:
        step = result.kills
        started_last, finished = _saver(form, str(path), last + 1, lambda child: None, step)
        if finished is not None:
            assert form.read(str(path)) == finished
            break
        last = _examine(form, path, started_last, last, result)
        result.left_over += len({entry.name for entry in directory.iterdir()} - expected)
        for entry in directory.iterdir():
            if entry.name not in expected:
                entry.unlink()
    return result


def _examine(form: Format, path: Path, started_last: int | None, finished: int, result: Kills) -> int:
    found = form.read(str(path))
    assert found in (finished, started_last), (
        f"found generation {found}; finished: {finished}, last started: {started_last}"
    )
    result.kills += 1
    if found == finished:
        result.old += 1
    else:
        result.new += 1
    return found


def _saver(
    form: Format, path: str, first: int, after_fork: Callable[[int], Any], step: int | None = None
) -> tuple[int | None, int | None]:
    """Save in a child process, repeatedly or, with `step`, once; return the last generations started and finished."""
    models = [model_of(first + i) for i in range(1 if step is not None else 7)]
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        with contextlib.suppress(BaseException):
            os.close(source)
            if step is not None:
                _kill_before(step)
            for generation, model in enumerate(models, first):
                os.write(sink, b"+%d\n" % generation)
                form.write(model, path)
                os.write(sink, b"-%d\n" % generation)
        os._exit(1)
    os.close(sink)
    after_fork(child)
    os.waitpid(child, 0)
    with open(source, "rb") as reports:
        lines = reports.read().split()
    started_last = [int(line[1:]) for line in lines if line[:1] == b"+"]
    finished = [int(line[1:]) for line in lines if line[:1] == b"-"]
    return started_last[-1] if started_last else None, finished[-1] if finished else None


def _kill_before(step: int) -> None:
    """Kill this process before its `step`-th change of a directory."""
    count = 0

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal count
        if event in _STEPS and not (event == "open" and not _writes(arguments)):
            if count == step:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

    sys.addaudithook(watch)


def _writes(arguments: tuple[Any, ...]) -> bool:
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


# --- failures that a process survives


@contextlib.contextmanager
def file_size_limited(limit: int) -> Iterator[None]:
    """Limit the size of files that this process writes to `limit` bytes inside the block."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextlib.contextmanager
def small_disk(size: int) -> Iterator[Path | None]:
    """Yield a file system of `size` bytes, or None if this process is not allowed to mount one."""
    with tempfile.TemporaryDirectory() as directory:
        command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory]
        try:
            mounted = subprocess.run(command, capture_output=True).returncode == 0
        except OSError:
            mounted = False
        try:
            yield Path(directory) if mounted else None
        finally:
            if mounted:
                subprocess.run(["umount", directory], check=True)


@contextlib.contextmanager
def unprivileged(directory: Path) -> Iterator[None]:
    """Run the block as an unprivileged user, because file permissions do not restrict root."""
    if os.geteuid() != 0:
        yield
        return
    for parent in (directory, *directory.parents):
        if parent.stat().st_uid == 0 and str(parent) not in ("/", "/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def check_failure(form: Format, path: Path, numbers: tuple[int, ...]) -> str:
    """Save a model where saving must fail, and return the error message.

    The error must have one of the error numbers and name the path. The old file must be unchanged, and no new file may
    appear.
    """
    before = {entry.name for entry in path.parent.iterdir()} if path.parent.is_dir() else set()
    old = form.read(str(path)) if path.exists() else None
    raised: OSError | None = None
    try:
        form.write(model_of(9), str(path))
    except OSError as error:
        raised = error
    assert raised is not None, f"saving {path} did not fail"
    assert raised.errno in numbers, raised
    assert path.name in str(raised.filename), raised
    if path.parent.is_dir():
        assert {entry.name for entry in path.parent.iterdir()} <= before | {path.name}
        if old is not None:
            assert form.read(str(path)) in (old, 9)
    return str(raised)


def disk_full(form: Format, directory: Path, points: int = 12) -> int:
    """Limit the file size at `points` points of a save; return the number of failed saves."""
    path = directory / form.name
    form.write(model_of(1), str(path))
    size = max(entry.stat().st_size for entry in directory.iterdir())
    survived = 0
    for point in range(points):
        with file_size_limited(size * point // points):
            check_failure(form, path, (errno.EFBIG,))
        survived += 1
    return survived


def small_disk_full(form: Format) -> int:
    """Save to a disk with space for one model but not two; return 0 if no such disk can be mounted."""
    with tempfile.TemporaryDirectory() as directory:
        form.write(model_of(1), os.path.join(directory, form.name))
        size = sum(entry.stat().st_size for entry in Path(directory).iterdir())
    with small_disk(size + size // 2 + 16384) as disk:
        if disk is None:
            return 0
        form.write(model_of(1), str(disk / form.name))
        with open(disk / "ballast", "wb") as ballast:
            with contextlib.suppress(OSError):
                while ballast.write(bytes(4096)):
                    ballast.flush()
            with contextlib.suppress(OSError):
                ballast.close()
        check_failure(form, disk / form.name, (errno.ENOSPC,))
    return 1


def closed_directories(form: Format, directory: Path) -> int:
    """Save to a read-only directory and to a missing one; return the number of failed saves."""
    closed = directory / "closed"
    closed.mkdir()
    form.write(model_of(1), str(closed / form.name))
    for entry in closed.iterdir():
        entry.chmod(0o666)
    closed.chmod(0o555)
    try:
        with unprivileged(directory):
            assert "not writable" in check_failure(form, closed / form.name, (errno.EACCES,))
            assert "not writable" in check_failure(form, closed / f"new{form.name}", (errno.EACCES,))
    finally:
        closed.chmod(0o755)
    assert "create it first" in check_failure(form, directory / "absent" / form.name, (errno.ENOENT,))
    return 3


def main(kills: int = 200) -> None:
    """Run everything for every format that can be written, and print the results."""
    total = 0
    for name, form in FORMATS.items():
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            randomly = kill_at_random(form, Path(first), kills)
            steps = kill_at_each_step(form, Path(second))
        with tempfile.TemporaryDirectory() as first, tempfile.TemporaryDirectory() as second:
            full = disk_full(form, Path(first))
            mounted = small_disk_full(form)
            closed = closed_directories(form, Path(second))
        total += randomly.kills
        print(
            f"{name:<16} {randomly.kills} kills at random times (old file {randomly.old}, new file {randomly.new}, "
            f"temporary files left {randomly.left_over}); {steps.kills} kills before system calls (old file "
            f"{steps.old}, new file {steps.new}, temporary files left {steps.left_over}); failed saves: {full} by a "
            f"size limit, {mounted} by a full disk, {closed} by read-only or missing directories",
            flush=True,
        )
    print(f"{total} kills; every file was complete")
