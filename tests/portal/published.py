"""A IIIF manifest on a server of this machine, whose images come when the test lets them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class Published:
    """A manifest over image files of 860 x 460 pixels. At first no image is given out."""

    def __init__(self, files: list[Path], port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/manifest.json"
        self.absent = f"http://127.0.0.1:{port}/absent.json"
        self._files = files
        self._given = 0
        self._changed = threading.Condition()

    def give(self, number: int) -> None:
        """The first `number` images may be had now."""
        with self._changed:
            self._given = number
            self._changed.notify_all()

    def answer(self, path: str) -> bytes | None:
        """What lies there, None for nothing; an image that is held back is waited for."""
        if path == "/manifest.json":
            return json.dumps(self._manifest()).encode()
        if not path.startswith("/image/"):
            return None
        number = int(path.removeprefix("/image/"))
        with self._changed:
            self._changed.wait_for(lambda: self._given >= number, timeout=60)
        return self._files[number - 1].read_bytes()

    def _manifest(self) -> dict[str, object]:
        root = self.address.removesuffix("/manifest.json")
        return {
            "@context": "http://iiif.io/api/presentation/3/context.json", "id": self.address, "type": "Manifest",
            "label": {"en": ["Mill accounts"]}, "items": [_canvas(root, n) for n in range(1, len(self._files) + 1)],
        }  # fmt: skip


def _canvas(root: str, number: int) -> dict[str, object]:
    canvas = f"{root}/canvas/{number}"
    image = {"id": f"{root}/image/{number}", "type": "Image", "format": "image/png", "width": 860, "height": 460}
    painting = {"id": f"{canvas}/a", "type": "Annotation", "motivation": "painting", "target": canvas, "body": image}
    return {
        "id": canvas, "type": "Canvas", "width": 860, "height": 460,
        "items": [{"id": f"{canvas}/p", "type": "AnnotationPage", "items": [painting]}],
    }  # fmt: skip


@contextmanager
def publishing(files: list[Path]) -> Iterator[Published]:
    """The server in a thread."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            content = published.answer(self.path)
            self.send_response(404 if content is None else 200)
            self.send_header("Content-Length", str(len(content or b"")))
            self.end_headers()
            self.wfile.write(content or b"")

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        published = Published(files, server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield published
        published.give(len(files))
        server.shutdown()
        thread.join()
