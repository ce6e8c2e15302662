"""The HTTP service: put together from a context, alone or inside the portal."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.files import FileStore, open_files
from infra.settings import Settings
from ingest.catalogue.database import Database
from ui.service.access import Identify, anyone
from ui.service.content_search_routes import ContentSearchService, FindInDocument
from ui.service.image_request import ImageLimits
from ui.service.image_routes import ImageService
from ui.service.page_directory import PageDirectory
from ui.service.page_reader import PageReader
from ui.service.presentation_routes import PresentationService


@dataclass(frozen=True, slots=True)
class Service:
    """The parts of the HTTP service."""

    images: ImageService
    presentation: PresentationService
    content_search: ContentSearchService

    def routes(self) -> list[Route]:
        """All routes, to be mounted at the root."""
        return [
            Route("/healthz", _health),
            *self.images.routes(),
            *self.presentation.routes(),
            *self.content_search.routes(),
        ]


def build_service(
    settings: Settings, files: FileStore, find: FindInDocument, *, identify: Identify = anyone
) -> Service:
    """The service over the catalogue and the page images; `identify` says who sent a request."""
    base_url = settings.base_url.rstrip("/")
    database = Database(settings.catalogue_url)
    return Service(
        images=ImageService(
            base_url=base_url,
            directory=PageDirectory(database),
            identify=identify,
            executor=ThreadPoolExecutor(max(2, os.cpu_count() or 1), thread_name_prefix="image"),
            reader=PageReader(files),
            limits=ImageLimits(),
        ),
        presentation=PresentationService(base_url, database, identify),
        content_search=ContentSearchService(base_url, database, identify, find),
    )


def create_app(settings: Settings, find: FindInDocument, *, identify: Identify = anyone) -> Starlette:
    """The service alone, for any ASGI server."""
    return Starlette(routes=build_service(settings, open_files(settings), find, identify=identify).routes())


async def _health(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})
