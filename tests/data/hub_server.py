"""A Hugging Face Hub on loopback: as much of its HTTP interface as `huggingface_hub` and `datasets` ask for."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

__all__ = ["Hub", "Repository", "serve_hub"]

_PIECE = 65_536


@dataclass
class Repository:
    """A data set.

    Attributes:
        files: path -> bytes.
        access: ``"public"``, ``"gated"`` (its list is public, its files are not) or ``"private"``.
    """

    files: dict[str, bytes]
    access: str = "public"

    @property
    def commit(self) -> str:
        """A commit id that changes with the files."""
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()


@dataclass
class Hub:
    """The server's data sets, what it was asked, and how it behaves.

    Attributes:
        repositories: ``OWNER/NAME`` -> the data set.
        requests: ``METHOD path`` of each request so far.
        held: files are sent one piece at a time, and then nothing more until this is set.
    """

    repositories: dict[str, Repository] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    held: threading.Event | None = None
    address: str = ""

    @property
    def downloads(self) -> list[str]:
        """The files that were sent, without the cards."""
        return [line.split("/resolve/")[1].partition("/")[2] for line in self.requests if _is_download(line)]


def _is_download(line: str) -> bool:
    return line.startswith("GET ") and "/resolve/" in line and not line.endswith("README.md")


@contextmanager
def serve_hub() -> Iterator[Hub]:
    """A running Hub at `Hub.address`."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_HEAD(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            self._answer()

        def log_message(self, *_: object) -> None:
            """Nothing on the screen."""

        def _answer(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.requests.append(f"{self.command} {path}")
            parts = path.strip("/").split("/")
            repository = hub.repositories.get("/".join(parts[2:4] if parts[0] == "api" else parts[1:3]))
            if repository is None or repository.access == "private":
                self._send(401, b"Repository not found", {"X-Error-Code": "RepoNotFound"})
            elif parts[:2] == ["api", "datasets"]:
                self._tell(repository, parts[2:])
            else:
                self._send_file(repository, "/".join(parts[5:]))

        def _tell(self, repository: Repository, parts: list[str]) -> None:
            if parts[2:3] == ["tree"]:
                entries = _tree(repository, "/".join(parts[4:]), "recursive=true" in self.path.lower())
                self._send(200, json.dumps(entries).encode(), {"Content-Type": "application/json"})
            elif parts[2:3] in ([], ["revision"]):
                about = {"id": "/".join(parts[:2]), "sha": repository.commit, "gated": repository.access == "gated"}
                self._send(200, json.dumps(about).encode(), {"Content-Type": "application/json"})
            else:
                self._send(404, b"", {"X-Error-Code": "EntryNotFound"})

        def _send_file(self, repository: Repository, path: str) -> None:
            headers = {"X-Repo-Commit": repository.commit}
            data = repository.files.get(path)
            if repository.access == "gated":
                self._send(401, b"Access is restricted", headers | {"X-Error-Code": "GatedRepo"})
            elif data is None:
                self._send(404, b"Entry not found", headers | {"X-Error-Code": "EntryNotFound"})
            else:
                self._send(200, data, headers | {"ETag": f'"{_blob(data)}"'})

        def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            for name, value in (headers | {"Content-Length": str(len(data))}).items():
                self.send_header(name, value)
            self.end_headers()
            if self.command == "HEAD":
                return
            try:
                self.wfile.write(data[:_PIECE])
                if hub.held is not None and len(data) > _PIECE:
                    hub.held.wait(60)
                self.wfile.write(data[_PIECE:])
            except OSError:  # the other side has ended
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _blob(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _tree(repository: Repository, folder: str, recursive: bool) -> list[dict[str, object]]:
    prefix = f"{folder}/" if folder else ""
    entries: dict[str, dict[str, object]] = {}
    for path, data in repository.files.items():
        if not path.startswith(prefix):
            continue
        steps = path.removeprefix(prefix).split("/")
        for depth in range(1, len(steps)):
            above = prefix + "/".join(steps[:depth])
            if recursive or depth == 1:
                entries[above] = {"type": "directory", "path": above, "oid": _blob(above.encode()), "size": 0}
        if recursive or len(steps) == 1:
            entries[path] = {"type": "file", "path": path, "oid": _blob(data), "size": len(data)}
    return list(entries.values())
