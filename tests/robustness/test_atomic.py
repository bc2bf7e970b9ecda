"""Atomic writing: what is on the disk after success, failure and misuse."""

import contextlib
import errno
import gzip
import io
import itertools
import os
import random
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
import smart_open

from fastw2v.common.files import check_regular, check_writable, local_path, open_atomic, open_input
from helpers.parameters import one_in

SUFFIXES = ["", ".gz", ".bz2", ".xz", ".zst"]


def entries(directory):
    return sorted(os.listdir(directory))


@pytest.fixture
def unprivileged(tmp_path):
    """A directory of an account that file permissions bind, whoever runs the tests."""
    if os.geteuid() != 0:
        yield tmp_path
        return
    for directory in (tmp_path, *tmp_path.parents):
        if directory.stat().st_uid == 0 and str(directory) not in ("/", "/tmp"):
            directory.chmod(directory.stat().st_mode | 0o055)
    os.chown(tmp_path, 65534, 65534)
    os.seteuid(65534)
    try:
        yield tmp_path
    finally:
        os.seteuid(0)


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("kind", [str, Path, lambda p: f"file://{p}"])
def test_what_is_written_is_read_back(tmp_path, suffix, kind):
    path = kind(tmp_path / f"text{suffix}")
    with open_atomic(path, "w", newline="\n") as handle:
        handle.write("naïve 字\nsecond\n")
    with open_input(path, "r") as handle:
        assert handle.readlines() == ["naïve 字\n", "second\n"]
    with open_input(path) as handle:
        assert handle.read() == "naïve 字\nsecond\n".encode()
    assert entries(tmp_path) == [f"text{suffix}"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_suffix_compresses(tmp_path, suffix):
    path = tmp_path / f"data{suffix}"
    with open_atomic(path) as handle:
        handle.write(bytes(100_000))
    assert (path.stat().st_size < 10_000) == bool(suffix)


def test_gzip_is_what_others_read(tmp_path):
    with open_atomic(tmp_path / "x.gz") as handle:
        handle.write(b"plain")
    assert gzip.decompress((tmp_path / "x.gz").read_bytes()) == b"plain"


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("mode", ["w", "wb"])
def test_append_keeps_the_old_content(tmp_path, suffix, mode):
    path = tmp_path / f"log{suffix}"
    for piece in ("one\r\n", "two\n"):
        with open_atomic(path, mode, append=True, newline=None if mode == "wb" else "") as handle:
            handle.write(piece if mode == "w" else piece.encode())
    with open_input(path) as handle:
        assert handle.read() == b"one\r\ntwo\n"


def fail_while_writing(path, error):
    with open_atomic(path) as handle:
        handle.write(b"new" * 100_000)
        raise error


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_exception_leaves_the_old_file_whole_and_nothing_else(tmp_path, suffix, error):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"old")
    with pytest.raises(error):
        fail_while_writing(path, error)
    assert path.read_bytes() == b"old"
    assert entries(tmp_path) == [path.name]


@pytest.fixture(params=["unnamed", "named", "unnamed for good"])
def system(request, monkeypatch):
    """What the system offers: files that get their name late, none of those, or some that cannot be named."""
    if request.param == "named":
        monkeypatch.delattr(os, "O_TMPFILE", raising=False)
    elif request.param == "unnamed for good":

        def refuse(*args, **kwargs):
            raise OSError(errno.EPERM, "no links here")

        monkeypatch.setattr(os, "link", refuse)
    return request.param


