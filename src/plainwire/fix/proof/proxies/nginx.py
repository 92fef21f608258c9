"""nginx: ``listen``, certificates, includes and paths moved; everything else as it is written.

https://nginx.org/en/docs/ngx_core_module.html, ngx_http_core_module, ngx_http_ssl_module.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from plainwire.fix.proof.ground import is_every
from plainwire.fix.proof.proxies.moved import Moved, Mover
from plainwire.model import SourceFile
from plainwire.source.deploy.nginx import TOKEN
from plainwire.source.deploy.words import expanded

_DROPPED: Final = frozenset(
    {"user", "pid", "daemon", "lock_file", "worker_priority", "worker_cpu_affinity",
     "worker_rlimit_nofile", "load_module", "ssl_password_file", "ssl_session_ticket_key",
     "ssl_crl", "access_log", "error_log", "client_body_temp_path", "proxy_temp_path",
     "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path", "ssl_stapling_file"}
)  # fmt: skip
# What an older nginx, or one without a module of others, does not know, and HTTP/1.1 does not show.
_UNASKED: Final = re.compile(r"http[23](_\w+)?|quic_\w+|brotli(_\w+)?|zstd(_\w+)?")
_FILES: Final = {
    "ssl_certificate": "chain.pem",
    "ssl_certificate_key": "key.pem",
    "ssl_trusted_certificate": "ca.pem",
    "ssl_client_certificate": "ca.pem",
    "proxy_ssl_trusted_certificate": "ca.pem",
    "proxy_ssl_certificate": "chain.pem",
    "proxy_ssl_certificate_key": "key.pem",
}
_PASSES: Final = ("proxy_pass", "uwsgi_pass", "grpc_pass", "fastcgi_pass", "scgi_pass")
_SYSTEM: Final = Path("/etc/nginx")
_ADDRESS: Final = re.compile(r"(\[[0-9a-fA-F:]*\]|[^:\[\]]*):(\d+)")
_URL: Final = re.compile(r"(\w+)://([^/:$]+|\[[^\]]*\])(?::(\d+))?(.*)", re.DOTALL)
_HEAD: Final = """\
daemon off;
pid {folder}/nginx.pid;
worker_processes 1;
error_log stderr warn;
"""
_HTTP: Final = """
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
"""
MAX_INCLUDES: Final = 40


def moved(files: Sequence[SourceFile], mover: Mover) -> Moved:
    """The configuration of one nginx, from a whole file or from the fragments of ``conf.d``."""
    found = Moved()
    program = mover.ground.program("nginx")
    if program is None:
        found.missing.append("nginx is not installed")
        return found
    writer = _Writer(mover, found, [f.path for f in files])
    whole = next((f for f in files if re.search(r"^\s*http\s*\{", f.text, re.M)), None)
    general = general_settings(mover)
    if whole is not None:
        text = writer.rewritten(whole)
        rest = "\n".join(writer.rewritten(f) for f in files if f.path not in writer.used)
        text = re.sub(r"(^|\n)(\s*http\s*\{)", lambda m: f"{m[0]}{general}{rest}", text, count=1)
        text = re.sub(r"(^|\n)\s*worker_processes\s[^;]*;", "", text)
    else:
        sites = "\n".join(writer.rewritten(f) for f in files)
        mime = _SYSTEM / "mime.types"
        types = f"    include {mime};\n" if mime.is_file() else ""
        text = f"http {{{general}{types}{sites}\n}}\n"
    started(found, program, mover, text)
    return found


def general_settings(mover: Mover) -> str:
    """What stands first in ``http``: nothing is written outside the folder of the proxy."""
    return _HTTP.format(folder=mover.place)


def started(found: Moved, program: str, mover: Mover, text: str) -> None:
    """Have nginx start with a configuration, to which the settings of the process are added."""
    if not re.search(r"(^|\n)\s*events\s*\{", text):
        text = f"events {{ worker_connections 512; }}\n{text}"
    path = f"{mover.place}/nginx.conf"
    found.files[path] = _HEAD.format(folder=mover.place) + text
    call = (program, "-e", "stderr", "-p", mover.place, "-c", path)
    found.tests, found.words = (*call, "-t"), call


class _Writer:
    """Rewrites files; an included one is put in where it is included, as nginx does."""

    def __init__(self, mover: Mover, found: Moved, own: Sequence[str]) -> None:
        self._mover = mover
        self._found = found
        self._own = own
        self._included = 0
        self._upstreams: set[str] = set()
        self.used: set[str] = set()

    def rewritten(self, file: SourceFile) -> str:
        """A file's text with what is moved; comments left out."""
        self.used.add(file.path)
        text = file.text
        if re.search(r"\{\{|\{%", text):
            self._found.missing.append(f"{file.path} is a template of another program")
            return ""
        text = _with_variables(text, self._mover.variables)
        self._upstreams |= set(re.findall(r"^\s*upstream\s+(\S+)\s*\{", text, re.M))
        pieces: list[str] = []
        words: list[str] = []
        blocks: list[str] = []
        for match in TOKEN.finditer(text):
            piece = match[0]
            if piece == "\n" or piece.startswith("#"):
                continue
            if piece not in (";", "{", "}"):
                words.append(piece)
                continue
            if piece == "}":
                pieces.append("}\n")
                blocks = blocks[:-1]
            elif piece == "{":
                pieces.append(" ".join(words) + " {\n")
                blocks.append(words[0] if words else "")
            else:
                pieces.append(self._directive(words, blocks))
            words = []
        return "".join(pieces)

    def _directive(self, words: list[str], blocks: list[str]) -> str:
        name, rest = (words[0] if words else ""), [w.strip("\"'") for w in words[1:]]
        if not name or name in _DROPPED:
            return ""
        if _UNASKED.fullmatch(name):
            self._found.notes.append(f"left out: {' '.join(words)}, which no question is about")
            return ""
        if name in _FILES:
            return f"{name} {self._mover.ground.tls(_FILES[name])};\n"
        if name == "listen" and rest:
            return self._listen(rest)
        if name == "include" and rest:
            return self._include(rest[0])
        if name == "server_name":
            self._names(rest)
        elif name in _PASSES and rest:
            words = [name, self._pass(rest[0])]
        elif name == "server" and blocks[-1:] == ["upstream"] and rest:
            words = [name, self._server(rest[0]), *rest[1:]]
        elif name in ("root", "alias", "ssl_dhparam", "auth_basic_user_file") and rest:
            return self._path(name, rest[0])
        return " ".join(words) + ";\n"

    def _listen(self, rest: list[str]) -> str:
        ground, machine = self._mover.ground, self._mover.machine
        if "quic" in rest or rest[0].startswith("unix:"):
            return ""
        match = _ADDRESS.fullmatch(rest[0])
        host, port = (match[1], int(match[2])) if match else (rest[0], 80)
        if rest[0].isdecimal():
            host, port = "", int(rest[0])
        if host.startswith("[") and host != "[::1]":  # asked over IPv4: the twin is enough
            at = ground.at(machine, "", port)
            if at in self._found.listens:
                return ""
        address, number = ground.at(machine, "" if is_every(host) else host, port)
        if not is_every(host) and not host.startswith(("127.", "localhost", "[")):
            address, number = ground.at(machine, "", port)
        options = [w for w in rest[1:] if not w.startswith("ipv6only")]
        self._found.listen((address, number))
        return f"listen {address}:{number} {' '.join(options)};\n"

    def _names(self, names: list[str]) -> None:
        for name in names:
            is_concrete = re.fullmatch(r"[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", name)
            if is_concrete and not re.fullmatch(r"[\d.]+", name):
                self._found.hosts.append(name.lower())

    def _pass(self, target: str) -> str:
        if target.startswith(("http://unix:", "unix:")):
            head, _, path = target.partition("unix:")
            return f"{head}unix:{self._mover.ground.moved(path)}"
        match = _URL.fullmatch(target)
        if match is None:
            if "$" in target or "://" in target:
                return target
            return target if target in self._upstreams else self._server(target)
        scheme, host, port, rest = match.groups()
        if host in self._upstreams:
            return target
        self._found.upstreams.append(host)
        if self._mover.ground.is_own:
            return target
        address, number = self._mover.target(host, int(port) if port else None, scheme)
        return f"{scheme}://{address}:{number}{rest}"

    def _server(self, address: str) -> str:
        if address.startswith("unix:"):
            return f"unix:{self._mover.ground.moved(address[5:])}"
        host, colon, port = address.rpartition(":")
        host, port = (host, port) if colon and port.isdecimal() else (address, "80")
        self._found.upstreams.append(host)
        if self._mover.ground.is_own:
            return address
        found, number = self._mover.target(host, int(port))
        return f"{found}:{number}"

    def _path(self, name: str, path: str) -> str:
        ground = self._mover.ground
        file = self._mover.file(path) if name in ("ssl_dhparam", "auth_basic_user_file") else None
        if file is not None:
            return f"{name} {ground.tree}/{file.path};\n"
        if name == "ssl_dhparam":
            self._found.notes.append(f"left out: {name} {path}, which is not in the tree")
            return ""
        if name == "auth_basic_user_file":
            self._found.missing.append(f"{path}, the passwords of a location, is not in the tree")
            return ""
        folder = self._folder(path)
        end = "/" if path.endswith("/") else ""
        return f"{name} {folder or ground.moved(path)}{end};\n"

    def _folder(self, path: str) -> str | None:
        """The folder of the tree that a folder of the machine means, by its last two names."""
        wanted = path.strip("/").split("/")
        folders = {f.rpartition("/")[0] for f in self._mover.files}
        for count in (3, 2, 1):
            end = "/".join(wanted[-count:])
            found = next((f for f in sorted(folders) if f == end or f.endswith("/" + end)), None)
            if found is not None:
                return f"{self._mover.ground.tree}/{found}"
        return None

    def _include(self, path: str) -> str:
        name = path.rpartition("/")[2]
        own = [f for f in self._own if f not in self.used]
        if "*" in name:
            pattern = re.escape(name).replace(r"\*", ".*")
            chosen = [f for f in own if re.fullmatch(pattern, f.rpartition("/")[2])]
            files = [self._mover.files[f] for f in chosen]
            if files:
                return "".join(self.rewritten(file) for file in files)
            return ""
        file = self._mover.file(path)
        if file is not None and self._included < MAX_INCLUDES:
            self._included += 1
            return self.rewritten(file)
        system = _SYSTEM / name
        if system.is_file() and name not in ("nginx.conf",):
            return f"include {system};\n"
        self._found.notes.append(f"left out: include {path}, which is not in the tree")
        return ""


def _with_variables(text: str, known: Mapping[str, str]) -> str:
    """The text with the variables of its service filled in as envsubst does; nginx's own stay."""
    if not known:
        return text
    names = "|".join(sorted(map(re.escape, known), key=len, reverse=True))
    return re.sub(rf"\$\{{({names})\}}|\$({names})\b", lambda m: expanded(m[0], known), text)
