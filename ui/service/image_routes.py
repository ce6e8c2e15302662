"""HTTP face of the IIIF Image API: /iiif/image/{page}/..."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.errors import ManuspectError, NotFoundError
from ui.service.access import Identify, Viewer
from ui.service.answers import CORS, refusal
from ui.service.image_info import CONTEXT, PROFILE, image_info
from ui.service.image_request import (
    BadImageRequestError,
    ImageLimits,
    UnsupportedImageRequestError,
    parse_image_request,
)
from ui.service.page_directory import PageDirectory, PageEntry
from ui.service.page_reader import PageReader

_MEDIA_TYPES = {"jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_LD_JSON = f'application/ld+json;profile="{CONTEXT}"'


@dataclass(frozen=True, slots=True)
class ImageService:
    """What the image routes need."""

    base_url: str
    """Public address, without a slash at the end."""
    directory: PageDirectory
    identify: Identify
    executor: ThreadPoolExecutor
    """Decoding and scaling happen here: its threads bound the memory in use."""
    reader: PageReader
    limits: ImageLimits

    def routes(self) -> list[Route]:
        """The routes, to be mounted at the root."""
        return [
            Route("/iiif/image/{page}", self._base),
            Route("/iiif/image/{page}/info.json", self._info),
            Route("/iiif/image/{page}/{region}/{size}/{rotation}/{name}", self._image),
        ]

    def size(self, image: str) -> tuple[int, int]:
        """Width, height of a stored page image by its key. Raises NotFoundError, StorageError."""
        return self.reader.size(image)

    async def _base(self, request: Request) -> Response:
        return RedirectResponse(f"{self._service(request.path_params['page'])}/info.json", 303, headers=CORS)

    async def _info(self, request: Request) -> Response:
        return await self._in_thread(self._answer_info, request)

    async def _image(self, request: Request) -> Response:
        return await self._in_thread(self._answer_image, request)

    async def _in_thread(self, answer: Callable[[Request, Viewer], Response], request: Request) -> Response:
        viewer = self.identify(request)
        if not viewer.admitted:
            return refusal("Sign in to see images.", 401)
        try:
            return await asyncio.get_running_loop().run_in_executor(self.executor, answer, request, viewer)
        except BadImageRequestError as error:
            return refusal(str(error), 400)
        except UnsupportedImageRequestError as error:
            return refusal(str(error), 501)
        except NotFoundError as error:
            return refusal(error.reason, 404)
        except ManuspectError as error:
            return refusal(str(error), 500)

    def _answer_info(self, request: Request, viewer: Viewer) -> Response:
        entry = self._visible(request.path_params["page"], viewer)
        size = self.reader.size(entry.image)
        wants_ld = "application/ld+json" in request.headers.get("accept", "")
        return JSONResponse(
            image_info(self._service(entry.id), size, self.limits),
            media_type=_LD_JSON if wants_ld else "application/json",
            headers={**CORS, **_cache_headers(entry, viewer), "Vary": "Accept", "Link": f'<{PROFILE}>;rel="profile"'},
        )

    def _answer_image(self, request: Request, viewer: Viewer) -> Response:
        parts = request.path_params
        entry = self._visible(parts["page"], viewer)
        wanted = parse_image_request(
            parts["region"], parts["size"], parts["rotation"], parts["name"],
            page_size=self.reader.size(entry.image), limits=self.limits,
        )  # fmt: skip
        tag = _entity_tag(entry, wanted.canonical)
        headers = {
            **CORS,
            **_cache_headers(entry, viewer),
            "ETag": tag,
            "Link": f'<{self._service(entry.id)}/{wanted.canonical}>;rel="canonical", <{PROFILE}>;rel="profile"',
            "X-Content-Type-Options": "nosniff",
        }
        if tag in request.headers.get("if-none-match", ""):
            return Response(status_code=304, headers=headers)
        return Response(
            self.reader.render(entry.image, wanted), media_type=_MEDIA_TYPES[wanted.format], headers=headers
        )

    def _visible(self, page: str, viewer: Viewer) -> PageEntry:
        """The page, or NotFoundError as for one that does not exist: a refusal must not tell that it does."""
        entry = self.directory.find(page)
        if not viewer.may_see(entry.groups):
            raise NotFoundError("There is no image of this page.")
        return entry

    def _service(self, page: str) -> str:
        return f"{self.base_url}/iiif/image/{page}"


def _cache_headers(entry: PageEntry, viewer: Viewer) -> dict[str, str]:
    """Whoever may see it, may keep it for an hour; shared caches keep only what needs no sign-in."""
    return {"Cache-Control": f"{'private' if entry.groups or viewer.name else 'public'}, max-age=3600"}


def _entity_tag(entry: PageEntry, canonical: str) -> str:
    return f'"{hashlib.sha256(f"{entry.digest}/{entry.image}/{canonical}".encode()).hexdigest()[:24]}"'
