"""A loopback HTTP server whose answers the tests write, and settings that reach it quickly."""

from __future__ import annotations

import io
import json
import math
import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from infra.http import HttpClient
from infra.settings import Settings

Answer = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.paths.append(self.path)
            self.server.headers.append(dict(self.headers.items()))
        path = self.path.split("?")[0]
        below = next((a for prefix, a in self.server.prefixes.items() if path.startswith(prefix)), None)
        answer = self.server.routes.get(path) or below or self.server.fallback
        try:
            if answer is None:
                self.reply(404)
            else:
                answer(self)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def reply(self, status: int = 200, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if not any(name.lower() == "content_length" for name in headers):
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.lock = threading.Lock()
        self.routes: dict[str, Answer] = {}
        self.prefixes: dict[str, Answer] = {}
        self.fallback: Answer | None = None
        self.paths: list[str] = []
        self.headers: list[dict[str, str]] = []

    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # without the reverse look-up of the name

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up, or does not like the certificate, is no news."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", http_allow_private=True, http_delay=0.0, http_timeout=5.0, http_retries=3)


@pytest.fixture
def client(settings: Settings) -> Iterator[HttpClient]:
    with HttpClient(settings, first_wait=0.01, longest_wait=2.0) as ready:
        yield ready


def picture(width: int, height: int, seed: int = 0) -> NDArray[np.uint8]:
    """A smooth random colour picture, which JPEG keeps almost as it is and which tells every place from every other."""
    random = np.random.default_rng(seed).integers(0, 255, (5, 4, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(random).resize((width, height), Image.Resampling.BICUBIC))


def jpeg(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=95, subsampling=0)
    return file.getvalue()


class ImageService:
    """An image server that takes the specification at its word and notes every request it has to refuse."""

    def __init__(
        self,
        server: Server,
        name: str,
        pixels: NDArray[np.uint8],
        *,
        version: int = 2,
        level: int = 2,
        limits: dict[str, int] | None = None,
        secret_limit: int | None = None,
        sizes: list[tuple[int, int]] | None = None,
        tiles: list[dict[str, Any]] | None = None,
        whole: bool = True,
        refusal: int = 400,
    ) -> None:
        self.url = f"{server.url}/{name}"
        self.pixels, self.version, self.level = pixels, version, level
        self.limits, self.secret_limit = limits or {}, secret_limit
        self.sizes, self.tiles, self.whole, self.refusal = sizes or [], tiles or [], whole, refusal
        self.asked: list[str] = []
        self.refused: list[str] = []
        self.info: Any = self.make_info()
        server.prefixes[f"/{name}/"] = lambda handler: self.answer(handler, handler.path[len(name) + 2 :])

    @property
    def size(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]

    def make_info(self) -> dict[str, Any]:
        width, height = self.size
        info: dict[str, Any] = {"width": width, "height": height}
        if self.version == 1:
            profile = f"http://library.stanford.edu/iiif/image-api/1.1/compliance.html#level{self.level}"
            info |= {"@context": "http://library.stanford.edu/iiif/image-api/1.1/context.json", "profile": profile}
            if self.tiles:
                info |= {"tile_width": self.tiles[0]["width"], "scale_factors": self.tiles[0]["scaleFactors"]}
            return info | {"@id": self.url, "formats": ["jpg"], "qualities": ["native"]}
        info |= {"protocol": "http://iiif.io/api/image", "sizes": [{"width": w, "height": h} for w, h in self.sizes]}
        info |= {"tiles": self.tiles} if self.tiles else {}
        if self.version == 2:
            profile = [f"http://iiif.io/api/image/2/level{self.level}.json", {"formats": ["jpg"], **self.limits}]
            return info | {"@context": "http://iiif.io/api/image/2/context.json", "@id": self.url, "profile": profile}
        context = ["http://example.org/extension.json", "http://iiif.io/api/image/3/context.json"]
        said = {"id": self.url, "type": "ImageService3", "profile": f"level{self.level}"}
        return info | {"@context": context, **said, **self.limits}

    def answer(self, handler: Handler, request: str) -> None:
        if request == "info.json":
            handler.reply(200, json.dumps(self.info).encode())
            return
        self.asked.append(request)
        image = self.render(request)
        if image is None:
            self.refused.append(request)
            handler.reply(self.refusal)
        else:
            handler.reply(200, jpeg(np.asarray(image)), Content_Type="image/jpeg")

    def render(self, request: str) -> Image.Image | None:
        match = re.fullmatch(r"([^/]+)/([^/]+)/(\d+)/(native|default)\.jpg", request)
        if not match or match[4] != ("native" if self.version == 1 else "default"):
            return None
        box = (0, 0, *self.size) if match[1] == "full" else tuple(map(int, match[1].split(",")))
        x, y, w, h = box
        if w < 1 or h < 1 or x >= self.size[0] or y >= self.size[1]:
            return None
        w, h = min(w, self.size[0] - x), min(h, self.size[1] - y)
        size = self.scaled(match[2], w, h)
        if size is None or (self.level < 2 and match[3] != "0") or not self.allowed(box, size, match[2]):
            return None
        image = Image.fromarray(self.pixels[y : y + h, x : x + w]).resize(size, Image.Resampling.BOX)
        return image.rotate(-int(match[3]), expand=True)

    def scaled(self, text: str, w: int, h: int) -> tuple[int, int] | None:
        if text == ("max" if self.version == 3 else "full") or (text == "max" and self.version == 2 and self.limits):
            limit = self.secret_limit or (self.limits.get("maxWidth", 1 << 30) if text == "max" else 1 << 30)
            scale = min(1.0, limit / w, limit / h)
            return max(1, int(w * scale)), max(1, int(h * scale))
        if self.version < 3 and re.fullmatch(r"\d+,", text):
            return int(text[:-1]), math.ceil(h * int(text[:-1]) / w)
        if re.fullmatch(r"\d+,\d+", text) and (self.version == 3 or self.level == 2):
            width, height = text.split(",")
            return int(width), int(height)
        return None

    def allowed(self, box: tuple[int, ...], size: tuple[int, int], text: str) -> bool:
        width = self.limits.get("maxWidth", 1 << 30)
        height = self.limits.get("maxHeight", width)
        if size[0] > width or size[1] > height or size[0] * size[1] > self.limits.get("maxArea", 1 << 60):
            return False
        if self.level >= 1:
            return True
        if box == (0, 0, *self.size) and (self.whole if text in ("full", "max") else size in self.sizes):
            return True
        return any(
            (box[0], box[1]) == (x, y) and size == (math.ceil(box[2] / f), math.ceil(box[3] / f))
            for tile in self.tiles
            for f in tile["scaleFactors"]
            for y in range(0, self.size[1], tile["width"] * f)
            for x in range(0, self.size[0], tile["width"] * f)
            if box[2] == min(tile["width"] * f, self.size[0] - x) and box[3] == min(tile["width"] * f, self.size[1] - y)
        )


class Manifests:
    """Writes manifests of both versions."""

    picture = staticmethod(picture)
    jpeg = staticmethod(jpeg)

    def __init__(self, server: Server) -> None:
        self.server = server

    def service(self, name: str, pixels: NDArray[np.uint8], **options: Any) -> ImageService:
        return ImageService(self.server, name, pixels, **options)

    def image(self, service: ImageService, **more: Any) -> dict[str, Any]:
        """An image resource with its service, in the words of the service's own version."""
        width, height = service.size
        entry: dict[str, Any] = {"id": service.url, "type": f"ImageService{service.version}"}
        if service.version < 3:
            entry = {"@context": service.info["@context"], "@id": service.url, "profile": service.info["profile"]}
        body = {"id": f"{service.url}/full/max/0/default.jpg", "type": "Image", "width": width, "height": height}
        return body | {"service": [entry]} | more

    def canvas(self, *bodies: Any, size: tuple[int, int] | None = (400, 600), targets: Any = (), **more: Any) -> Any:
        """A canvas of Presentation 3."""
        number = more.pop("number", 1)
        identity = f"https://example.org/canvas/{number}"
        annotations = [
            {
                "id": f"{identity}/{index}",
                "type": "Annotation",
                "motivation": "painting",
                "body": body,
                "target": identity + (targets[index] if index < len(targets) else ""),
            }
            for index, body in enumerate(bodies)
        ]
        sides = {"width": size[0], "height": size[1]} if size else {}
        page = {"id": f"{identity}/page", "type": "AnnotationPage", "items": annotations}
        return {"id": identity, "type": "Canvas", **sides, "items": [page]} | more

    def canvas_2(self, *resources: Any, size: tuple[int, int] = (400, 600), targets: Any = (), **more: Any) -> Any:
        """A canvas of Presentation 2; resources as `image` gives them are turned into its words."""
        identity = f"https://example.org/canvas/{more.pop('number', 1)}"
        images = [
            {
                "@type": "oa:Annotation",
                "motivation": "sc:painting",
                "on": identity + (targets[index] if index < len(targets) else ""),
                "resource": self.in_2(resource),
            }
            for index, resource in enumerate(resources)
        ]
        return {"@id": identity, "@type": "sc:Canvas", "width": size[0], "height": size[1], "images": images} | more

    def in_2(self, resource: Any) -> Any:
        if not isinstance(resource, dict) or "id" not in resource:
            return resource
        rest = {key: value for key, value in resource.items() if key not in ("id", "type")}
        if isinstance(rest.get("service"), list):
            rest["service"] = rest["service"][0]
        return {"@id": resource["id"], "@type": "dctypes:Image", **rest}

    def manifest(self, *canvases: Any, **more: Any) -> dict[str, Any]:
        """Presentation 3."""
        return {
            "@context": "http://iiif.io/api/presentation/3/context.json",
            "id": f"{self.server.url}/manifest.json",
            "type": "Manifest",
            "label": {"en": ["A book"]},
            "items": list(canvases),
        } | more

    def manifest_2(self, *canvases: Any, **more: Any) -> dict[str, Any]:
        """Presentation 2."""
        return {
            "@context": "http://iiif.io/api/presentation/2/context.json",
            "@id": f"{self.server.url}/manifest.json",
            "@type": "sc:Manifest",
            "label": "A book",
            "sequences": [{"@type": "sc:Sequence", "canvases": list(canvases)}],
        } | more

    def serve(self, path: str, data: bytes) -> None:
        self.server.routes[path] = lambda handler: handler.reply(200, data)

    def publish(self, document: Any, path: str = "/manifest.json") -> str:
        """Serve a JSON document; returns its URL."""
        body = json.dumps(document).encode()
        self.server.routes[path] = lambda handler: handler.reply(200, body)
        return self.server.url + path


@pytest.fixture
def iiif(server: Server) -> Manifests:
    return Manifests(server)
