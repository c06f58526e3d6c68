"""``system``: what this machine says of itself, under the names of the collector's detector and with its values."""

from __future__ import annotations

import ctypes
import os
import platform
import socket
import sys
from collections.abc import Callable
from pathlib import Path

from fastlog.processors.resourcedetection.config import SystemConfig
from fastlog.processors.resourcedetection.detector import Attributes, Question

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "i686": "x86", "i386": "x86", "armv7l": "arm32"}
_UP, _LOOPBACK = 0x1, 0x8  # netdevice(7), ifr_flags


def detect(config: SystemConfig, question: Question) -> Attributes:
    """Raises LookupError when no source of ``hostname_sources`` knows a name."""
    attributes: Attributes = {"host.name": _hostname(config)} if config.wants("host.name") else {}
    for name, read in _READERS.items():
        if config.wants(name):
            try:
                value = read()
            except (OSError, LookupError) as error:
                question.warn(f"can't tell {name}: {error}")
                continue
            attributes[name] = value
    return attributes


def _hostname(config: SystemConfig) -> str:
    sources = {"os": socket.gethostname, "dns": _full_name, "cname": _canonical_name, "lookup": _reverse_name}
    problems = []
    for source in config.hostname_sources or ("dns", "os"):
        try:
            if name := sources[source]():
                return name
        except OSError as error:
            problems.append(f"{source}: {error}")
    raise LookupError(f"no hostname source knows a name ({'; '.join(problems)})")


def _full_name() -> str:
    """The canonical name in hosts(5), else the one the resolver gives, else that of an address."""
    host = socket.gethostname()
    try:
        lines = Path("/etc/hosts").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        names = line.partition("#")[0].split()[1:]
        if host in names:
            return names[0]
    try:
        return _canonical_name()
    except OSError:
        return _reverse_name()


def _canonical_name() -> str:
    return socket.getaddrinfo(socket.gethostname(), None, flags=socket.AI_CANONNAME)[0][3].rstrip(".")


def _reverse_name() -> str:
    problem: OSError = OSError("the host name has no address")
    for _, _, _, _, address in socket.getaddrinfo(socket.gethostname(), None, type=socket.SOCK_STREAM):
        try:
            return socket.gethostbyaddr(str(address[0]))[0].rstrip(".")
        except OSError as error:
            problem = error
    raise problem


def _os_release() -> dict[str, str]:
    """os-release(5), unquoted; empty where there is none."""
    for path in ("/etc/os-release", "/usr/lib/os-release"):
        try:
            lines = Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        pairs = (line.strip().partition("=") for line in lines if not line.lstrip().startswith("#"))
        return {key.strip(): _unquote(value.strip()) for key, equals, value in pairs if equals and key}
    return {}


def _unquote(text: str) -> str:
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        text = text[1:-1]
    for escaped in "$\"'\\`":
        text = text.replace("\\" + escaped, escaped)
    return text


def _os_version() -> str:
    release = _os_release()
    if release.get("ID") == "debian":
        try:
            return Path("/etc/debian_version").read_text(encoding="utf-8").strip()
        except OSError:
            pass
    return release.get("VERSION_ID", "")


def _os_description() -> str:
    """``NAME VERSION (uname)``, as OpenTelemetry's SDK for Go words it."""
    release = _os_release()
    version = release.get("VERSION") or release.get("VERSION_ID")
    name = f"{release['NAME']} {version}" if release.get("NAME") and version else release.get("PRETTY_NAME", "")
    uname = " ".join(os.uname())
    return f"{name} ({uname})" if name else uname


def _host_id() -> str:
    for path in ("/etc/machine-id", "/var/lib/dbus/machine-id"):
        try:
            if found := Path(path).read_text(encoding="ascii", errors="replace").strip():
                return found
        except OSError:
            continue
    raise LookupError("there is no /etc/machine-id")


def _interfaces() -> list[str]:
    """The network interfaces in the order of their indices."""
    return [name for _, name in sorted(socket.if_nameindex())]


def _is_outward(interface: str) -> bool:
    """Up, and not the loopback."""
    try:
        flags = int(Path(f"/sys/class/net/{interface}/flags").read_text(encoding="ascii"), 16)
    except OSError:
        return False
    return bool(flags & _UP) and not flags & _LOOPBACK


def _macs() -> list[str]:
    """In the IEEE RA form: upper-case octets between hyphens."""
    paths = (Path(f"/sys/class/net/{name}/address") for name in _interfaces() if _is_outward(name))
    return [path.read_text(encoding="ascii").strip().replace(":", "-").upper() for path in paths]


class _IfAddrs(ctypes.Structure):
    """``struct ifaddrs`` (getifaddrs(3)), as far as it is read."""


_IfAddrs._fields_ = [
    ("next", ctypes.POINTER(_IfAddrs)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("addr", ctypes.c_void_p),
]


def _addresses() -> list[str]:
    """The addresses of the outward interfaces, each interface's IPv4 before its IPv6."""
    libc = ctypes.CDLL(None, use_errno=True)
    head = ctypes.POINTER(_IfAddrs)()
    if libc.getifaddrs(ctypes.byref(head)):
        raise OSError(ctypes.get_errno(), "getifaddrs failed")
    found: list[tuple[int, str]] = []
    order = {name: index for index, name in enumerate(_interfaces())}
    try:
        entry = head
        while entry:
            item = entry.contents
            if item.addr and item.flags & _UP and not item.flags & _LOOPBACK:
                family = ctypes.c_uint16.from_address(item.addr).value
                if family == socket.AF_INET:
                    text = socket.inet_ntop(family, ctypes.string_at(item.addr + 4, 4))
                    found.append((order.get(item.name.decode(), 0), text))
                elif family == socket.AF_INET6:
                    text = socket.inet_ntop(family, ctypes.string_at(item.addr + 8, 16))
                    found.append((order.get(item.name.decode(), 0), text))
            entry = item.next
    finally:
        libc.freeifaddrs(head)
    return [text for _, text in sorted(found, key=lambda pair: pair[0])]


def _cpu(key: str) -> Callable[[], str]:
    """The value of ``key`` of the first processor in /proc/cpuinfo."""

    def read() -> str:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            name, _, value = line.partition(":")
            if name.strip() == key:
                return value.strip()
        raise LookupError(f"/proc/cpuinfo has no {key!r}")

    return read


def _cache_kib() -> int:
    return int(_cpu("cache size")().split()[0])


_READERS: dict[str, Callable[[], object]] = {
    "os.type": lambda: sys.platform,
    "os.version": _os_version,
    "os.name": lambda: _os_release().get("ID", ""),
    "os.build.id": lambda: _os_release().get("BUILD_ID") or platform.release(),
    "os.description": _os_description,
    "host.id": _host_id,
    "host.arch": lambda: _ARCHITECTURES.get(platform.machine(), platform.machine()),
    "host.ip": _addresses,
    "host.mac": _macs,
    "host.interface": _interfaces,
    "host.cpu.vendor.id": _cpu("vendor_id"),
    "host.cpu.family": _cpu("cpu family"),
    "host.cpu.model.id": _cpu("model"),
    "host.cpu.model.name": _cpu("model name"),
    "host.cpu.stepping": _cpu("stepping"),
    "host.cpu.cache.l2.size": _cache_kib,
}
