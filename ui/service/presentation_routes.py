"""HTTP face of the manifests: /iiif/presentation/{document}/manifest."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from infra.errors import NotFoundError
from ingest.catalogue.database import Database
from ui.service.access import Identify, Viewer
from ui.service.answers import CORS, refusal
from ui.service.presentation import CONTEXT, ManifestSource, manifest, read_document


@dataclass(frozen=True, slots=True)
class PresentationService:
    """What the manifest routes need."""

    base_url: str
    """Public address, without a slash at the end."""
    database: Database
    identify: Identify

    def routes(self) -> list[Route]:
        """The routes, to be mounted at the root."""
        return [
            Route("/iiif/presentation/{document}/manifest", self._manifest),
            Route("/iiif/presentation/{document}/canvas/{number:int}", self._canvas),
        ]

    async def _manifest(self, request: Request) -> Response:
        source = await self._visible(request)
        if source is None:
            return refusal("There is no such document.", 404)
        return JSONResponse(
            manifest(source, self.base_url),
            media_type=f'application/ld+json;profile="{CONTEXT}"',
            headers={**CORS, "Cache-Control": "no-cache"},
        )

    async def _canvas(self, request: Request) -> Response:
        """A canvas id is a name, not a file: whoever follows it gets the manifest that defines it."""
        return RedirectResponse(
            f"{self.base_url}/iiif/presentation/{request.path_params['document']}/manifest", 303, headers=CORS
        )

    async def _visible(self, request: Request) -> ManifestSource | None:
        viewer = self.identify(request)
        return await run_in_threadpool(self._read, request.path_params["document"], viewer)

    def _read(self, document: str, viewer: Viewer) -> ManifestSource | None:
        """The document, None where there is none or this viewer must not know of it."""
        try:
            source = read_document(self.database, document)
        except NotFoundError:
            return None
        return source if viewer.may_see(source.groups) else None
