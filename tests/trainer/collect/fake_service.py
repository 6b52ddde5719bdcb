"""A web service on this computer that answers what a test tells it to, and what a collector listed of its answers.

Nothing here reaches the network.
"""

from __future__ import annotations

import csv
import io
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import numpy as np
from PIL import Image


@dataclass(frozen=True)
class Asked:
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    target: str


@dataclass(frozen=True)
class Reply:
    body: bytes = b""
    status: int = 200
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    announced_length: int | None = None


def json_reply(document: object, status: int = 200, **headers: str) -> Reply:
    return Reply(
        json.dumps(document).encode(), status, headers={k.replace("_", "-"): v for k, v in headers.items()}
    )


def rows(folder: Path) -> list[dict[str, str]]:
    """The data list that a collector wrote into a folder."""
    with (folder / "photos.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def jpeg(seed: int = 0, size: tuple[int, int] = (600, 600)) -> bytes:
    small = np.random.default_rng(seed).integers(0, 256, (8, 8, 3)).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(small).resize(size).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def flat_jpeg(size: tuple[int, int] = (600, 600)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (228, 227, 223)).save(buffer, "JPEG")
    return buffer.getvalue()


class FakeService:
    """A server whose ``answer`` a test replaces; remembers everything it was asked."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answer: Callable[[Asked], Reply] = lambda asked: Reply(status=404)
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                asked = Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers), self.path)
                service.asked.append(asked)
                reply = service.answer(asked)
                self.send_response(reply.status)
                self.send_header("Content-Type", reply.content_type)
                length = len(reply.body) if reply.announced_length is None else reply.announced_length
                self.send_header("Content-Length", str(length))
                for name, value in reply.headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:
                """Keep the test output clean."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class FakeTime:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0
        self.sleeps: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.now += seconds
