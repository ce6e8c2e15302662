"""HTTP face of content search: /iiif/search/1/{document} and /iiif/search/2/{document}."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from infra.errors import ManuspectError, NotFoundError, UsageError
from ingest.catalogue.database import Database
from ui.service.access import Identify, Viewer
from ui.service.answers import CORS, refusal
from ui.service.content_search import PAGE_SIZE, FoundPage, FoundWord, search_1, search_2
from ui.service.presentation import read_document

_LONGEST = 1000
_KNOWN = {"q", "start"}
_FORMS = {
    1: (search_1, "http://iiif.io/api/search/1/context.json"),
    2: (search_2, "http://iiif.io/api/search/2/context.json"),
}


class FindInDocument(Protocol):
    """Finds words in one document. Raises UsageError for a query that cannot be understood, ManuspectError."""

    def __call__(
        self, collection: str, document: str, text: str, start: int, limit: int
    ) -> tuple[int, Sequence[FoundWord]]:
        """Number of all hits, and those from `start` on, best first; ids as in the catalogue."""
        ...


@dataclass(frozen=True, slots=True)
class ContentSearchService:
    """What the search routes need."""

    base_url: str
    """Public address, without a slash at the end."""
    database: Database
    identify: Identify
    find: FindInDocument

    def routes(self) -> list[Route]:
        """The routes, to be mounted at the root."""
        return [Route("/iiif/search/{version:int}/{document}", self._search)]

    async def _search(self, request: Request) -> Response:
        version = request.path_params["version"]
        if version not in _FORMS:
            return refusal("Only versions 1 and 2 of the Content Search API are spoken.", 404)
        text, start = request.query_params.get("q", "").strip(), request.query_params.get("start", "0")
        if not text or len(text) > _LONGEST:
            return refusal(f"q must hold what to find, at most {_LONGEST} characters.", 400)
        if not (start.isascii() and start.isdigit() and len(start) < 7):
            return refusal("start must be a number.", 400)
        viewer = self.identify(request)
        if not viewer.admitted:
            return refusal("Sign in to search.", 401)
        ignored = tuple(sorted(set(request.query_params) - _KNOWN))
        return await run_in_threadpool(
            self._answer, viewer, request.path_params["document"], version, text, int(start), ignored
        )

    def _answer(
        self, viewer: Viewer, document: str, version: int, text: str, start: int, ignored: tuple[str, ...]
    ) -> Response:
        try:
            source = read_document(self.database, document)
            if not viewer.may_see(source.groups):
                raise NotFoundError("There is no such document.")
            total, words = self.find(source.collection, document, text, start, PAGE_SIZE)
        except UsageError as error:
            return refusal(str(error), 400)
        except NotFoundError as error:
            return refusal(error.reason, 404)
        except ManuspectError as error:
            return refusal(str(error), 503)
        build, context = _FORMS[version]
        found = FoundPage(f"{self.base_url}/iiif/search/{version}/{document}", text, start, total, words, ignored)
        return JSONResponse(
            build(found),
            media_type=f'application/ld+json;profile="{context}"' if version == 2 else "application/json",
            headers={**CORS, "Cache-Control": "no-cache"},
        )
