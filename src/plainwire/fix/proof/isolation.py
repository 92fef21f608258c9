"""A place to run somebody's code in: namespaces of its own, where Linux grants them.

In the *network* kind there is only loopback: every address leads back to it, so that what an
application asks of the outside is refused at once and can be told. The file system is read-only
but for a memory disk, and all of it ends with the process that was given it, whatever kills that.
namespaces(7), user_namespaces(7), pid_namespaces(7), network_namespaces(7), mount_setattr(2).
"""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import struct
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

Kind = Literal["network", "processes", "none"]

FOLDER: Final = "/run/plainwire"  # on the memory disk that hides /run, sockets of the system too
DISK_BYTES: Final = 512 * 1024 * 1024
_NEW: Final = {"mount": 0x20000, "ipc": 0x8000000, "user": 0x10000000, "pid": 0x20000000}
_NEW_NETWORK: Final = 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_BIND = 1, 2, 4, 8, 0x1000
_MS_REC, _MS_PRIVATE = 0x4000, 0x40000
_SYS_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE = 442, -100, 0x8000


class IsolationError(Exception):
    """The system does not grant what was asked for; the message says what."""


def enter(kind: Kind) -> None:
    """Go into new namespaces and become their first process, or end when it has ended.

    Returns in a child that is killed together with the caller. Call it in a process with one
    thread; "none" only makes the child the one that orphans below it are given to.

    Raises:
        IsolationError: if the system does not grant it. Nothing has been run then.
    """
    parent = os.getppid()
    if kind != "none":
        _unshare(kind)
    die_with(parent)  # new credentials may have cleared it: prctl(2)
    child = os.fork()
    if child:
        _, status = os.waitpid(child, 0)
        os._exit(os.waitstatus_to_exitcode(status) & 0x7F)
    if kind == "none":
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    else:
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _mount_own()
    if kind == "network":
        _raise_loopback()
    _libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def die_with(parent: int) -> None:
    """Have the kernel kill this process when its parent dies; end now if it is dead already."""
    _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _libc() -> ctypes.CDLL:
    if sys.platform != "linux":
        raise IsolationError("a proof needs Linux")
    return ctypes.CDLL(None, use_errno=True)


def _unshare(kind: Kind) -> None:
    user, group = os.getuid(), os.getgid()
    flags = sum(_NEW.values()) + (_NEW_NETWORK if kind == "network" else 0)
    if _libc().unshare(flags):
        why = os.strerror(ctypes.get_errno())
        raise IsolationError(f"the system grants no namespaces: {why}")
    # Nobody is root inside: servers that would change their user stay who they are.
    try:
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{user or 1000} {user} 1")
        Path("/proc/self/gid_map").write_text(f"{group or 1000} {group} 1")
    except OSError as error:
        raise IsolationError(f"the system maps no users: {error.strerror}") from None


def _mount_own() -> None:
    """A read-only file system with a memory disk at /run, and /tmp written there as well."""
    _mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    attributes = struct.pack("=QQQQ", _MS_RDONLY, 0, 0, 0)
    if _libc().syscall(_SYS_MOUNT_SETATTR, _AT_FDCWD, b"/", _AT_RECURSIVE, attributes, 32):
        why = os.strerror(ctypes.get_errno())
        raise IsolationError(f"the file system cannot be made read-only: {why}")
    options = f"size={DISK_BYTES},mode=700"
    _mount("tmpfs", "/run", "tmpfs", _MS_NOSUID | _MS_NODEV, options)
    _mount("proc", "/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    for name in ("upper", "work"):
        Path("/run", name).mkdir()
    over = "lowerdir=/tmp,upperdir=/run/upper,workdir=/run/work"
    with suppress(IsolationError):  # it stays read-only
        _mount("overlay", "/tmp", "overlay", _MS_NOSUID | _MS_NODEV, over)  # noqa: S108 - hidden
    with suppress(IsolationError):
        _mount("tmpfs", "/dev/shm", "tmpfs", _MS_NOSUID | _MS_NODEV, "size=64m")  # noqa: S108


def _mount(what: str, where: str, kind: str | None, flags: int, options: str = "") -> None:
    done = _libc().mount(
        what.encode(),
        where.encode(),
        kind.encode() if kind else None,
        ctypes.c_ulong(flags),
        options.encode() or None,
    )
    if done:
        why = os.strerror(ctypes.get_errno())
        raise IsolationError(f"{where} cannot be mounted: {why}")


def cover(path: str, text: str) -> None:
    """Lay a file of our own over one of the system, for what runs here alone.

    Raises:
        IsolationError: if it cannot be mounted.
    """
    own = Path(FOLDER, "over", Path(path).name)
    own.parent.mkdir(parents=True, exist_ok=True)
    own.write_text(text, "utf-8")
    _mount(str(own), str(Path(path).resolve()), None, _MS_BIND)


def _raise_loopback() -> None:
    """Bring loopback up, with every address as one of its own; any port may be listened on."""
    import fcntl  # not everywhere, and this module is imported to plan

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        fcntl.ioctl(handle, 0x8914, struct.pack("16sh14x", b"lo", 0x49))  # SIOCSIFFLAGS: UP|RUNNING
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            _route_everything(family)
        except OSError as error:
            if family == socket.AF_INET:
                raise IsolationError(f"no route to loopback: {error.strerror}") from None
    Path("/proc/sys/net/ipv4/ip_unprivileged_port_start").write_text("0")


def _route_everything(family: int) -> None:
    """``ip route add local default dev lo``, as rtnetlink(7) says it."""
    table_local, scope_host, type_local, protocol_boot, output = 255, 254, 2, 3, 4
    scope = scope_host if family == socket.AF_INET else 0
    body = struct.pack(
        "=BBBBBBBBI", family, 0, 0, 0, table_local, protocol_boot, scope, type_local, 0
    )
    body += struct.pack("=HHI", 8, output, socket.if_nametoindex("lo"))
    request, ack, create = 1, 4, 0x400
    head = struct.pack("=IHHII", 16 + len(body), 24, request | ack | create, 1, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as handle:
        handle.send(head + body)
        answer = handle.recv(4096)
    code = struct.unpack_from("=i", answer, 16)[0]
    if code:
        raise OSError(-code, os.strerror(-code))