def test_what_is_being_written_has_no_name_where_that_is_possible(tmp_path, system):
    with open_atomic(tmp_path / "model") as handle:
        handle.write(b"new")
        beside = entries(tmp_path)
        assert len(beside) <= (system == "named")
    assert (tmp_path / "model").read_bytes() == b"new"
    assert entries(tmp_path) == ["model"]


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_every_system_keeps_permissions_and_leaves_nothing_behind(tmp_path, system, mode):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    path.chmod(mode)
    with pytest.raises(ValueError):
        fail_while_writing(path, ValueError)
    assert path.read_bytes() == b"old"
    with open_atomic(path) as handle:
        handle.write(b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == mode
    check_writable(path)
    assert entries(tmp_path) == ["model"]


def test_the_old_file_stands_until_the_block_ends(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with open_atomic(path) as handle:
        handle.write(b"new")
        handle.flush()
        assert path.read_bytes() == b"old"
    assert path.read_bytes() == b"new"


@pytest.mark.parametrize(("suffix", "mode"), one_in(3, itertools.product(SUFFIXES, ("w", "wb"))))
def test_no_room_is_said_with_the_path_and_costs_nothing(tmp_path, suffix, mode):
    path = tmp_path / f"model{suffix}"
    path.write_bytes(b"old")
    script = f"""
import resource, os, random
from fastw2v.common.files import open_atomic
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
data = random.Random(1).randbytes(400_000)
try:
    with open_atomic({str(path)!r}, {mode!r}, encoding="latin1" if {mode!r} == "w" else None) as handle:
        handle.write(data if {mode!r} == "wb" else data.decode("latin1"))
except OSError as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert str(path) in done.stdout
    assert os.strerror(errno.EFBIG) in done.stdout
    assert "untouched" in done.stdout
    assert done.stderr == ""
    assert path.read_bytes() == b"old"
    assert entries(tmp_path) == [path.name]


def test_permissions_are_kept_or_follow_the_umask(tmp_path):
    old = os.umask(0o027)
    try:
        with open_atomic(tmp_path / "fresh") as handle:
            handle.write(b"x")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o640
    (tmp_path / "fresh").chmod(0o604)
    with open_atomic(tmp_path / "fresh") as handle:
        handle.write(b"y")
    assert stat.S_IMODE((tmp_path / "fresh").stat().st_mode) == 0o604


def test_a_link_keeps_pointing_at_the_new_content(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link = tmp_path / "link"
    link.symlink_to(Path("elsewhere") / "target")
    for content in (b"created through the link", b"replaced through the link"):
        with open_atomic(link) as handle:
            handle.write(content)
        assert link.is_symlink()
        assert (tmp_path / "elsewhere" / "target").read_bytes() == content
    assert entries(tmp_path / "elsewhere") == ["target"]


def write(path):
    with open_atomic(path) as handle:
        handle.write(b"x")


@pytest.mark.parametrize("action", [check_writable, write])
def test_impossible_targets_are_refused_with_path_and_remedy(tmp_path, action):
    (tmp_path / "file").write_bytes(b"")
    cases = [
        (tmp_path, IsADirectoryError, "name a file inside it"),
        (tmp_path / "absent" / "model", FileNotFoundError, "create it first"),
        (tmp_path / "file" / "model", NotADirectoryError, "choose another path"),
        (tmp_path / ("n" * 300), OSError, "name is too long"),
    ]
    for path, error, remedy in cases:
        with pytest.raises(error, match=remedy) as caught:
            action(path)
        assert str(path) in str(caught.value)
    assert entries(tmp_path) == ["file"]


@pytest.mark.parametrize("action", [check_writable, write])
def test_missing_permission_is_refused_with_path_and_remedy(unprivileged, action):
    closed = unprivileged / "closed"
    closed.mkdir(mode=0o555)
    with pytest.raises(PermissionError, match="directory is not writable") as caught:
        action(closed / "model")
    assert str(closed / "model") in str(caught.value)
    protected = unprivileged / "protected"
    protected.write_bytes(b"old")
    protected.chmod(0o444)
    with pytest.raises(PermissionError, match="read-only"):
        action(protected)
    assert protected.read_bytes() == b"old"
    assert entries(unprivileged) == ["closed", "protected"]


def test_check_writable_leaves_nothing_behind(tmp_path):
    check_writable(tmp_path / "new")
    assert entries(tmp_path) == []
    (tmp_path / "old").write_bytes(b"old")
    check_writable(tmp_path / "old")
    assert (tmp_path / "old").read_bytes() == b"old"


def test_unknown_uri_is_refused():
    for action in (check_writable, write, open_input):
        with pytest.raises(ValueError, match="nosuch://"):
            action("nosuch://bucket/key")


@pytest.mark.parametrize("path", ["", "a\0b"])
def test_names_that_are_none(path):
    with pytest.raises(ValueError, match="path must be"):
        local_path(path)
    with pytest.raises(TypeError, match=r"os\.PathLike, not int"):
        local_path(3)


def test_home_directory(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    write("~/model")
    assert entries(tmp_path) == ["model"]


def test_pipes_are_written_and_read_as_they_are(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    check_writable(pipe)
    received = []

    def receive():
        with open_input(pipe) as handle:
            received.append(handle.read())

    reader = threading.Thread(target=receive)
    reader.start()
    with open_atomic(pipe) as handle:
        handle.write(b"through the pipe")
    reader.join(10)
    assert received == [b"through the pipe"]
    assert stat.S_ISFIFO(pipe.stat().st_mode)


def test_standard_output_keeps_its_file(tmp_path):
    script = (
        "from fastw2v.common.files import open_atomic\n"
        "with open_atomic('/dev/stdout', 'w') as handle: handle.write('first ')\n"
        "print('second')"
    )
    with open(tmp_path / "out", "ab") as out:
        subprocess.run([sys.executable, "-c", script], stdout=out, check=True)
    assert (tmp_path / "out").read_text() == "first second\n"
    assert entries(tmp_path) == ["out"]


def test_reading_what_is_not_there(tmp_path):
    for action in (open_input, check_regular):
        with pytest.raises(FileNotFoundError, match="check the name") as caught:
            action(tmp_path / "absent.gz")
        assert "absent.gz" in str(caught.value)
        with pytest.raises(IsADirectoryError, match="inside it"):
            action(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="pipe or device"):
        check_regular(tmp_path / "pipe")
    with pytest.raises(ValueError, match="not a file on this machine"):
        check_regular("s3://bucket/key")


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_joined_compressed_files_read_as_one(tmp_path, suffix):
    for name in ("a", "b"):
        with open_atomic(tmp_path / f"{name}{suffix}") as handle:
            handle.write(name.encode())
    both = (tmp_path / f"a{suffix}").read_bytes() + (tmp_path / f"b{suffix}").read_bytes()
    (tmp_path / f"both{suffix}").write_bytes(both)
    with open_input(tmp_path / f"both{suffix}") as handle:
        assert handle.read() == b"ab"


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_uris_go_through_smart_open(suffix, monkeypatch):
    store = {}

    class Key(io.BytesIO):
        def close(self):
            store.setdefault("key", self.getvalue())
            super().close()

    def fake(uri, mode, compression):
        assert (uri, compression) == (f"s3://bucket/key{suffix}", "disable")
        return Key() if mode == "wb" else io.BytesIO(store["key"])

    monkeypatch.setattr(smart_open, "open", fake)
    with open_atomic(f"s3://bucket/key{suffix}", "w") as handle:
        handle.write("far away\n" * 100)
    assert (len(store["key"]) < 900) == bool(suffix)
    with open_input(f"s3://bucket/key{suffix}", "r") as handle:
        assert handle.read() == "far away\n" * 100
    with (
        pytest.raises(ValueError, match="append=True needs a local file"),
        open_atomic("s3://b/k", append=True),
    ):
        pass


@pytest.mark.parametrize("suffix", SUFFIXES[1:])
def test_damaged_compressed_data_is_an_error_that_names_the_file(tmp_path, suffix):
    path = tmp_path / f"text{suffix}"
    content = random.Random(1).randbytes(300_000)
    with open_atomic(path) as handle:
        handle.write(content)
    whole = path.read_bytes()
    for damaged in (whole[:-1], whole[:1000], whole[:150_000], whole[:10] + b"x" * 50 + whole[60:]):
        path.write_bytes(damaged)
        with (
            pytest.raises(OSError, match="get it again from its source") as caught,
            open_input(path) as handle,
        ):
            handle.read()
        assert str(path) in str(caught.value)


@pytest.mark.parametrize(("call", "mode"), [(open_input, "w"), (open_input, "a"), (open_atomic, "r")])
def test_modes(tmp_path, call, mode):
    with pytest.raises(ValueError, match="mode must be"), call(tmp_path / "x", mode):
        pass


def permissions_seen(monkeypatch, directory):
    """Record the permission bits and the owner of every temporary file, by descriptor, at each step of a save."""
    seen = []

    def watched(function):
        def call(*args, **kwargs):
            result = function(*args, **kwargs)
            for descriptor in os.listdir("/proc/self/fd"):
                with contextlib.suppress(OSError):
                    link = f"/proc/self/fd/{descriptor}"
                    if os.readlink(link).startswith(str(directory)):
                        status = os.stat(link)
                        if stat.S_ISREG(status.st_mode):
                            seen.append(stat.S_IMODE(status.st_mode))
            return result

        return call

    for name in ("open", "fchown", "setxattr", "fchmod", "fsync", "replace"):
        monkeypatch.setattr(os, name, watched(getattr(os, name)))
    return seen


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_what_replaces_a_private_file_is_private_at_every_moment(tmp_path, system, monkeypatch):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    path.chmod(0o600)
    seen = permissions_seen(monkeypatch, tmp_path)
    with open_atomic(path) as handle:
        handle.write(b"new")
    assert len(seen) > 2
    assert set(seen) == {0o600}


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may change owners")
def test_a_replaced_file_keeps_its_owner_and_group(tmp_path, system):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    os.chown(path, 65534, 12345)
    path.chmod(0o640)
    write(path)
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 12345, 0o640)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may change owners")
def test_a_group_that_cannot_be_kept_gives_no_other_group_its_rights(tmp_path):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    os.chown(path, 0, 12345)
    path.chmod(0o662)
    os.chown(tmp_path, 65534, 65534)
    for parent in tmp_path.parents:
        if parent.stat().st_uid == 0 and str(parent) not in ("/", "/tmp"):
            parent.chmod(parent.stat().st_mode | 0o055)
    groups = os.getgroups()
    os.setgroups([])
    os.setegid(65534)
    os.seteuid(65534)
    try:
        write(path)
    finally:
        os.seteuid(0)
        os.setegid(0)
        os.setgroups(groups)
    status = path.stat()
    assert (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)) == (65534, 65534, 0o622)


@pytest.mark.skipif(not hasattr(os, "setxattr"), reason="Linux has extended attributes")
def test_a_replaced_file_keeps_its_extended_attributes(tmp_path, system):
    path = tmp_path / "model"
    path.write_bytes(b"old")
    try:
        os.setxattr(path, "user.origin", b"experiment 12")
    except OSError:
        pytest.skip("this file system has no extended attributes")
    write(path)
    assert os.getxattr(path, "user.origin") == b"experiment 12"


@pytest.mark.skipif(os.name != "posix", reason="directories are flushed on POSIX")
def test_a_directory_that_cannot_be_flushed_does_not_fail_the_save(tmp_path, monkeypatch):
    original = os.open

    def refuse(path, flags, *args, **kwargs):
        if os.path.isdir(path) and not flags & getattr(os, "O_TMPFILE", 0) & ~os.O_DIRECTORY:
            raise PermissionError(errno.EACCES, "may be written but not read", path)
        return original(path, flags, *args, **kwargs)

    monkeypatch.setattr(os, "open", refuse)
    write(tmp_path / "model")
    assert (tmp_path / "model").read_bytes() == b"x"


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="signals by a POSIX timer")
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
def test_interrupted_saves_leave_no_descriptor_and_no_file(tmp_path, system):
    path = tmp_path / "model"
    write(path)
    write(path)
    before = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else None
    interrupts, generator, striking = 0, random.Random(1), False

    def strike(signum, frame):
        if striking:
            raise KeyboardInterrupt

    old = signal.signal(signal.SIGALRM, strike)
    try:
        for _ in range(600):
            try:
                striking = True
                signal.setitimer(signal.ITIMER_REAL, generator.random() * 3e-4 + 1e-6)
                while True:
                    write(path)
            except KeyboardInterrupt:
                striking = False
                interrupts += 1
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, old)
    assert interrupts == 600
    assert entries(tmp_path) == ["model"]
    if before is not None:
        assert len(os.listdir("/proc/self/fd")) == before
