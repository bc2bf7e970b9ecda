"""Several hosts on one machine: network namespaces of Linux, joined by links of limited bandwidth and with a delay.

Without a delay, each host has one end of a veth link to a bridge. With a delay, it has a TUN device, and `_Relay`
passes the packets of each device on to the others after that time; it needs no netem, which not every kernel has. In
both cases the token bucket filter (tbf) limits what a host sends. What it receives is what others send to it.
"""

from __future__ import annotations

import contextlib
import fcntl
import heapq
import itertools
import os
import select
import shutil
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

_TUNSETIFF, _TUNSETOFFLOAD = 0x400454CA, 0x400454D0
_IFF_TUN, _IFF_NO_PI, _IFF_VNET_HDR = 0x0001, 0x1000, 0x4000
_CHECKSUM, _SEGMENTATION = 1, 2  # of TUNSETOFFLOAD: packets of up to 64 KiB, with checksums to be filled in
_HEADER = 10  # bytes of virtio_net_hdr in front of each packet
_PACKET = (1 << 16) + 64
_BURST = 256 * 1024  # bytes; a packet of 64 KiB must fit, and 10 Gbit/s between two ticks of the clock


@dataclass(frozen=True)
class Host:
    """A network namespace.

    Attributes
    ----------
    namespace, address : str
    """

    namespace: str
    address: str

    def command(self, *command: str) -> list[str]:
        """Return the command that runs `command` on this host, under a host name of its own."""
        script = 'hostname "$0" && exec "$@"'
        inside = ("unshare", "--uts", "sh", "-c", script, self.namespace, *command)
        return ["ip", "netns", "exec", self.namespace, *inside]


def check_possible() -> None:
    """Raise a RuntimeError that says what is missing, if hosts cannot be made here."""
    if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() != 0:
        raise RuntimeError("network namespaces need Linux and root; run this as root")
    for tool, package in (("ip", "iproute2"), ("tc", "iproute2"), ("unshare", "util-linux")):
        if shutil.which(tool) is None:
            raise RuntimeError(f"{tool} is not installed; on Debian it is in the package {package}")


@contextlib.contextmanager
def hosts(number: int, rate: str, delay: float = 0.0) -> Iterator[list[Host]]:
    """Make hosts that reach one another, and remove them at the end.

    Parameters
    ----------
    number : int
        Up to 250.
    rate : str
        What each host can send, in the notation of ``tc``, such as "1gbit".
    delay : float
        Seconds that a packet needs from one host to another.

    Raises
    ------
    RuntimeError
        If a command fails, with what it printed.
    """
    prefix = f"fw2v{os.getpid()}-"
    made = [Host(f"{prefix}{i}", f"10.77.0.{i + 1}") for i in range(number)]
    with contextlib.ExitStack() as stack:
        for host in made:
            _run("ip", "netns", "add", host.namespace)
            stack.callback(_run, "ip", "netns", "del", host.namespace)
        if delay:
            relay = stack.enter_context(_Relay(delay))
        else:
            switch = f"{prefix}s"
            _run("ip", "netns", "add", switch)
            stack.callback(_run, "ip", "netns", "del", switch)
            _run("ip", "-n", switch, "link", "add", "bridge", "type", "bridge")
            _run("ip", "-n", switch, "link", "set", "bridge", "up")
        for i, host in enumerate(made):
            inside = ("ip", "-n", host.namespace)
            if delay:
                relay.add(f"fw2v{i}", host)
                _run(*inside, "link", "set", f"fw2v{i}", "name", "net0")
            else:
                _run(
                    *inside,
                    "link",
                    "add",
                    "net0",
                    "type",
                    "veth",
                    "peer",
                    "name",
                    f"port{i}",
                    "netns",
                    switch,
                )
                _run("ip", "-n", switch, "link", "set", f"port{i}", "master", "bridge", "up")
            _run(*inside, "address", "add", f"{host.address}/24", "dev", "net0")
            _run(*inside, "link", "set", "lo", "up")
            _run(*inside, "link", "set", "net0", "up")
            limit = ("root", "tbf", "rate", rate, "burst", str(_BURST), "latency", "50ms")
            _run("tc", "-n", host.namespace, "qdisc", "add", "dev", "net0", *limit)
        if delay:
            relay.start()
        yield made


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")


class _Relay:
    """A thread that passes packets from host to host after a delay."""

    def __init__(self, delay: float) -> None:
        self._delay = delay
        self._devices: dict[int, int] = {}  # the last byte of an address -> the open device
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._pass_on, daemon=True)

    def add(self, name: str, host: Host) -> None:
        """Make a TUN device and move it to the namespace of a host."""
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        self._devices[int(host.address.rpartition(".")[2])] = device
        fcntl.ioctl(
            device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI | _IFF_VNET_HDR)
        )
        fcntl.ioctl(device, _TUNSETOFFLOAD, _CHECKSUM | _SEGMENTATION)
        _run("ip", "link", "set", name, "netns", host.namespace)

    def start(self) -> None:
        self._thread.start()

    def __enter__(self) -> _Relay:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._woken)  # ends the thread
        if self._thread.ident is not None:
            self._thread.join()
        os.close(self._wake)
        for device in self._devices.values():
            os.close(device)

    def _pass_on(self) -> None:
        waiting: list[tuple[float, int, int, bytes]] = []
        order = itertools.count()
        readable = [self._wake, *self._devices.values()]
        while True:
            timeout = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
            ready, _, _ = select.select(readable, [], [], timeout)
            if self._wake in ready:
                return
            now = time.monotonic()
            for device in ready:
                packet = os.read(device, _PACKET)
                if packet[_HEADER] >> 4 != 4:  # IPv6 asks for neighbours, of which there are none
                    continue
                target = self._devices.get(packet[_HEADER + 19])  # the last byte of the destination
                if target is not None:
                    heapq.heappush(waiting, (now + self._delay, next(order), target, packet))
            while waiting and waiting[0][0] <= now:
                _, _, target, packet = heapq.heappop(waiting)
                with contextlib.suppress(OSError):  # as a network, it drops what a host cannot take
                    os.write(target, packet)
